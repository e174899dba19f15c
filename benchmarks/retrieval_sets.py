"""Real sets of pairs and of passages, written as files that `tunebook init` reads."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.sets import packed_text

Pairs = list[tuple[str, str, float]]
PARTS = ("train", "validation", "test")
_CHOOSE = 500  # pairs that choose the checkpoint: more would cost more than the training itself


def write_set(name: str, folder: Path, rows: int = 0) -> dict[str, Path] | Path:
    """Write a set into a folder.

    Args:
        rows: training rows, the first of an order that was drawn with the seed 0; 0 for all.

    Returns:
        The file of each part, or a folder with a corpus, queries and qrels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return GRADED[name](folder, rows) if name in GRADED else JUDGED[name](folder, rows)


def _pairs(folder: Path, parts: Sequence[Pairs], rows: int) -> dict[str, Path]:
    written = {}
    for part, pairs in zip(PARTS, parts, strict=True):
        most = {"train": rows, "validation": _CHOOSE}.get(part) or len(pairs)
        chosen = _drawn(pairs, most) if most < len(pairs) else pairs
        written[part] = folder / f"{part}.csv"
        with written[part].open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("text", "text2", "score"), *chosen])
    return written


def _drawn(items: Sequence[Any], count: int) -> list[Any]:
    """So many of them, drawn with the seed 0."""
    return random.Random(0).sample(list(items), min(count, len(items)))


def _tabbed(path: str, columns: tuple[int, int, int]) -> Pairs:
    """Pairs of a file whose quotes are literal."""
    lines = (line.split("\t") for line in packed_text(path).splitlines() if line)
    first, second, grade = columns
    return [(cells[first], cells[second], float(cells[grade])) for cells in lines if len(cells) > max(columns)]


def _stsb(folder: Path, rows: int) -> dict[str, Path]:
    files = ("sts-train.csv.gz", "sts-dev.csv", "sts-test.csv")
    return _pairs(folder, [_tabbed(f"en_stsb/{file}", (5, 6, 4)) for file in files], rows)


def _stsb_zh(folder: Path, rows: int) -> dict[str, Path]:
    files = ("sts-b-train.txt.gz", "sts-b-dev.txt", "sts-b-test.txt")
    return _pairs(folder, [_tabbed(f"zh_stsb/{file}", (0, 1, 2)) for file in files], rows)


def _afqmc(folder: Path, rows: int) -> dict[str, Path]:
    """Its test labels are not public: of the development set some pairs choose the checkpoint, 2,000 others are
    scored."""
    rest = _drawn(_tabbed("zh_afqmc/dev.txt", (0, 1, 2)), 1 << 30)
    return _pairs(folder, [_tabbed("zh_afqmc/train.txt.gz", (0, 1, 2)), rest[2000:], rest[:2000]], rows)


def _write_judged(
    folder: Path, corpus: Sequence[str], queries: Sequence[str], judged: dict[str, dict[int, dict[int, int]]]
) -> Path:
    """A folder as BEIR lays it out; ids count from 1.

    Args:
        judged: part -> query -> passage -> gain.
    """
    for name, texts in (("corpus", corpus), ("queries", queries)):
        lines = [json.dumps({"_id": str(at), "text": text}, ensure_ascii=False) for at, text in enumerate(texts, 1)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "qrels").mkdir(exist_ok=True)
    for part, found in judged.items():
        lines = [f"{query}\t{passage}\t{gain}" for query in sorted(found) for passage, gain in found[query].items()]
        name = "dev" if part == "validation" else part
        (folder / "qrels" / f"{name}.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *lines]) + "\n")
    return folder


def _records(text: str) -> list[str]:
    """The texts of a file of the SMART system."""
    parts = re.split(r"(?m)^\.I \d+\n", text.replace("\r\n", "\n"))[1:]
    return [" ".join(part.split(".W\n", 1)[1].split()) for part in parts]


def _cranfield(folder: Path, rows: int) -> Path:
    """225 queries of aeronautics: 110 to learn from, 25 to choose by, 90 to be scored; numbered by their order."""
    corpus, queries = (_records(packed_text(f"en_cranfield/{name}")) for name in ("cran.all.1400.gz", "cran.qry"))
    gains: dict[int, dict[int, int]] = {}
    for line in packed_text("en_cranfield/QRelsCorrectedforTRECeval").splitlines():
        query, _, passage, gain = map(int, line.split())
        gains.setdefault(query, {})[passage] = gain
    order = _drawn(sorted(gains), 1 << 30)
    parts = (order[: min(rows or 110, 110)], order[110:135], order[135:])
    judged = {part: {query: gains[query] for query in chosen} for part, chosen in zip(PARTS, parts, strict=True)}
    return _write_judged(folder, corpus, queries, judged)


def _cmrc(folder: Path, rows: int, characters: int | None = None) -> Path:
    """Questions that are to find their paragraph among all 848. No paragraph of a test question is one that training
    questions ask about: 150 paragraphs are for the test, 50 to choose by.

    Args:
        characters: how much of a paragraph everything reads, BM25 included; None for the whole.
    """
    document = json.loads(packed_text("zh_cmrc2018_dev/cmrc2018_dev.json.gz"))
    paragraphs = [paragraph for entry in document["data"] for paragraph in entry["paragraphs"]]
    order = _drawn(range(len(paragraphs)), 1 << 30)
    place = {number: at for at, number in enumerate(order)}
    queries: list[str] = []
    judged: dict[str, dict[int, dict[int, int]]] = {part: {} for part in PARTS}
    for number, paragraph in enumerate(paragraphs):
        part = "test" if place[number] < 150 else "validation" if place[number] < 200 else "train"
        for question in paragraph["qas"]:
            queries.append(question["question"])
            judged[part][len(queries)] = {number + 1: 1}
    if rows:
        judged["train"] = {query: judged["train"][query] for query in _drawn(sorted(judged["train"]), rows)}
    return _write_judged(folder, [paragraph["context"][:characters] for paragraph in paragraphs], queries, judged)


def _faq(folder: Path, rows: int) -> Path:
    """Customers' questions that are to find the entry which answers them: the names of the 77 intents, as words. 20
    questions of each intent to learn from, 4 to choose by, 1,000 others to be scored."""
    files = {"train": "train.csv.gz", "test": "test.csv"}
    parts = {
        part: list(csv.DictReader(packed_text(f"en_banking77/{name}").splitlines(keepends=True)))
        for part, name in files.items()
    }
    entries = sorted({row["category"] for row in parts["train"]})
    drawn: dict[str, list[Any]] = {part: [] for part in PARTS}
    for entry in entries:
        some = _drawn([row for row in parts["train"] if row["category"] == entry], 24)
        drawn["train"] += some[: rows // len(entries) if rows else 20]
        drawn["validation"] += some[20:]
    drawn["test"] = _drawn(parts["test"], 1000)
    queries: list[str] = []
    judged: dict[str, dict[int, dict[int, int]]] = {part: {} for part in PARTS}
    for part, found in drawn.items():
        for row in found:
            queries.append(row["text"])
            judged[part][len(queries)] = {entries.index(row["category"]) + 1: 1}
    return _write_judged(folder, [entry.replace("_", " ") for entry in entries], queries, judged)


GRADED: dict[str, Callable[[Path, int], dict[str, Path]]] = {
    "en_stsb": _stsb,
    "zh_stsb": _stsb_zh,
    "zh_afqmc": _afqmc,
}
JUDGED: dict[str, Callable[[Path, int], Path]] = {
    "en_cranfield": _cranfield,
    "zh_cmrc2018_dev": _cmrc,
    "zh_cmrc2018_openings": partial(_cmrc, characters=120),
    "en_banking77": _faq,
}
MODELS = {name: "builtin:minilm" if name.startswith("en_") else "builtin:multilingual" for name in (*GRADED, *JUDGED)}

__all__ = ["GRADED", "JUDGED", "MODELS", "PARTS", "write_set"]

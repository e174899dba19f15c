"""Real sets of labelled texts that several benchmarks train on, read as their makers wrote them."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.record import DATA

Rows = list[tuple[str, str]]
TEXT_AND_LABEL = ("text", "label")


@cache
def read_set(name: str) -> Rows:
    """All training rows of a set as (text, label), each text once, in an order drawn with the seed 0."""
    rows = [(" ".join(text.split()), label) for text, label in SETS[name]()]
    once = list({text: (text, label) for text, label in rows if text}.values())
    random.Random(0).shuffle(once)
    return once


def model_of(name: str) -> str:
    """The base model that reads a set: the built-in one for English, the small Chinese one beside the data."""
    return "builtin:minilm" if name.startswith("en_") else str(DATA / "model_zh_mini")


def characters_of(name: str) -> int:
    """How much of a text of a set is read: as much is said in half as many characters of Chinese."""
    return 60 if name.startswith("zh_") else 120


def write_rows(rows: Sequence[tuple[str, ...]], path: Path, columns: Sequence[str] = TEXT_AND_LABEL) -> Path:
    """Rows as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([columns, *rows])
    return path


def book_of(
    folder: Path,
    parts: Mapping[str, Sequence[tuple[str, ...]]],
    model: str,
    columns: Sequence[str] = TEXT_AND_LABEL,
    allow: frozenset[Any] = frozenset(),
    **options: Any,
) -> Any:
    """A book in `folder/book` whose splits are these rows.

    Args:
        columns: of the rows, text and label first.
        allow: what would otherwise be refused.
        options: of the data, such as `problem`.
    """
    from tunebook.data.options import DataOptions
    from tunebook.verbs.init import init

    folder.mkdir(parents=True, exist_ok=True)
    files = {part: write_rows(rows, folder / f"{part}.csv", columns) for part, rows in parts.items()}
    return init(folder / "book", files, model=model, options=DataOptions(**options), allow=allow)


def frozen_features(model: str, texts: Sequence[str], max_length: int) -> Any:
    """Features of texts by a base model as it was pretrained, shape (N, width): the mean of its last layer."""
    from tunebook.engine.infer import features
    from tunebook.models.source import find_model, load_tokenizer
    from tunebook.tasks.text_classification import TextClassification

    folder = find_model(model)
    return features(folder, texts, TextClassification(), load_tokenizer(folder), max_length)


def packed_text(path: str, encoding: str = "utf-8-sig") -> str:
    data = (DATA / path).read_bytes()
    return (gzip.decompress(data) if path.endswith(".gz") else data).decode(encoding)


def _tabbed(path: str) -> Rows:
    lines = (line.rpartition("\t") for line in packed_text(path).split("\n") if line)
    return [(text, label) for text, _, label in lines]


def _trec() -> Rows:
    lines = (line.partition(" ") for line in packed_text("en_trec6/TREC.train.all", "latin-1").split("\n") if line)
    return [(text, label) for label, _, text in lines]


def _banking() -> Rows:
    table = csv.DictReader(io.StringIO(packed_text("en_banking77/train.csv.gz")))
    return [(row["text"], row["category"]) for row in table]


def _hotel() -> Rows:
    table = csv.DictReader(io.StringIO(packed_text("zh_hotel_htl/ChnSentiCorp_htl_all.csv.gz")))
    return [(row["review"], row["label"]) for row in table]


def _reviews() -> Rows:
    lines = (
        line.partition("\t") for line in packed_text("en_fdu_reviews/software.task.train.gz", "latin-1").split("\n")
    )
    return [(text, label) for label, _, text in lines]


def _scale() -> Rows:
    lines = (line.partition(" ") for line in packed_text("en_sst5/stsa.fine.train.gz").split("\n") if line)
    return [(text, label) for label, _, text in lines]


def _emotions() -> Rows:
    lines = (line.split("\t") for line in packed_text("en_goemotions/train.tsv.gz").split("\n") if line)
    return [(text, labels) for text, labels, *_ in lines]


SETS: dict[str, Callable[[], Rows]] = {
    "en_trec6": _trec,
    "en_sst2": lambda: _tabbed("en_sst2/train.tsv.gz"),
    "en_banking77": _banking,
    "en_fdu_reviews": _reviews,
    "en_sst5": _scale,
    "en_goemotions": _emotions,
    "zh_thucnews_titles": lambda: _tabbed("zh_thucnews_titles/dev.txt.gz"),
    "zh_hotel_htl": _hotel,
}

__all__ = [
    "SETS",
    "Rows",
    "book_of",
    "characters_of",
    "frozen_features",
    "model_of",
    "packed_text",
    "read_set",
    "write_rows",
]

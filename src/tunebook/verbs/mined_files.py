"""What a mining writes: a file of rows, or a folder of a corpus, queries and judgements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.judged import Judged

SPLIT, WEIGHT = "split", "weight"
SCORES = ("pos_scores", "neg_scores")


def write_rows(into: Path, rows: Rows, judged: Judged, found: Judged, splits: list[str] | None) -> None:
    """Write a line of JSON for each query."""
    assert rows.passages is not None
    relevant, others = judged.at(judged.value > 0), judged.at(judged.value <= 0)
    graded = not np.isin(relevant.value, (1,)).all()
    texts = [_texts(one, rows.passages) for one in (relevant, others, found)]
    gains = _split(relevant.value.tolist(), relevant)
    said = None if rows.taught is None else [_said(one, rows.taught) for one in (relevant, others, found)]
    with into.open("w", encoding="utf-8") as stream:
        for row, (pos, neg, mined) in enumerate(zip(*texts, strict=True)):
            line: dict[str, Any] = {"id": rows.ids[row], "query": rows.texts[row], "pos": pos, "neg": [*neg, *mined]}
            line |= {"relevance": gains[row]} if graded else {}
            if said is not None:
                line |= dict(zip(SCORES, (said[0][row], [*said[1][row], *said[2][row]]), strict=True))
            line |= {name: column[row] for name, column in rows.other.items()}
            line |= {SPLIT: splits[row]} if splits else {}
            line |= {} if rows.weights is None else {WEIGHT: float(rows.weights[row])}
            stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def write_folder(into: Path, rows: Rows, judged: Judged, found: Judged, splits: list[str] | None) -> None:
    """Write a corpus, queries and qrels into an empty folder."""
    assert rows.passages is not None and rows.passage_ids is not None
    ids = rows.passage_ids
    corpus = ({"_id": name, "title": "", "text": text} for name, text in zip(ids, rows.passages, strict=True))
    more = {name: column for name, column in rows.other.items() if name not in ("_id", "text", splits and SPLIT)}
    queries = (
        {"_id": name, "text": rows.texts[row], **{key: column[row] for key, column in more.items()}}
        for row, name in enumerate(rows.ids)
    )
    for name, lines in (("corpus", corpus), ("queries", queries)):
        with (into / f"{name}.jsonl").open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(line, ensure_ascii=False, default=str) + "\n" for line in lines)
    row = np.concatenate([judged.row, found.row])
    passage = np.concatenate([judged.passage, found.passage])
    gain = np.concatenate([judged.value, np.zeros(len(found.row))])
    order = np.argsort(row, kind="stable").tolist()
    (into / "qrels").mkdir()
    for split in dict.fromkeys(splits or ["train"]):
        with (into / "qrels" / f"{split}.tsv").open("w", encoding="utf-8") as stream:
            stream.write("query-id\tcorpus-id\tscore\n")
            for at in order:
                if splits is None or splits[row[at]] == split:
                    stream.write(f"{rows.ids[row[at]]}\t{ids[passage[at]]}\t{gain[at]:g}\n")


def _texts(judged: Judged, passages: Any) -> list[list[str]]:
    """The texts of each query's passages."""
    return _split([passages[number] for number in judged.passage.tolist()], judged)


def _said(judged: Judged, taught: NDArray[Any]) -> list[list[float | None]]:
    """What a teacher says of each query's passages; None of those that it did not score."""
    scores = judged.values_in(Judged.of(taught)).tolist()
    return _split([None if score != score else score for score in scores], judged)


def _split(items: list[Any], judged: Judged) -> list[list[Any]]:
    """Items of passages (M,), query by query."""
    ends = np.cumsum(judged.counts).tolist()
    return [items[end - count : end] for end, count in zip(ends, judged.counts.tolist(), strict=True)]


__all__ = ["SCORES", "SPLIT", "WEIGHT", "write_folder", "write_rows"]

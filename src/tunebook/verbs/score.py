"""Score: what a reranker says of the passages of a file's queries, written into it for an embedding model to learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.errors import DataError
from tunebook.core.files import part_of, text_lines
from tunebook.core.judged import Judged
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.verbs.steps.runs import Run

SIDES = ("pos", "neg")
_END = 16.0  # logits beyond which a score in float32 is 0 or 1


def add_scores(path: Path, run: Run, progress: Progress | None = None) -> int:
    """Add `pos_scores` and `neg_scores` to each line of a file of `query`, `pos` and `neg`, such as `mine` writes: the
    logits of a reranker, from -16 to 16. How many passages were scored.

    Args:
        run: a finished run of the task `reranking`, of any book.

    Raises:
        DataError: `rerank.task`, its model orders no candidates; `score.file`, a line is no such row. RunError: the run
            has not finished.
    """
    from tunebook.engine.load import load_model

    plan = run.plan
    if "head" not in task_of(plan.task).gives or "candidates" not in task_of(plan.task).gives:
        raise DataError("rerank.task", key=run.id, value=plan.task)
    lines = _lines(path)
    rows = _rows(lines, run)
    asked = np.flatnonzero(Judged.of(rows.targets).counts).tolist() if rows.targets is not None else []
    scores = np.zeros(len(rows.passages or ()))
    if asked:
        found = Judged.of(load_model(run.model, plan).logits(rows.at(asked), progress))
        scores[found.passage] = _logits(found.value)
    at = 0
    with part_of(path) as part, part.open("w", encoding="utf-8") as stream:
        for line in lines:
            for side in SIDES:
                line[f"{side}_scores"] = [round(one, 4) for one in scores[at : at + len(line[side])].tolist()]
                at += len(line[side])
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    return at


def _logits(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Of scores from 0 to 1."""
    known = np.asarray(scores, dtype=np.float64)
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = np.clip(np.log(known) - np.log1p(-known), -_END, _END)
    return found


def _lines(path: Path) -> list[dict[str, Any]]:
    lines = []
    for number, text in enumerate(text_lines(path.read_text(encoding="utf-8")), 1):
        try:
            line = json.loads(text)
            sound = isinstance(line["query"], str) and all(isinstance(one, str) for side in SIDES for one in line[side])
        except (ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            raise DataError("score.file", key=str(path), row=number)
        lines.append(line)
    return lines


def _rows(lines: list[dict[str, Any]], run: Run) -> Rows:
    """Queries and passages cleaned as those of the run's training were; each passage by its place in the file."""
    from tunebook.data.clean import clean_text
    from tunebook.data.frozen import prepared_data

    rules = tuple(prepared_data(run.plan).stats["cleaning"]["rules"])
    passages = [clean_text(text, rules) for line in lines for side in SIDES for text in line[side]]
    sizes = [sum(len(line[side]) for side in SIDES) for line in lines]
    row = np.repeat(np.arange(len(lines)), sizes)
    judged = Judged(row, np.arange(len(passages)), np.zeros(len(passages)), len(lines))
    names = [str(number) for number in range(len(lines))]
    queries = [clean_text(line["query"], rules) for line in lines]
    return Rows(queries, None, judged.matrix(), names, passages=passages, passage_ids=list(map(str, judged.passage)))


__all__ = ["SIDES", "add_scores"]

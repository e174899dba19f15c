"""Predict: answers of a run's model for texts, or for the rows of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import DataError
from tunebook.core.progress import Progress
from tunebook.core.task import Rows
from tunebook.data.options import DataOptions
from tunebook.verbs.runs import Run

if TYPE_CHECKING:
    pass

_ANSWER = ("label", "score", "scores")


def predict(
    run: Run,
    texts: Sequence[str],
    pairs: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Answers for texts, cleaned as the training texts were: `label`, `score`, `scores` of each.

    Args:
        texts: one text a row; pairs: their second texts, for a model of pairs.

    Raises:
        RunError: the run has not finished. DataError: a model of pairs without pairs, or the other way round.
    """
    from tunebook.data.clean import clean_text
    from tunebook.data.frozen import rows_of

    folder = run.model
    ref = rows_of(run.plan)
    if (pairs is None) != (ref.roles.text_pair is None):
        code = "predict.pair_missing" if pairs is None else "predict.pair_unwanted"
        raise DataError(code, key="text_pair", value=ref.roles.text_pair)
    if pairs is not None and len(pairs) != len(texts):
        raise DataError("predict.pair_count", key="text_pair", value=len(pairs), allowed=str(len(texts)))
    from tunebook.engine.load import load_to_answer  # not before all that can be refused without torch

    model = load_to_answer(folder, run.plan)
    rules = ref.stats["cleaning"]["rules"]
    rows = Rows(
        texts=[clean_text(text, rules) for text in texts],
        pairs=[clean_text(text, rules) for text in pairs] if pairs is not None else None,
        targets=None,
        ids=[str(number) for number in range(len(texts))],
    )
    return model.answers(rows, progress) if len(rows) else []


def predict_file(
    run: Run, path: Path, options: DataOptions | None = None, *, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """The rows of a file, all their columns kept, with `label`, `score` and `scores` added.

    A column that already has such a name keeps it; the answer then goes to `predicted_label` and so on.

    Raises:
        DataError: the file or one of its rows cannot be read, or it lacks the column of texts that the model was
            trained on.
    """
    from tunebook.data.frozen import rows_of
    from tunebook.data.outside import refuse_lost_rows, text_of
    from tunebook.data.read import read

    ref = rows_of(run.plan)
    source = read(path, options or DataOptions())
    refuse_lost_rows(source)
    text = text_of(source.table, (options.text if options else None) or ref.roles.text, path)
    pair = None
    if ref.roles.text_pair is not None:
        pair = text_of(source.table, (options.text_pair if options else None) or ref.roles.text_pair, path)
    answers = predict(run, text, pair, progress=progress)
    columns = source.table.to_pydict()
    names = {name: _free(name, columns) for name in _ANSWER}
    return [
        {**{name: values[number] for name, values in columns.items()}, **{names[key]: answer[key] for key in _ANSWER}}
        for number, answer in enumerate(answers)
    ]


def _free(name: str, columns: dict[str, list[Any]]) -> str:
    while name in columns:
        name = f"predicted_{name}"
    return name


__all__ = ["predict", "predict_file"]

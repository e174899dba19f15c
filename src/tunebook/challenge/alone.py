"""Rows that are no changed ones: of templates, and of the user's own files.

What is expected of them is what the run reaches on its own rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.challenge.measure import Judge, examples_of, rights, scored
from tunebook.challenge.record import Capability
from tunebook.core.answers import Answers, Rows
from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.external import external_table, rows_in
from tunebook.stats.proportion import at_most_p, right_interval

COLUMN = "capability"
Base = tuple[float, float]


def base_of(judge: Judge, rows: Rows, answers: Answers) -> Base:
    """What a run reaches on its own rows: its score, and the lower end of the share of rows that are wholly right."""
    right = rights(judge, rows, answers)
    return scored(judge, rows, answers).value, right_interval(right, judge.units(rows)).low


def alone(judge: Judge, made: Capability, rows: Rows, base: Base) -> Capability:
    """A capability with its score, and whether fewer rows are right than of the run's own ones (binomial test against
    the lower end of that share, so that what is not known of it does not count against the model)."""
    answers = judge.ask(rows, f"{made.source}-{made.key}")
    right, units = rights(judge, rows, answers), judge.units(rows)
    return made.model_copy(
        update={
            "rows": len(rows),
            "cut": judge.cut(rows),
            "score": scored(judge, rows, answers),
            "before": base[0],
            "met": right_interval(right, units),
            "p_value": at_most_p(right, units, base[1]),
            "examples": examples_of(judge, (rows, answers), (rows, answers), ~right),
        }
    )


def rows_of_file(data: DataRef, path: Path) -> dict[str, Rows]:
    """Capability -> labelled rows of a file, by its column `capability`; all of them under the file's name without one.

    Raises:
        DataError: `challenge.file`, there is no such file; and as `external_table`.
    """
    if not path.is_file():
        raise DataError("challenge.file", key="--rows", value=str(path))
    found = external_table(data, path)
    rows = rows_in(data, found)
    if COLUMN not in found.source.column_names:
        return {path.stem: rows}
    names: NDArray[Any] = np.array([str(name or "").strip() or path.stem for name in found.source[COLUMN].to_pylist()])
    return {
        name: rows.at(np.flatnonzero(names == name).tolist(), columns=True) for name in dict.fromkeys(names.tolist())
    }


__all__ = ["COLUMN", "Base", "alone", "base_of", "rows_of_file"]

"""The words of SQL that both databases of the request log understand; only the mark of a value differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunebook.requests.columns import COLUMNS, TOLD

Asked = tuple[str, list[Any]]  # a statement and its values
ANSWERED, FEEDBACK, BATCHES = "answered", "feedback", "batches"
# By time, by the version and the stage that a rollout looks at, and by the id that feedback names.
INDICES = {
    "answered_at": f"{ANSWERED} (at)",
    "answered_version": f"{ANSWERED} (version, role, stage, at)",
    "answered_request": f"{ANSWERED} (request, number)",
    "feedback_name": f"{FEEDBACK} (name, at)",
}


def insert(table: str, columns: Sequence[str], mark: str) -> str:
    """One row into a table."""
    return f"INSERT INTO {table} ({names(columns)}) VALUES ({', '.join([mark] * len(columns))})"


def select(columns: Sequence[str], since: float, until: float | None, equal: Mapping[str, Any], mark: str) -> Asked:
    """Records of a window of time, oldest first."""
    where, values = _window(since, until, mark)
    for name, value in equal.items():
        where.append(f"{names([name])} = {mark}")
        values.append(value)
    return f"SELECT {names(columns)} FROM {ANSWERED} WHERE {' AND '.join(where)} ORDER BY at, seq", values


def last_told(name: str, since: float, until: float | None, mark: str) -> Asked:
    """The last value of each text under a name, oldest first: request, number, at, words, figure."""
    where, values = _window(since, until, mark)
    inner = (
        "SELECT request, number, at, words, figure, seq, row_number() OVER (PARTITION BY request, number "
        f"ORDER BY at DESC, seq DESC) AS place FROM {FEEDBACK} WHERE name = {mark} AND {' AND '.join(where)}"
    )
    outer = f"SELECT request, number, at, words, figure FROM ({inner}) AS told WHERE place = 1 ORDER BY at, seq"
    return outer, [name, *values]


def known(mark: str) -> str:
    """Whether a text was ever answered."""
    return f"SELECT 1 FROM {ANSWERED} WHERE request = {mark} AND number = {mark} LIMIT 1"


def names(columns: Sequence[str]) -> str:
    """Names of columns between quotation marks: some are words of SQL."""
    return ", ".join(f'"{name}"' for name in columns)


def _window(since: float, until: float | None, mark: str) -> tuple[list[str], list[Any]]:
    if until is None:
        return [f"at >= {mark}"], [since]
    return [f"at >= {mark}", f"at < {mark}"], [since, until]


INSERT_ANSWERED = list(COLUMNS)
INSERT_TOLD = list(TOLD)

__all__ = [
    "ANSWERED", "BATCHES", "FEEDBACK", "INDICES", "INSERT_ANSWERED", "INSERT_TOLD", "Asked", "insert", "known",
    "last_told", "names", "select",
]  # fmt: skip

"""What single annotators said of the rows, in the words of the book's labels, and how near that is to a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.data.cells import as_text
from tunebook.data.label_form import form_of, label_number, label_parts
from tunebook.data.label_looks import EMPTY
from tunebook.data.label_names import known_name

# Columns of prepared rows that are the book's own; a column of the file that is called so becomes `source_NAME`.
OWN = ("_id", "_row", "_file", "_split", "text", "pair", "label", "weight")
# A class; the classes of a row that may have several, in order; or a number.
Vote = str | tuple[str, ...] | float


def annotator_columns(roles: Roles, names: Iterable[str]) -> list[str]:
    """The annotators' columns among those of prepared rows, where one called as a book's own has another name."""
    known = set(names)
    found = [f"source_{name}" if name in OWN else name for name in roles.annotators]
    return [name for name in found if name in known]


def votes(columns: Mapping[str, Sequence[Any]], data: DataRef) -> list[list[Vote]]:
    """The votes on each row: one of every annotator who said something of it.

    Args:
        columns: all further columns of the rows; those of annotators are found by the book's roles.
    """
    said = [columns[name] for name in annotator_columns(data.roles, columns)]
    if not said:
        return [[] for _ in next(iter(columns.values()), ())]
    read = cache(lambda cell: _vote(cell, data))  # few cells differ, and rows are many
    cells = ([read(_plain(cell)) for cell in row] for row in zip(*said, strict=True))
    return [[vote for vote in row if vote is not None] for row in cells]


def _plain(cell: Any) -> str:
    """A cell as text; a list in the spelling of JSON."""
    return (as_text(cell) or "").strip()


def _vote(cell: str, data: DataRef) -> Vote | None:
    """What a cell says; None where that is nothing."""
    if cell.lower() in EMPTY:
        return None
    form = form_of(data)
    if form.problem == "regression":
        return label_number(cell, form)
    names = [known_name(part, data) for part in label_parts(cell, form)]
    return tuple(sorted(set(names))) if form.problem == "multi_label" else names[0]


def nearness(vote: Vote, target: Any, labels: Labels) -> float:
    """How near a vote is to a row's label, from 0 to 1.

    Of a class: whether it is the same. Of several: how many classes both name, over those that either names (Jaccard).
    Of numbers and ordered classes: 1 less the distance over the largest one that labels can have, as in Cohen's kappa
    with linear weights. A class that the book lacks is near to none.

    Args:
        target: class number, value, or vector of 0 and 1, as rows have it in `labels`.
    """
    if isinstance(vote, tuple):
        truth = {labels.names[place] for place in np.flatnonzero(target)}
        either = truth | set(vote)
        return len(truth & set(vote)) / len(either) if either else 1.0
    if labels.problem == "single_label":
        return float(vote == labels.names[int(target)])
    place = vote if isinstance(vote, float) else float(labels.names.index(vote)) if vote in labels.names else None
    assert labels.low is not None and labels.high is not None
    return 0.0 if place is None else max(0.0, 1 - abs(place - float(target)) / (labels.high - labels.low))


__all__ = ["OWN", "Vote", "annotator_columns", "nearness", "votes"]

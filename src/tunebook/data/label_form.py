"""How the cells of a label column are written, and the classes or the number that one cell says under that form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tunebook.core.nouns import DataRef
from tunebook.core.registry import kind_of
from tunebook.data.cells import as_text
from tunebook.data.label_cells import read_cell

_GROUPED = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+,\d+")
_BITS = {"0": False, "1": True, "false": False, "true": True}


@dataclass(frozen=True)
class Form:
    """How label cells are written.

    Attributes:
        problem: what they are labels of.
        separator: what stands between the labels of a cell; None where cells are lists or hold one label each.
        positions: length of the vectors of 0 and 1 that the cells are, with a place for each class; the classes are
            called 0, 1, 2, ... Where it is 0, they are no vectors.
        decimal: what stands before the fraction of a number.
    """

    problem: str
    separator: str | None = None
    positions: int = 0
    decimal: str = "."

    @property
    def several(self) -> bool:
        """Whether a row may bear any number of classes."""
        return kind_of(self.problem).link == "sigmoid"

    @property
    def facts(self) -> dict[str, Any]:
        """For the figures of prepared rows, from which `form_of` has it again."""
        return {name: value for name, value in asdict(self).items() if name != "problem"}


def form_of(data: DataRef) -> Form:
    """How the labels of prepared rows were written in their files."""
    return form_in(data.labels.problem, data.stats)


def form_in(problem: str, facts: Mapping[str, Any]) -> Form:
    """How labels were written, from the facts of the form."""
    return Form(problem, **{name: facts[name] for name in ("separator", "positions", "decimal") if name in facts})


def label_parts(cell: Any, form: Form) -> list[str]:
    """The labels of one cell, as written: distinct, without spaces around them, in their order.

    A cell of a kind with one label a row always gives one: the only item of a list, else the cell as it stands.
    """
    text = (as_text(cell) or "").strip()
    bits = bits_of(text, form.separator) if form.positions else None
    if bits is None or len(bits) != form.positions:  # names in place of a vector
        parts = _split(text, form.separator)
    else:
        parts = [str(place) for place, bit in enumerate(bits) if bit]
    distinct = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return distinct if form.several or len(distinct) == 1 else [text]


def label_number(cell: Any, form: Form) -> float | None:
    """The finite number of one cell, or of a list that holds one; None where it says none."""
    text = as_text(cell) or ""
    number = number_of(text, form.decimal)
    return number_of(label_parts(text, form)[0], form.decimal) if number is None else number


def _split(text: str, separator: str | None) -> list[str]:
    cell = read_cell(text)
    if cell.shape in ("list", "weights"):
        return list(cell.parts)
    return text.split(separator) if separator else [text]


def bits_of(text: str, separator: str | None) -> tuple[bool, ...] | None:
    """A vector of 0 and 1 as a cell writes it, else None."""
    found = [_BITS.get(re.sub(r"\.0*$", "", item.strip()).lower()) for item in _split(text, separator) if item.strip()]
    return None if None in found else tuple(bit for bit in found if bit is not None)


def number_of(label: str, decimal: str = ".") -> float | None:
    """The finite number that a label writes, perhaps in percent, else None.

    Args:
        decimal: what stands before the fraction; with a comma, points may stand between groups of three digits.
    """
    text = label.strip().replace("\u2212", "-").removesuffix("%")
    if decimal == ",":
        text = text.replace(".", "") if _GROUPED.fullmatch(text) else text
        text = text.replace(",", ".", 1) if "." not in text else "?"
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number - number == 0 and "_" not in label else None


def numbers_of(labels: Mapping[str, int], decimal: str) -> dict[str, float]:
    """The labels that are numbers, with what they are worth."""
    found = {label: number_of(label, decimal) for label in labels}
    return {label: number for label, number in found.items() if number is not None}


__all__ = ["Form", "bits_of", "form_in", "form_of", "label_number", "label_parts", "number_of", "numbers_of"]

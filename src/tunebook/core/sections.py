"""What a page shows of a run's answers, as plain figures: tables, maps, points; pages draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# How the cells of a column look: the first one of a row, plain, a count or a score, a share of 1, a text of the rows,
# a right and a wrong answer, something by the way.
Form = Literal["name", "plain", "number", "share", "text", "right", "wrong", "soft"]


@dataclass(frozen=True)
class Column:
    """A column of a table: what stands above it, and how its cells look."""

    heading: str
    form: Form = "plain"


@dataclass(frozen=True)
class Annotated:
    """A cell of which something stands beside or below its value: the ends of an interval, a second text."""

    value: str | float | None
    more: str | tuple[float, float] | None = None


Cell = str | float | Annotated | None


@dataclass(frozen=True)
class Table:
    """A table of figures and words.

    Attributes:
        rows: cells of each row, one a column; a whole number is a count, any other a score, None is a dash.
        sortable: readers may sort it; whole: it takes the whole width; on_card: the model card shows it too.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sortable: bool = False
    whole: bool = False
    on_card: bool = False


@dataclass(frozen=True)
class HeatMap:
    """Counts of pairs of the same names, shape (C, C): rows by the first axis, columns by the second."""

    title: str
    caption: str
    counts: Sequence[Sequence[int]]
    names: Sequence[str]
    axes: tuple[str, str]


@dataclass(frozen=True)
class Scatter:
    """Points (x, y) and the line on which both agree."""

    title: str
    caption: str
    points: Sequence[Sequence[float]]
    axes: tuple[str, str]


@dataclass(frozen=True)
class Reliability:
    """How often answers are right against how sure they are; `bins` as `tunebook.stats.calibration.Bin`."""

    title: str
    caption: str
    bins: Sequence[Mapping[str, Any]]
    axes: tuple[str, str]


Section = Table | HeatMap | Scatter | Reliability


@dataclass(frozen=True)
class Brief:
    """An answer on one line: what it says, how sure it is where that says more, and what came next."""

    label: str
    score: str = ""
    beside: str = ""


__all__ = ["Annotated", "Brief", "Cell", "Column", "Form", "HeatMap", "Reliability", "Scatter", "Section", "Table"]

"""What a stage is: rows of a table that stand for a training of their own, before the book's own training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, runtime_checkable

from tunebook.core.locations import from_book
from tunebook.core.nouns import DataRef, ParamTable
from tunebook.core.params import Params, Row
from tunebook.core.technique import Technique


class Stage(Technique):
    """Base of every stage: switched on by its rows like a technique, but it has a plan and a run of its own.

    Class attributes:
        place: stages with a lower one come first.
    """

    place: ClassVar[int] = 0

    techniques: Annotated[
        list[str] | None,
        Row(
            "techniques with which this stage is trained, and rows of them, such as ema, layer_decay.rate=0.95",
            zh="本阶段训练时使用的技术及其参数行，例如 ema, layer_decay.rate=0.95",
        ),
    ] = None


@dataclass(frozen=True)
class Part:
    """One training of a chain, ready to be planned.

    Attributes:
        table: its settings; data: its rows.
        more: what its task reads beside the settings of every table.
        seed: its own; None for that of the training which it prepares.
    """

    table: ParamTable
    data: DataRef
    more: Params | None = None
    seed: int | None = None


@runtime_checkable
class MakesParts(Protocol):
    """A stage that knows what is trained."""

    def parts(self, table: ParamTable, data: DataRef) -> Sequence[Part]:
        """The trainings that this stage adds, in their order.

        Args:
            table, data: of the book whose training is prepared.

        Raises:
            PlanError, DataError: what cannot be trained.
        """


def common_rows(table: ParamTable, names: Sequence[str], book: Path) -> dict[str, Any]:
    """Rows that a stage takes from the table of a book; a base model that is a folder by its whole path, since the rows
    of the stage may lie elsewhere."""
    rows: dict[str, Any] = {name: table.rows[name].value for name in names if name in table.rows}
    return {name: from_book(value, book) if name == "base_model" else value for name, value in rows.items()}


__all__ = ["MakesParts", "Part", "Stage", "common_rows"]

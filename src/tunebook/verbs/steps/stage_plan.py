"""The table of one training of a stage, with the techniques that the stage names, and what it could not hand on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunebook.core.errors import PlanError, TableError
from tunebook.core.nouns import ParamTable, Plan
from tunebook.core.registry import task_of, techniques
from tunebook.core.stage import Part, Stage
from tunebook.engine.inputs import find_inputs
from tunebook.tables.declared import technique_rows
from tunebook.tables.in_force import techniques_of
from tunebook.tables.make import child, nested


def stage_table(stage: Stage, part: Part, book: Path) -> ParamTable:
    """The table of a part of a stage, with the techniques that the stage names.

    Args:
        book: folder of the book whose training is prepared; files that the stage's techniques name are seen from there.

    Raises:
        PlanError: `stages.past`, `stages.no_head`: a technique that has no place in this stage. TableError:
            `stages.unfit`.
    """
    with naming(stage):
        table = placed(nested(part.table, stage.techniques or (), f"{stage.key}.techniques"), part, book)
    _refuse_kinds(stage, table, part.data.task)
    return table


@contextmanager
def naming(stage: Stage) -> Iterator[None]:
    """Errors of table and plan say which stage they are about."""
    try:
        yield
    except (PlanError, TableError) as error:
        if error.code.startswith("stages."):
            raise
        fields = {"reason": error.message, "advice": error.advice, "cause": error.code}
        raise type(error)("stages.unfit", key=stage.key, allowed=error.allowed, **fields) from error


def placed(table: ParamTable, part: Part, book: Path) -> ParamTable:
    """A stage's table whose files and runs are found from the folder of the stage's own rows.

    What the other book's own table names is left as it is: it is seen from that book.
    """
    moved = {}
    for name, row in table.rows.items():
        declared = technique_rows().get(name)
        given = row.value
        theirs = part.table.rows.get(name)
        if declared is not None and declared.row.input and given and (theirs is None or theirs.value != given):
            places, _ = find_inputs(declared, given, book)
            names = given if isinstance(given, list) else [str(given)]
            seen = [_seen(name, place, part.data.path.parent) for name, place in zip(names, places, strict=True)]
            moved[name] = seen if isinstance(given, list) else seen[0]
    return child(table, moved) if moved else table


def _seen(name: str, place: Path, folder: Path) -> str:
    return name if Path(name).is_absolute() else os.path.relpath(place, folder)


def _refuse_kinds(stage: Stage, table: ParamTable, task: str) -> None:
    """Techniques that have no place before a book's own training."""
    known = techniques()
    for key in techniques_of(table):
        if "past" in known[key].needs:
            raise PlanError("stages.past", key=stage.key, value=key, allowed="l2_sp", technique=key)
        if known[key].delta and "head" not in task_of(task).gives:
            allowed = "freeze | layer_decay"
            raise PlanError("stages.no_head", key=stage.key, value=key, allowed=allowed, technique=key, task=task)


def refuse_unhanded(stage: Stage, made: Plan) -> None:
    """Refuse a technique after which there is no model like the base model to hand on.

    Raises:
        PlanError: `stages.beside`, `stages.shape`.
    """
    from tunebook.engine.merging import unmergeable
    from tunebook.engine.part import MERGEABLE

    key = unmergeable(made) if made.techniques else ""
    if key and techniques()[key].delta:
        raise PlanError("stages.beside", key=stage.key, value=key, allowed=MERGEABLE, technique=key)
    if key:
        raise PlanError("stages.shape", key=stage.key, value=key, technique=key)


__all__ = ["naming", "placed", "refuse_unhanded", "stage_table"]

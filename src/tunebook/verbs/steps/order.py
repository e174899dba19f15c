"""Parts of a plan: the order in which techniques are woven, and the table of a stage's training."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import PlanError, TableError
from tunebook.core.facts import not_given
from tunebook.core.nouns import ParamTable, Plan, Split
from tunebook.core.registry import built, is_technique, task_of, technique_of
from tunebook.core.settings import Filled, Settings
from tunebook.core.stage import Part, Stage
from tunebook.core.technique import ShowsRows, Technique
from tunebook.engine.inputs import find_inputs
from tunebook.tables.declared import technique_rows
from tunebook.tables.in_force import techniques_of
from tunebook.tables.make import child, nested
from tunebook.tables.rules import planned_steps

if TYPE_CHECKING:
    from tunebook.core.task import Task


_INNERMOST = ("loss", "mixing", "adversarial")  # parts that lie inside all else, so that a penalty counts once


def order(rows: dict[str, dict[str, Any]], task: Task, *, more: frozenset[str] = frozenset()) -> list[Technique]:
    """The techniques that are on, checked against the task and each other, in the order in which they are woven.

    Raises:
        PlanError: the task does not give what a technique needs, two of them conflict, or the rows are those of another
            task.
    """
    for key in (key for key in rows if not is_technique(key)):
        raise PlanError("plan.own_rows", key=key, value=task.key)
    chosen = built(rows)
    for key, technique in chosen.items():
        missing = technique.needs - task.gives - more
        if missing == {"past"}:
            raise PlanError("forgetting.past", key=key)
        if missing:
            raise not_given(key, missing, task.key)
        clash = sorted(k for k, other in chosen.items() if k != key and technique.excludes(type(other)))
        if clash:
            raise PlanError("plan.conflict", key=key, value=clash[0])
    done: list[Technique] = []
    waiting = dict(sorted(chosen.items(), key=_place))
    while waiting:
        ready = next((k for k, t in waiting.items() if not t.after & waiting.keys()), None)
        if ready is None:
            raise PlanError("plan.cycle", key=", ".join(waiting))
        done.append(waiting.pop(ready))
    return done


def _place(item: tuple[str, Technique]) -> tuple[int, str]:
    """Where a technique is woven: what replaces the loss, what mixes or shifts its rows, then the others by name."""
    key, technique = item
    inner = technique.exclusive in _INNERMOST
    place = _INNERMOST.index(technique.exclusive) if inner else len(_INNERMOST)
    return place + technique.outermost * (len(_INNERMOST) + 1), key


def shown_rows(woven: list[Technique], rows: int) -> int:
    """How many rows an epoch shows of so many."""
    for technique in woven:
        rows = technique.shown(rows) if isinstance(technique, ShowsRows) else rows
    return rows


def read_at_all(woven: list[Technique], params: Filled, rows: Mapping[Split, int]) -> tuple[int, dict[Split, int]]:
    """Steps of a training, and the rows of each split that a step or a look reads; a technique that finds all by
    itself reads the training rows once, as a look does."""
    if not any(item.solves for item in woven):
        return planned_steps(params, rows["train"]), dict(rows)
    return 1, {**rows, "validation": rows["validation"] + rows["train"]}


def warmed(params: Filled, settings: Settings, rows: int) -> Filled:
    """The same settings with the warm-up of an epoch of so many rows, where the table gives it as a share."""
    if settings.warmup_steps is not None:
        return params
    steps = planned_steps(params, rows)
    return params.model_copy(update={"warmup_steps": math.floor(steps * settings.warmup_ratio)})


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
    for key in filter(is_technique, techniques_of(table)):  # the others are rows of the task alone
        kind = technique_of(key)
        if "past" in kind.needs:
            raise PlanError("stages.past", key=stage.key, value=key, allowed="l2_sp", technique=key)
        if kind.delta and "head" not in task_of(task).gives:
            allowed = "freeze | layer_decay"
            raise PlanError("stages.no_head", key=stage.key, value=key, allowed=allowed, technique=key, task=task)


def refuse_unhanded(stage: Stage, made: Plan) -> None:
    """Refuse a technique after which there is no model like the base model to hand on.

    Raises:
        PlanError: `stages.beside`, `stages.shape`.
    """
    from tunebook.engine.merging import unmergeable
    from tunebook.engine.partial_model import MERGEABLE

    key = unmergeable(made) if made.techniques else ""
    if key and technique_of(key).delta:
        raise PlanError("stages.beside", key=stage.key, value=key, allowed=MERGEABLE, technique=key)
    if key:
        raise PlanError("stages.shape", key=stage.key, value=key, technique=key)


__all__ = ["naming", "order", "placed", "read_at_all", "refuse_unhanded", "shown_rows", "stage_table", "warmed"]

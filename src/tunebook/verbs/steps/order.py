"""The order in which techniques are woven, and which of them go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunebook.core.errors import PlanError
from tunebook.core.facts import not_given
from tunebook.core.registry import built, own_rows
from tunebook.core.technique import Technique

if TYPE_CHECKING:
    from tunebook.core.task import Task

_INNERMOST = ("loss", "mixing", "adversarial")  # parts that lie inside all else, so that a penalty counts once


def order(rows: dict[str, dict[str, Any]], task: Task, *, more: frozenset[str] = frozenset()) -> list[Technique]:
    """The techniques that are on, checked against the task and each other, in the order in which they are woven.

    Raises:
        PlanError: the task does not give what a technique needs, two of them conflict, or the rows are those of another
            task.
    """
    for key in rows.keys() & own_rows().keys() if rows else ():
        raise PlanError("plan.own_rows", key=key, value=task.key)
    chosen = built(rows)
    for key, technique in chosen.items():
        missing = technique.needs - task.gives - more
        if missing == {"past"}:
            raise PlanError("forgetting.past", key=key)
        if missing:
            raise not_given(key, missing, task.key)
        rivals = {k for k, other in chosen.items() if k != key and technique.exclusive == other.exclusive != ""}
        clash = sorted(technique.conflicts & chosen.keys() | rivals)
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


__all__ = ["order"]

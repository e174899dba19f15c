"""Find tasks, kinds of targets, techniques and stages: modules of their folders, and entry points of other packages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from tunebook.core.kind import kind_of, kinds
from tunebook.core.metric import Metric
from tunebook.core.params import Params, build
from tunebook.core.plugins import found_in, one_in
from tunebook.core.stage import Stage
from tunebook.core.task import Task
from tunebook.core.technique import Technique


@cache
def techniques() -> dict[str, type[Technique]]:
    """Key -> technique, from `tunebook/techniques/` and the entry points `tunebook.techniques`."""
    return _find("tunebook.techniques", Technique)


def technique_of(key: str) -> type[Technique]:
    """One technique, imported alone where it is a module of `tunebook/techniques/`: all of them take seconds.

    Raises:
        KeyError: there is no such technique.
    """
    return own_technique(key) or techniques()[key]


def is_technique(key: str) -> bool:
    """Whether there is such a technique; of those of `tunebook/techniques/` only its own module is imported."""
    return own_technique(key) is not None or key in techniques()


@cache
def own_technique(key: str) -> type[Technique] | None:
    """The technique that the module of this name in `tunebook/techniques/` defines; None where there is none."""
    found: type[Technique] | None = one_in("tunebook.techniques", key, Technique)
    return found


def built(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Technique]:
    """Key -> technique with its rows. They are frozen, and the same rows always give the same object.

    Raises:
        TableError: as `build`.
    """
    return {key: _built(technique_of(key), json.dumps(fields)) for key, fields in rows.items()}


@lru_cache(256)
def _built(kind: type[Technique], fields: str) -> Technique:
    return build(kind, json.loads(fields))


@cache
def tasks() -> dict[str, type[Task]]:
    """Key -> task, from `tunebook/tasks/` and the entry points `tunebook.tasks`."""
    return _find("tunebook.tasks", Task)


@cache
def task_of(key: str) -> type[Task]:
    """One task: of those that are modules of `tunebook/tasks/` only its own is imported.

    Raises:
        KeyError: there is no such task.
    """
    found: type[Task] | None = one_in("tunebook.tasks", key, Task)
    return found or tasks()[key]


@cache
def own_rows() -> dict[str, type[Params]]:
    """Key -> rows of a table that only the task of this key reads, of those that have some."""
    return {key: task.own for key, task in tasks().items() if task.own is not None}


@cache
def metrics() -> dict[str, Metric]:
    """Key -> metric, of all tasks."""
    return {metric.key: metric for task in tasks().values() for each in task.scored.values() for metric in each}


@cache
def stages() -> dict[str, type[Stage]]:
    """Key -> stage, from `tunebook/verbs/stages/` and the entry points `tunebook.stages`."""
    return {item.key: item for item in found_in("tunebook.verbs.stages", Stage, "tunebook.stages")}


def _find(package: str, base: type[Any]) -> dict[str, type[Any]]:
    return {item.key: item for item in found_in(package, base)}


__all__ = [
    "built",
    "is_technique",
    "kind_of",
    "kinds",
    "metrics",
    "own_rows",
    "own_technique",
    "stages",
    "task_of",
    "tasks",
    "technique_of",
    "techniques",
]

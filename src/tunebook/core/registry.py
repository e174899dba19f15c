"""Find tasks, kinds of targets, techniques and stages: modules of their folders, and entry points of other packages."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from tunebook.core.errors import PlanError
from tunebook.core.kind import Kind
from tunebook.core.stage import Stage
from tunebook.core.task import Task
from tunebook.core.technique import Technique


@cache
def techniques() -> dict[str, type[Technique]]:
    """Key -> technique, from `tunebook/techniques/` and the entry points `tunebook.techniques`."""
    return _find("tunebook.techniques", Technique)


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
    name = f"tunebook.tasks.{key}"
    if key.isidentifier() and importlib.util.find_spec(name) is not None:
        module = importlib.import_module(name)
        found: list[type[Task]] = [item for item in vars(module).values() if _is_one(item, Task, name)]
        if [item.key for item in found] == [key]:
            return found[0]
    return tasks()[key]


@cache
def kinds() -> dict[str, Kind]:
    """Key -> kind of target, from `tunebook/data/kinds/` and the entry points `tunebook.data.kinds`."""
    return {key: item() for key, item in _find("tunebook.data.kinds", Kind).items()}


def kind_of(key: str) -> Kind:
    """One kind of target.

    Raises:
        PlanError: `labels.kind`: there is no such kind.
    """
    found = kinds().get(key)
    if found is None:
        raise PlanError("labels.kind", key="problem", value=key, allowed=" | ".join(sorted(kinds())))
    return found


@cache
def stages() -> dict[str, type[Stage]]:
    """Key -> stage, from `tunebook/stages/` and the entry points `tunebook.stages`."""
    return _find("tunebook.stages", Stage)


def _find(package: str, base: type[Any]) -> dict[str, type[Any]]:
    return {item.key: item for item in found_in(package, base)}


def found_in(package: str, base: type[Any]) -> list[type[Any]]:
    """Classes of a base that the modules of a package define, and those of the entry points of the package's name."""
    folder = importlib.import_module(package)
    modules = [importlib.import_module(f"{package}.{item.name}") for item in pkgutil.iter_modules(folder.__path__)]
    found = [item for module in modules for item in vars(module).values() if _is_one(item, base, module.__name__)]
    return found + [point.load() for point in entry_points(group=package)]


def _is_one(item: Any, base: type[Any], module: str) -> bool:
    return inspect.isclass(item) and issubclass(item, base) and item is not base and item.__module__ == module


__all__ = ["found_in", "kind_of", "kinds", "stages", "task_of", "tasks", "techniques"]

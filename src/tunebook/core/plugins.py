"""Find classes by the package that they belong to: in its modules, and in the entry points of other packages."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from importlib.metadata import entry_points
from typing import Any


def found_in(package: str, base: type[Any], group: str = "") -> list[type[Any]]:
    """Classes of a base that the modules of a package define, and those of a group (its name) of entry points."""
    folder = importlib.import_module(package)
    modules = [importlib.import_module(f"{package}.{item.name}") for item in pkgutil.iter_modules(folder.__path__)]
    found = [item for module in modules for item in vars(module).values() if is_one(item, base, module.__name__)]
    return found + [point.load() for point in entry_points(group=group or package)]


def one_in(package: str, key: str, base: type[Any]) -> type[Any] | None:
    """The class of a base that the package's module of this name defines, where its key is that name."""
    name = f"{package}.{key}"
    if not key.isidentifier() or importlib.util.find_spec(name) is None:
        return None
    found = [item for item in vars(importlib.import_module(name)).values() if is_one(item, base, name)]
    return found[0] if [item.key for item in found] == [key] else None


def is_one(item: Any, base: type[Any], module: str) -> bool:
    """Whether something is a class of a base that a module defines in full."""
    if not (inspect.isclass(item) and issubclass(item, base) and item.__module__ == module):
        return False
    return item is not base and not inspect.isabstract(item)


__all__ = ["found_in", "is_one", "one_in"]

"""Find classes by the package that they belong to: in its modules, and in the entry points of other packages."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from importlib.metadata import entry_points
from typing import Any


def found_in(package: str, base: type[Any]) -> list[type[Any]]:
    """Classes of a base that the modules of a package define, and those of the entry points of the package's name."""
    folder = importlib.import_module(package)
    modules = [importlib.import_module(f"{package}.{item.name}") for item in pkgutil.iter_modules(folder.__path__)]
    found = [item for module in modules for item in vars(module).values() if is_one(item, base, module.__name__)]
    return found + [point.load() for point in entry_points(group=package)]


def is_one(item: Any, base: type[Any], module: str) -> bool:
    """Whether something is a class of a base that a module defines in full."""
    if not (inspect.isclass(item) and issubclass(item, base) and item.__module__ == module):
        return False
    return item is not base and not inspect.isabstract(item)


__all__ = ["found_in", "is_one"]

"""Where coverage need not look, which makes everything twice as slow: libraries, and trainings that others watch."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from _pytest.assertion import rewrite

# Folders whose tests are about what happens inside a training, or what comes of it: there coverage watches it.
WATCHED = ("engine", "models", "nets", "oracle", "techniques")


def untraced(function: Callable[..., Any], when: Callable[..., bool] = lambda *given: True) -> Callable[..., Any]:
    """The function, at whose calls coverage does not look, where `when` is true of its arguments."""

    @wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        trace = sys.gettrace()
        if trace is None or not when(*given):
            return function(*given, **named)
        sys.settrace(None)
        try:
            return function(*given, **named)
        finally:
            sys.settrace(trace)
            _resumed()

    return called


def _resumed() -> None:
    """The tracer takes hold again with the next call: this one, before a frame that it has seen begin ends unseen."""


def _foreign(loader: SourceFileLoader, module: ModuleType) -> bool:
    return "site-packages" in Path(loader.path).parts


def _elsewhere(*given: Any) -> bool:
    return not os.environ.get("PYTEST_CURRENT_TEST", "").startswith(tuple(f"tests/{name}/" for name in WATCHED))


def imports() -> None:
    """From now on libraries are imported, and tests rewritten by pytest, unseen."""
    SourceFileLoader.exec_module = untraced(SourceFileLoader.exec_module, _foreign)
    rewrite._rewrite_test = untraced(rewrite._rewrite_test)


def trainings() -> None:
    """From now on models are trained and asked unseen by tests that are about something else."""
    for name, kind in (("fit", "Fit"), ("infer", "Inference")):
        if module := sys.modules.get(f"tunebook.engine.{name}"):
            found = getattr(module, kind)
            found.run = untraced(found.run, _elsewhere)


__all__ = ["imports", "trainings", "untraced"]

"""Functions of the user's own, from a Python file, which is run as any program is: so it has to be allowed."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from traceback import extract_tb
from typing import Any

ALLOW = "TUNEBOOK_ALLOW_CODE"


def allowed() -> bool:
    """Whether the environment says that files of Python may be run."""
    return os.environ.get(ALLOW) == "1"


def function_of(path: Path, name: str) -> Callable[..., Any]:
    """A function of a file, which is run for it.

    Raises:
        Exception: whatever the file does wrong; AttributeError where it has no such function.
    """
    found = importlib.util.spec_from_file_location(f"tunebook_own_{path.stem}", path)
    if found is None or found.loader is None:
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    function: Callable[..., Any] = getattr(module, name)
    return function


def trouble(error: BaseException, path: Path) -> tuple[int, str]:
    """The last line of a file that an error came through, 0 where it came through none, and what it says."""
    lines = [frame.lineno or 0 for frame in extract_tb(error.__traceback__) if Path(frame.filename) == path]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno or 0)
    return lines[-1] if lines else 0, f"{type(error).__name__}: {error}"


__all__ = ["ALLOW", "allowed", "function_of", "trouble"]

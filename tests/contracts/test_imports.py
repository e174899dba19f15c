"""Benchmarks and scripts import what there is: nothing else runs them, and a rename passes them by."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((*ROOT.glob("benchmarks/**/*.py"), *ROOT.glob("scripts/*.py")))
PLACES = {"tunebook": ROOT / "src", "benchmarks": ROOT}


def module(dotted: str) -> Path | None:
    """The file of a module of this project."""
    base = PLACES[dotted.partition(".")[0]] / dotted.replace(".", "/")
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def names(path: Path) -> frozenset[str]:
    """What a file binds anywhere: more than it exports, but none that is gone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update(one.asname or one.name for one in node.names)
    return frozenset(found)


def missing(path: Path) -> list[str]:
    """Modules and names of this project that a file imports and that are not there."""
    gone = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or (node.module or "").partition(".")[0] not in PLACES:
            continue
        held = module(str(node.module))
        for one in node.names:
            if module(f"{node.module}.{one.name}") is None and (held is None or one.name not in names(held)):
                gone.append(f"{node.module}.{one.name}")
    return gone


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_imported_is_there(path):
    assert missing(path) == []


def test_a_name_that_is_gone_is_found(tmp_path):
    path = tmp_path / "old.py"
    path.write_text(
        "from tunebook.core.files import nowhere\nfrom tunebook.nowhere import x\nfrom tunebook.verbs import ab\n"
    )
    assert missing(path) == ["tunebook.core.files.nowhere", "tunebook.nowhere.x"]

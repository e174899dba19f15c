"""Imports go down the layers only and never in a circle, and heavy libraries wait inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_cover  # they read the source and run none of it

SOURCE = Path(__file__).parents[2] / "src" / "tunebook"
# Packages of one layer do not know each other. A package in a package has a rank of its own.
LAYERS = (
    {"core"},
    {"knowledge", "data", "models"},
    {"tables", "stats", "requests", "bundle"},
    {"rating"},
    {"nets"},
    {"tasks", "techniques"},
    {"engine"},
    {"verbs.steps"},
    {"verbs.engines"},
    {"verbs.stages", "verbs.abtest", "verbs.trials", "export", "rollout", "watch"}
    | {"challenge", "diagnosis", "explain"},
    {"verbs.racing", "backends"},
    {"report"},
    {"verbs"},
    {"serve"},
    {"web"},
    {"cli", "use"},
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
HEAVY = {
    "torch",
    "transformers",
    "pandas",
    "sklearn",
    "matplotlib",
    "accelerate",
    "safetensors",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "captum",
    "cleanlab",
}
MAY_BE_HEAVY = {"nets", "tasks", "techniques", "engine"}
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE)


def part(name: str) -> str:
    """The package of a module, or that of a name that a module gives."""
    package, _, rest = name.removeprefix("tunebook.").partition(".")
    inner = f"{package}.{rest.split('.')[0]}"
    return inner if inner in RANK else package


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module(path: Path) -> str:
    return ".".join(("tunebook", *path.relative_to(SOURCE).with_suffix("").parts))


def imports(tree: ast.AST) -> Iterator[str]:
    """Modules that a tree imports; `from a import b` gives a.b, for b may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{item.name}" for item in node.names)


def at_once(tree: ast.Module) -> Iterator[str]:
    """Modules imported when the file is: not inside functions, not for type checkers only."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(node)
        waiting += ast.iter_child_nodes(node)


def faults(path: Path, tree: ast.Module) -> list[str]:
    """What a file imports that it may not."""
    own = part(module(path))
    found = []
    for name in imports(tree):
        other = part(name)
        if not name.startswith("tunebook.") or other not in RANK:  # such as tunebook.__version__
            continue
        between = own == other == "techniques" and not name.startswith(module(path))
        if between or (other != own and RANK[other] >= RANK[own]):
            found.append(name)
    return found


def graph(files: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Module -> the modules that it imports, wherever in it."""

    def known(name: str) -> Iterator[str]:
        while name and name not in files:
            name = name.rpartition(".")[0]
        if name:
            yield name

    return {own: {found for name in imports(tree) for found in known(name)} - {own} for own, tree in files.items()}


def test_imports_go_down():
    found = {module(path): faults(path, parsed(path)) for path in FILES}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_heavy_libraries_are_imported_inside_functions():
    light = [path for path in FILES if part(module(path)) not in MAY_BE_HEAVY]
    found = {module(path): {name.split(".")[0] for name in at_once(parsed(path))} & HEAVY for path in light}
    assert {name: heavy for name, heavy in found.items() if heavy} == {}


def test_no_import_goes_in_a_circle():
    """Not even inside functions: the sorter raises CycleError, which names the modules."""
    files = {module(path): parsed(path) for path in FILES if path.name != "__init__.py"}
    assert set(TopologicalSorter(graph(files)).static_order()) == set(files)


def test_a_circle_is_found():
    files = {
        "tunebook.a": ast.parse("from tunebook.b import c"),
        "tunebook.b": ast.parse("def f():\n    import tunebook.a"),
    }
    with pytest.raises(CycleError):
        TopologicalSorter(graph(files)).prepare()


def test_every_package_has_its_layer():
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")} - {"messages"}
    parts = {f"verbs.{path.parent.name}" for path in SOURCE.glob("verbs/*/__init__.py")}
    assert packages | parts == set(RANK)


@pytest.mark.parametrize(
    ("file", "text", "caught"),
    [
        ("core/x.py", "from tunebook.tables.make import child", True),
        ("core/x.py", "def f():\n    from tunebook.engine import seam", True),
        ("tables/x.py", "from tunebook.core.errors import TableError", False),
        ("tables/x.py", "import tunebook.data.read", False),
        ("tasks/x.py", "from tunebook.techniques.freeze import Freeze", True),
        ("techniques/x.py", "from tunebook.techniques.freeze import Freeze", True),
        ("techniques/x.py", "from tunebook.tasks import text", True),
        ("techniques/x.py", "from tunebook.engine.seam import Seam", True),
        ("engine/x.py", "from tunebook.techniques.freeze import Freeze", False),
        ("data/x.py", "from tunebook.stats.confusion import f1", True),
        ("verbs/x.py", "from tunebook.cli.entry import main", True),
        ("verbs/steps/train.py", "from tunebook.verbs.ab import ab", True),
        ("verbs/steps/train.py", "from tunebook.verbs.steps.plan import plan", False),
        ("verbs/ab.py", "from tunebook.verbs.steps.train import train", False),
        ("verbs/x.py", "from tunebook import __version__", False),
    ],
)
def test_the_walk_catches_what_it_should(file, text, caught):
    assert bool(faults(SOURCE / file, ast.parse(text))) == caught


def test_the_walk_knows_when_an_import_runs():
    text = (
        "import torch\nif TYPE_CHECKING:\n    import pandas\nelse:\n    import sklearn\n"
        "def f():\n    import matplotlib\nclass A:\n    import transformers\n"
    )
    assert set(at_once(ast.parse(text))) == {"torch", "sklearn", "transformers"}

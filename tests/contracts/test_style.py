"""The house rules that a tree of syntax can show: sizes, order, mirrored tests, classes abstract or final."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_cover  # they read the source and run none of it

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tunebook"
FILES = sorted(SOURCE.rglob("*.py"))
SEAM = SOURCE / "engine" / "seam.py"
OPEN = {"ColumnKind", "Hooks", "Task", "Kind"}  # their methods with a default are hooks
MOST_LINES, MOST_FUNCTION, MOST_P90, MOST_ARGUMENTS = 300, 60, 30, 6
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, Function)]


def lines(node: Function) -> int:
    """Lines of a function without its docstring."""
    total = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is None:
        return total
    first = node.body[0]
    return total - ((first.end_lineno or first.lineno) - first.lineno + 1)


def arguments(node: Function) -> int:
    """Number of arguments, without self and cls."""
    given = [item.arg for item in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len([item for item in given if item not in ("self", "cls")])


def test_files_are_short():
    sizes = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {file: size for file, size in sizes.items() if size > MOST_LINES} == {}


def test_functions_are_short_and_take_few_arguments():
    found = [(f"{name(path)}: {node.name}", node) for path in FILES for node in functions(path)]
    assert {place: lines(node) for place, node in found if lines(node) > MOST_FUNCTION} == {}
    assert {place: arguments(node) for place, node in found if arguments(node) > MOST_ARGUMENTS} == {}


def test_nine_of_ten_functions_are_very_short():
    sizes = sorted(lines(node) for path in FILES for node in functions(path))
    assert sizes[len(sizes) * 9 // 10] <= MOST_P90


def test_a_module_says_what_it_is():
    modules = [path for path in FILES if path.name != "__init__.py"]
    assert [name(path) for path in modules if not ast.get_docstring(tree(path))] == [], "it begins with a sentence"


def test_a_module_says_what_it_gives():
    for path in FILES:
        if path.name in ("__init__.py", "__main__.py"):
            continue
        given = [node.value for node in tree(path).body if isinstance(node, ast.Assign) and _is_all(node)]
        assert len(given) == 1, f"{name(path)}: a module has one __all__"
        names = ast.literal_eval(given[0])
        assert names == sorted(names, key=_order), name(path)
        defined = {item for node in tree(path).body for item in _defined(node)}
        assert set(names) <= defined, name(path)
        public = {node.name for node in tree(path).body if isinstance(node, Function | ast.ClassDef)}
        assert {item for item in public if not item.startswith("_")} <= set(names), name(path)


def _is_all(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)


def _order(item: str) -> tuple[int, str]:
    """As ruff sorts: constants, classes, functions."""
    return (0 if item.isupper() else 1 if item[:1].isupper() else 2, item)


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, Function | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [item.id for target in node.targets for item in ast.walk(target) if isinstance(item, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [item.asname or item.name for item in node.names]
    return []


@cache
def known_to_tests() -> frozenset[str]:
    """Modules that tests import, and those that have a test file of their name."""
    found = set()
    for file in (ROOT / "tests").rglob("*.py"):
        if file.stem.startswith("test_"):
            found.add(".".join(("tunebook", *file.relative_to(ROOT / "tests").parent.parts, file.stem[len("test_") :])))
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {item.name for item in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {str(node.module), *(f"{node.module}.{item.name}" for item in node.names)}
    return frozenset(found)


def test_what_a_module_gives_is_tested():
    modules = [path.relative_to(SOURCE) for path in FILES if path.name not in ("__init__.py", "__main__.py")]
    given = {".".join(("tunebook", *path.with_suffix("").parts)) for path in modules}
    assert given - known_to_tests() == set()


def test_public_functions_say_what_they_do():
    public = [
        (path, node)
        for path in FILES
        for body in (tree(path).body, *(item.body for item in tree(path).body if _is_public_class(item)))
        for node in body
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [f"{name(path)}: {node.name}" for path, node in public if ast.get_docstring(node) is None] == []


def _is_public_class(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and not node.name.startswith("_")


@cache
def classes() -> dict[str, tuple[Path, ast.ClassDef]]:
    """Name -> class, of all of Tunebook's."""
    return {
        node.name: (path, node) for path in FILES for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)
    }


def concrete(node: ast.ClassDef) -> set[str]:
    """Methods that a class defines in full; a protocol's and an abstract method's are not."""
    if any(ast.unparse(base).startswith("Protocol") for base in node.bases):
        return set()
    methods = [item for item in node.body if isinstance(item, Function)]
    return {item.name for item in methods if not any("abstract" in ast.unparse(mark) for mark in item.decorator_list)}


def ancestors(node: ast.ClassDef) -> list[ast.ClassDef]:
    known = [classes()[ast.unparse(base)][1] for base in node.bases if ast.unparse(base) in classes()]
    return [*known, *(older for item in known for older in ancestors(item))]


def overridden(node: ast.ClassDef) -> set[str]:
    inherited = {method for older in ancestors(node) if older.name not in OPEN for method in concrete(older)}
    return {item.name for item in node.body if isinstance(item, Function)} & inherited


def test_no_class_overrides_what_another_defined_in_full():
    found = {node.name: overridden(node) for path, node in classes().values() if path != SEAM and overridden(node)}
    assert found == {}


def test_the_search_for_overrides_finds_them(monkeypatch):
    text = (
        "class A(ABC):\n    @abstractmethod\n    def a(self): ...\n    def b(self): ...\n"
        "class B(A):\n    def a(self): ...\nclass C(B):\n    def a(self): ...\n    def b(self): ...\n"
    )
    known = {node.name: (SOURCE, node) for node in ast.parse(text).body}
    monkeypatch.setitem(globals(), "classes", lambda: known)
    assert overridden(known["B"][1]) == set()
    assert overridden(known["C"][1]) == {"a", "b"}

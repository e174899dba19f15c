"""What lies in a bundle beside its model: the modules that answer, a script that calls them, and a README."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tunebook.bundle import intact
from tunebook.bundle.intact import CODE
from tunebook.core.files import write_whole

_SOURCE = Path(__file__).parents[1]
_START = "tunebook.bundle.answer"
SCRIPT = "predict.py"
# Words of the errors that these can raise.
_MESSAGES = ("core", "export", "models", "question_answering", "reranking", "tagging")


def write_code(folder: Path) -> None:
    """`predict.py` and the modules that it needs, into a bundle."""
    write_whole(folder / SCRIPT, Path(intact.__file__).read_text(encoding="utf-8"))
    for name in needed():
        path = _file(name)
        write_whole(folder / CODE / path.relative_to(_SOURCE.parent), path.read_text(encoding="utf-8"))
    for package in sorted({folder / CODE / _file(name).relative_to(_SOURCE.parent).parent for name in needed()}):
        write_whole(package / "__init__.py", '"""Part of Tunebook, as far as it takes to answer."""\n')
    write_whole(folder / CODE / "tunebook" / "__init__.py", '"""Tunebook, as far as it takes to answer."""\n')
    for name in _MESSAGES:
        text = (_SOURCE / "messages" / f"{name}.toml").read_text(encoding="utf-8")
        write_whole(folder / CODE / "tunebook" / "messages" / f"{name}.toml", text)


def needed() -> list[str]:
    """The modules of Tunebook that are imported when a bundle answers, each with those that it imports."""
    found: dict[str, None] = {}
    waiting = [_START]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += [other for other in _imports(_file(name)) if other not in found]
    return sorted(found)


def _imports(path: Path) -> Iterator[str]:
    """Modules of Tunebook that a module imports as soon as it is imported itself."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tunebook."):
            module = str(node.module)
            yield from [module] if _file(module).is_file() else [f"{module}.{item.name}" for item in node.names]


def _file(name: str) -> Path:
    return _SOURCE.joinpath(*name.split(".")[1:]).with_suffix(".py")


__all__ = ["SCRIPT", "needed", "write_code"]

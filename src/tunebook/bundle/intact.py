"""Answers of the model in this folder: python predict.py "a text" [--help]

Needs Python 3.11 and numpy, tokenizers and onnxruntime (pip install numpy tokenizers onnxruntime), and nothing else.

A bundle's predict.py and Tunebook's `tunebook.bundle.intact` are this one file, which needs the standard library alone:
so what is wrong with the modules of a bundle is told before any of them is imported. bundle.json has the hash of every
other file, and one of its own content.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # what else lies in this folder is no module

import hashlib
import json
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

FILE, CODE, HASH = "bundle.json", "runtime", "sha256"  # the file; the folder of modules; its own hash in it
CACHE = "__pycache__"
_BLOCK = 1 << 20
_WORDS = "tunebook/messages/export.toml"
Fault = tuple[str, dict[str, str]]  # code and fields of an error


def content_hash(facts: Mapping[str, Any]) -> str:
    """SHA-256 of all that bundle.json says but for this hash, whatever the order and the spaces."""
    rest = {name: value for name, value in facts.items() if name != HASH}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def sealed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the hash of their content."""
    return {**facts, HASH: content_hash(facts)}


def file_hash(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def file_fault(folder: Path, files: Mapping[str, str], but: str = "") -> Fault | None:
    """The first of some files that is not what the bundle was made with, or a module that was not there then.

    Args:
        files: hash of each by name; but: a name that is not looked at.
    """
    for name, known in files.items():
        path = folder / name
        if name != but and not path.is_file():
            return "bundle.file_missing", {"key": str(folder), "value": name}
        if name != but and file_hash(path) != known:
            return "bundle.file_changed", {"key": str(folder), "value": name}
    for path in sorted((folder / CODE).rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in files and CACHE not in path.parts and not path.is_dir():
            return "bundle.file_added", {"key": str(folder), "value": name}
    return None


def read_facts(folder: Path) -> tuple[dict[str, Any], Fault | None]:
    """What bundle.json says, and what is wrong with it: then what it says is empty, or not to be believed."""
    path = folder / FILE
    try:
        found = json.loads(path.read_bytes())
    except OSError:
        return {}, ("bundle.missing", {"key": str(folder)})
    except (ValueError, RecursionError) as error:
        return {}, ("bundle.damaged", {"key": str(path), "reason": f"{type(error).__name__}: {error}"})
    if not isinstance(found, dict):
        return {}, ("bundle.damaged", {"key": str(path), "reason": type(found).__name__})
    whole = found.get(HASH) == content_hash(found)
    return found, None if whole else ("bundle.file_changed", {"key": str(folder), "value": FILE})


def main(folder: Path, given: list[str]) -> int:
    """Answer with the modules of a folder, where they are those that it was made with.

    Returns:
        The exit code: 2 where something is wrong or missing.
    """
    facts, fault = read_facts(folder)
    if fault is None:
        modules = {name: known for name, known in facts["files"].items() if name.startswith(f"{CODE}/")}
        fault = file_fault(folder, modules)
    if fault is not None:
        sys.stderr.write(_told(folder / CODE / _WORDS, *fault) + "\n")
        return 2
    sys.path.insert(0, str(folder / CODE))
    try:
        answer = import_module("tunebook.bundle.answer")
    except ModuleNotFoundError as error:  # the modules of the bundle itself are all there
        sys.stderr.write(_told(folder / CODE / _WORDS, "bundle.library", {"value": str(error.name)}) + "\n")
        return 2
    return int(answer.main(folder, given))


def _told(words: Path, code: str, fields: dict[str, str]) -> str:
    """An error in the user's language, as far as the words are still there."""
    import tomllib

    wanted = (os.environ.get(name) for name in ("TUNEBOOK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    language = "zh" if next(filter(None, wanted), "").lower().startswith("zh") else "en"
    shown = {**fields, "value": repr(fields.get("value"))}
    try:
        entry = tomllib.loads(words.read_text(encoding="utf-8"))[code]
        said = [entry[part][language].format(**shown) for part in ("what", "do")]
    except (OSError, ValueError, LookupError):
        said = list(fields.values())
    return "\n  ".join([f"[{code}] {said[0]}", *said[1:]])


__all__ = [
    "CACHE",
    "CODE",
    "FILE",
    "HASH",
    "Fault",
    "content_hash",
    "file_fault",
    "file_hash",
    "main",
    "read_facts",
    "sealed",
]

if __name__ == "__main__":
    raise SystemExit(main(Path(__file__).resolve().parent, sys.argv[1:]))

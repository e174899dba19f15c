"""What a bundle says of itself, `bundle.json`, and whether its files are those that it was made with.

A bundle is a folder: `model.onnx` (or `model.pt2`), `tokenizer.json`, this file, a README, and a copy of the modules
that answer with `predict.py`. Nothing here needs more than the standard library.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunebook.core.errors import ModelError

FORM = 1  # of bundle.json: what a later one says is not guessed
FILE, MODEL, TOKENIZER = "bundle.json", "model.onnx", "tokenizer.json"
MODELS = {"onnx": MODEL, "torch": "model.pt2"}  # by the kind of bundle
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """bundle.json.

    Attributes:
        hash: of this file, which holds those of all others; kind: what the model is stored as, `onnx` or `torch`.
        run, task, problem, names: as of the run. link, classes: of its kind of target.
        reading: how texts become tokens: `rules` of cleaning, `max_length`, `pad`, `unknown`, `inputs`, `side` (where a
            text loses its end), `pairs`; further keys as the task needs them.
        decoding: how outputs become answers, as the task needs it.
        proof, scores, latency_ms: what was measured when it was made.
        rest: all of the file.
    """

    hash: str
    kind: str
    run: str
    task: str
    problem: str
    names: Sequence[str]
    link: str
    classes: str
    reading: Mapping[str, Any]
    decoding: Mapping[str, Any]
    proof: Mapping[str, Any]
    scores: Mapping[str, float]
    latency_ms: Mapping[str, float]
    rest: Mapping[str, Any]


_OWN = tuple(name for name in Manifest.__dataclass_fields__ if name not in ("hash", "rest"))


def read_manifest(folder: Path) -> Manifest:
    """That of a folder.

    Raises:
        ModelError: `bundle.missing`, there is none; `bundle.damaged`, it cannot be read; `bundle.newer`, a later
            version of Tunebook wrote it.
    """
    path = folder / FILE
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ModelError("bundle.missing", key=str(folder)) from error
    try:
        found = json.loads(text)
        form = int(found["format"])
        if form > FORM:
            raise ModelError("bundle.newer", key=str(path), value=form, allowed=f"<= {FORM}")
        own = {name: found[name] for name in _OWN}
    except (ValueError, LookupError, TypeError) as error:
        raise ModelError("bundle.damaged", key=str(path), reason=f"{type(error).__name__}: {error}") from error
    return Manifest(hash=hashlib.sha256(text).hexdigest(), rest=found, **own)


def check_files(folder: Path, manifest: Manifest, but: str = "") -> None:
    """Refuse a folder whose files, but for one, are not those that the bundle was made with, bit for bit.

    Raises:
        ModelError: `bundle.file_missing`, `bundle.file_changed`.
    """
    for name, known in manifest.rest.get("files", {}).items():
        path = folder / name
        if name == but:
            continue
        if not path.is_file():
            raise ModelError("bundle.file_missing", key=str(folder), value=name)
        if file_hash(path) != known:
            raise ModelError("bundle.file_changed", key=str(folder), value=name)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


__all__ = ["FILE", "FORM", "MODEL", "MODELS", "TOKENIZER", "Manifest", "check_files", "file_hash", "read_manifest"]

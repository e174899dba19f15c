"""What a bundle says of itself, `bundle.json`, and whether its files are those that it was made with.

A bundle is a folder: `model.onnx` (or `model.pt2`), `tokenizer.json`, this file, a README, and a copy of the modules
that answer with `predict.py`. Nothing here needs more than the standard library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunebook.bundle.intact import FILE, HASH, Fault, file_fault, file_hash, read_facts
from tunebook.core.errors import ModelError

FORM = 3  # of bundle.json: what another one says is not guessed; 1 had no hash of its own
PLAIN = 2  # the same where nothing was calibrated, which readers of older versions do not know
MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
MODELS = {"onnx": MODEL, "torch": "model.pt2"}  # by the kind of bundle


@dataclass(frozen=True)
class Manifest:
    """bundle.json.

    Attributes:
        hash: of what this file says, the hashes of all others among it; kind: what the model is stored as, `onnx` or
            `torch`.
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
        ModelError: `bundle.missing`, there is none; `bundle.damaged`, it cannot be read; `bundle.file_changed`, it was
            edited; `bundle.newer`, `bundle.older`, a later or earlier version of Tunebook wrote it.
    """
    found, fault = read_facts(folder)
    form = found.get("format")
    if isinstance(form, int) and form > FORM:  # its hash may be made in another way
        raise ModelError("bundle.newer", key=str(folder / FILE), value=form, allowed=f"<= {FORM}")
    if isinstance(form, int) and form < PLAIN:
        raise ModelError("bundle.older", key=str(folder / FILE), value=form, folder=folder, run=found.get("run"))
    if fault is not None:
        raise _error(fault)
    with whole_manifest(folder):
        own = {name: found[name] for name in _OWN}
        return Manifest(hash=str(found[HASH]), rest={"files": {}, **found}, **own)


@contextmanager
def whole_manifest(folder: Path) -> Iterator[None]:
    """Say of a bundle whose bundle.json is put to use inside that it is damaged, where something in there is amiss.

    Raises:
        ModelError: `bundle.damaged`.
    """
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ModelError("bundle.damaged", key=str(folder / FILE), reason=reason) from error


def check_files(folder: Path, manifest: Manifest, but: str = "") -> None:
    """Refuse a folder whose files, but for one, are not those that the bundle was made with, bit for bit.

    Raises:
        ModelError: `bundle.file_missing`, `bundle.file_changed`; `bundle.file_added`, a module that was not there.
    """
    with whole_manifest(folder):
        fault = file_fault(folder, manifest.rest["files"], but)
    if fault is not None:
        raise _error(fault)


def _error(fault: Fault) -> ModelError:
    code, fields = fault
    return ModelError(code, **fields)


__all__ = [
    "FILE",
    "FORM",
    "MODEL",
    "MODELS",
    "PLAIN",
    "TOKENIZER",
    "Manifest",
    "check_files",
    "file_hash",
    "read_manifest",
    "whole_manifest",
]

"""Write a bundle into an empty folder, and prove it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tunebook import __version__
from tunebook.bundle.calibrated import DECODING
from tunebook.bundle.intact import CACHE, FILE, file_hash, sealed
from tunebook.bundle.manifest import FORM, MODELS, PLAIN, TOKENIZER
from tunebook.bundle.runtime import Bundle
from tunebook.core.errors import RunError, TunebookError, machine_error, shortened
from tunebook.core.files import write_whole
from tunebook.core.installed import version_of
from tunebook.core.messages import say
from tunebook.core.operation import Exporting
from tunebook.export import compare
from tunebook.export.graph import write_graph, write_program
from tunebook.export.proof import check, latency, prove, same
from tunebook.export.record import Exported, Proof, size_of
from tunebook.export.smaller import How, Smaller, write_smaller
from tunebook.export.source import Source
from tunebook.export.standalone import write_code
from tunebook.export.trials import Outputs, Trial, scores, trial

_LIBRARIES = ("torch", "transformers", "tokenizers", "onnx", "onnxruntime", "numpy")


def write_bundle(source: Source, folder: Path, limits: Exporting, made_of: dict[str, Any], how: How) -> Exported:
    """Fill a folder.

    Args:
        made_of: by what a bundle is known again: `kind`, hash of the `model`, `options`.
        how: what is done to the model on the way.

    Raises:
        RunError: `export.graph`, `export.differs`, `export.unequal`. RefusedError: `shrink.loses`. MachineError: the
            disk is full, nothing can be written there.
    """
    kind = str(made_of["kind"])
    try:
        made = _write(source, kind, how, folder / MODELS[kind])
    except TunebookError:
        raise
    except Exception as error:  # torch's exporter raises a dozen kinds
        raise machine_error(error, folder) or RunError("export.graph", key=source.run, reason=_reason(error)) from error
    write_whole(folder / TOKENIZER, made.tokenizer)
    write_code(folder)
    write_whole(folder / "README.md", _readme(source, kind))
    facts = {**_facts(source), **made_of, **made.facts, "reading": {**source.reading(), **made.reading}}
    _write_manifest(folder, facts)
    measured = _measure(source, folder, limits, how)
    _write_manifest(folder, {**facts, **measured})
    return Exported(folder=folder, run=source.run, kind=kind, bytes=size_of(folder), **measured)


def _write(source: Source, kind: str, how: How, path: Path) -> Smaller:
    """The model's file."""
    if not how.nothing:
        return write_smaller(source, how, path)
    write = {"onnx": write_graph, "torch": write_program}[kind]
    write(source.model, source.inputs, source.head, path)
    return Smaller(source.tokenizer_text(), {}, source.inputs)


def _reason(error: BaseException) -> str:
    """What was at the bottom of it."""
    while (cause := error.__cause__) is not None:
        error = cause
    return shortened(f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}", 300)


def _measure(source: Source, folder: Path, limits: Exporting, how: How) -> dict[str, Any]:
    """Proof, scores and latency. Raises a RunError as `check`."""
    bundle = Bundle(folder, threads=1)
    asked = trial(source, bundle)
    outputs = bundle.outputs_of(asked.rows)
    if not how.nothing:
        return {**_cost(source, bundle, asked, outputs, limits), "latency_ms": latency(bundle, asked.rows)}
    proof = prove(bundle, source.ask, asked.rows, (asked.said, asked.asked(outputs)))
    scale = max((float(np.abs(output).max(initial=0)) for output in outputs), default=1.0)
    check(proof, limits, source.run, scale)
    found = scores(source, bundle, asked, outputs)
    return {"proof": proof.model_dump(), "scores": found, "latency_ms": latency(bundle, asked.rows)}


def _cost(source: Source, bundle: Bundle, asked: Trial, outputs: Outputs, limits: Exporting) -> dict[str, Any]:
    """What of the score a smaller model costs. Raises a RefusedError as `compare.check`."""
    matrix = bundle.matrix(asked.rows, outputs)
    found = compare.change(source, matrix)
    compare.check(found, limits.most_loss, source.run)
    share = [same(one, other) for one, other in zip(asked.said, asked.asked(outputs), strict=True)]
    difference = float(np.abs(matrix - source.said).max(initial=0))
    proof = Proof(rows=found.rows, equal_share=float(np.mean(share)), max_difference=difference)
    told = scores(source, bundle, asked, outputs)
    return {
        "proof": proof.model_dump(),
        "scores": told,
        "loss": {**found.model_dump(mode="json"), "limit": limits.most_loss},
    }


def _facts(source: Source) -> dict[str, Any]:
    """What bundle.json says before anything was measured."""
    plan, labels, decoding = source.plan, source.plan.labels, source.decoding()
    return {
        "format": FORM if DECODING in decoding else PLAIN,
        "run": source.run,
        "plan": plan.id,
        "base_model": plan.model,
        "task": plan.task,
        "problem": labels.problem,
        "names": labels.names,
        "link": labels.kind.link,
        "classes": labels.kind.classes,
        "reading": source.reading(),
        "decoding": decoding,
        "versions": {"tunebook": __version__, **{name: version_of(name) for name in _LIBRARIES}},
        "proof": {},
        "scores": {},
        "latency_ms": {},
    }


def _readme(source: Source, kind: str) -> str:
    """What the folder is, for people."""
    needs = f"numpy tokenizers {'onnxruntime' if kind == 'onnx' else 'torch'}"
    pair = ' --pair "..."' if source.data.roles.text_pair else ""
    return say("export.readme", run=source.run, task=source.plan.task, needs=needs, pair=pair) + "\n"


def _write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    """bundle.json with the hashes of all other files, and its own."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE)
    files = {path.relative_to(folder).as_posix(): file_hash(path) for path in paths if CACHE not in path.parts}
    write_whole(folder / FILE, json.dumps(sealed({**facts, "files": files}), indent=1, ensure_ascii=False) + "\n")


__all__ = ["write_bundle"]

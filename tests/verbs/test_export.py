"""A run as a bundle: the same answers, without torch, from a folder whose every file is checked."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.books import QUICK, Trained
from tests.verbs.test_evaluate import KINDS, predictions
from tests.verbs.test_predict import same
from tunebook.bundle.intact import FILE, HASH, sealed
from tunebook.bundle.runtime import Bundle, open_bundle
from tunebook.core.errors import DataError, MachineError, ModelError, PlanError, RunError
from tunebook.core.operation import Exporting
from tunebook.export.bundles import _write_manifest
from tunebook.tables.make import child
from tunebook.verbs.export import export, limits_of, source_of
from tunebook.verbs.predict import predict
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train

BARE = """
import json, sys

class Bare:
    def find_spec(self, name, *more):
        if name.split(".")[0] in ("torch", "transformers", "pydantic", "pyarrow", "pandas", "scipy", "safetensors"):
            raise ImportError(f"{name} is not to be imported")

sys.meta_path.insert(0, Bare())
from tunebook.bundle.runtime import open_bundle

texts, pairs = json.loads(sys.argv[2])
print(json.dumps(open_bundle(sys.argv[1], threads=1).predict(texts, pairs)))
"""
HOSTILE = [
    "",
    "  ",
    "a <b>lovely</b>&nbsp;stay\u200b",
    "ＧＲＥＡＴ room",
    "great " * 100,
    "🙂 room",
    "\x92 dirty",
    "房间 great",
    "great \ud83d room",
    "great \ud83d\ude42 room",
]


def asked(found: Trained) -> tuple[list[str], list[str] | None]:
    """Texts of the test rows, and some that are hard to read."""
    records = predictions(found.run)
    texts = [record["text"] for record in records] + HOSTILE
    return texts, [record.get("pair", "a plain room") for record in records] + HOSTILE[
        ::-1
    ] if found.kind == "pairs" else None


@KINDS
def test_a_bundle_answers_as_its_run(
    kind: str, trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, into = trained(kind), None
    if kind not in ("classes", "pairs"):  # a graph takes seconds to be written: torch answers in its place
        source = source_of(found.run)
        monkeypatch.setattr("tunebook.bundle.runtime._session_run", lambda *given: source.ask)
        monkeypatch.setattr("tunebook.export.bundles.write_graph", lambda *given: given[3].write_bytes(b""))
        into = tmp_path / "bundle"
    made = export(found.run, into=into)
    assert made.proof is not None
    assert made.proof.rows == found.book.data.rows["validation"]
    assert made.proof.equal_share == 1
    assert made.proof.max_difference < 1e-4
    assert set(made.latency_ms) == {"p50", "p95", "p99"}
    source = source_of(found.run)
    assert source.validation.targets is not None
    true = source.task.scores(source.said, source.validation.targets, source.plan.labels)
    assert made.scores == pytest.approx(true, abs=5e-3, nan_ok=True)  # rounding moves ties of an AUC
    texts, pairs = asked(found)
    bundle = open_bundle(made.folder, threads=1)
    answers = bundle.predict(texts, pairs)
    for one, other in zip(predict(found.run, texts, pairs), answers, strict=True):
        assert one["notes"] == other["notes"]
        same(other, one) if one["label"] is not None else None
        assert (one["label"] is None) == (other["label"] is None)


def test_it_takes_numpy_tokenizers_and_onnxruntime_alone(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    found = trained("classes")
    made = export(found.run)
    texts = ["a lovely stay", "dirty &amp; slow"]
    expected = open_bundle(made.folder).predict(texts)
    bare = [sys.executable, "-c", BARE, str(made.folder), json.dumps([texts, None])]
    said = json.loads(subprocess.run(bare, capture_output=True, text=True, check=True).stdout)
    for one, other in zip(expected, said, strict=True):
        same(other, one)
    away = shutil.copytree(made.folder, tmp_path / "away")
    alone = [sys.executable, "-I", str(away / "predict.py"), *texts, "--threads", "1"]
    lines = subprocess.run(alone, capture_output=True, text=True, check=True, cwd=tmp_path).stdout.splitlines()
    for one, other in zip(expected, map(json.loads, lines), strict=True):
        same(other, one)


def test_rows_beside_it_do_not_change_an_answer(trained: Callable[[str], Trained]) -> None:
    bundle = open_bundle(export(trained("classes").run).folder, threads=1)
    rows = bundle.read(["great", "a very slow and dirty hotel we found it really was", "so " * 30])
    together = bundle.outputs(rows)
    for row, output in zip(rows, together, strict=True):
        np.testing.assert_allclose(bundle.outputs([row])[0], output, atol=1e-5)


def test_what_is_there_and_fits_is_used_again(
    written: Trained, trained: Callable[[str], Trained], tmp_path: Path
) -> None:
    found = written
    made = export(found.run, into=tmp_path / "bundle")
    assert not made.reused
    times = {path: path.stat().st_mtime_ns for path in made.folder.rglob("*")}
    again = export(found.run, into=tmp_path / "bundle")
    assert again.reused
    assert again.model_copy(update={"reused": False}) == made
    assert {path: path.stat().st_mtime_ns for path in made.folder.rglob("*") if path in times} == times
    other = trained("number")
    with pytest.raises(RunError, match=r"export\.used"):
        export(other.run, into=tmp_path / "bundle")


def test_what_was_interrupted_leaves_nothing(written: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.export.bundles.prove", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(written.run, into=tmp_path / "bundle")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("limits", "code"),
    [(Exporting(most_difference=0), "export.differs"), (Exporting(most_difference=1, least_equal=1), "export.unequal")],
)
def test_a_bundle_that_is_not_its_run_is_refused(
    limits: Exporting, code: str, written: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunebook.verbs.export.limits_of", lambda run: limits)
    monkeypatch.setattr("tunebook.export.proof.same", lambda one, other: False)
    with pytest.raises(RunError, match=code.replace(".", r"\.")):
        export(written.run, into=tmp_path / "bundle")
    assert not any(tmp_path.iterdir())


@pytest.fixture
def written(trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch) -> Trained:
    """A run whose graph was written once, and is copied from then on."""
    found = trained("classes")
    graph = export(found.run).folder / "model.onnx"
    monkeypatch.setattr("tunebook.export.bundles.write_graph", lambda *given: shutil.copy(graph, given[3]))
    return found


def _flip(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)


def _edited(folder: Path, seal: bool = True, **facts: Any) -> None:
    """Say something else in bundle.json, with the hashes that go with it."""
    said = {**json.loads((folder / FILE).read_text()), **facts}
    (folder / FILE).write_text(json.dumps(sealed(said) if seal else said), encoding="utf-8")
    if seal and "files" not in facts:
        _write_manifest(folder, {name: value for name, value in said.items() if name not in ("files", HASH)})


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda folder: _flip(folder, "model.onnx"), "file_changed"),
        (lambda folder: _flip(folder, "tokenizer.json"), "file_changed"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "file_missing"),
        (lambda folder: (folder / FILE).unlink(), "missing"),
        (lambda folder: (folder / FILE).write_text("{"), "damaged"),
        (lambda folder: _edited(folder, names=None, format="x"), "damaged"),
        (lambda folder: _edited(folder, format=99), "newer"),
        (lambda folder: _edited(folder, seal=False, format=1, sha256=None), "older"),
        (lambda folder: _edited(folder, task="telepathy"), "task"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"x") and _edited(folder), "model"),
        (lambda folder: _edited(folder, seal=False, names=["bad", "good"]), "file_changed"),
        (lambda folder: _edited(folder, seal=False, files={}), "file_changed"),
        (lambda folder: _edited(folder, seal=False, sha256=""), "file_changed"),
        (lambda folder: (folder / FILE).write_text("[" * 99999), "damaged"),
        (lambda folder: (folder / FILE).write_text("[1]"), "damaged"),
        (lambda folder: (folder / "runtime" / "numpy.py").write_text(""), "file_added"),
        (lambda folder: _edited(folder, files=[1]), "damaged"),
        (lambda folder: _edited(folder, reading=None), "damaged"),
        (lambda folder: _edited(folder, reading={"rules": ["nosuch"]}), "damaged"),
        (lambda folder: _edited(folder, names=3), "damaged"),
    ],
)
def test_a_spoilt_bundle_is_refused(
    spoil: Callable[[Path], None], code: str, trained: Callable[[str], Trained], tmp_path: Path
) -> None:
    folder = shutil.copytree(export(trained("classes").run).folder, tmp_path / "bundle")
    spoil(folder)
    with pytest.raises(ModelError, match=rf"bundle\.{code}\b"):
        open_bundle(folder)


def test_what_does_not_matter_is_no_fault(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    folder = shutil.copytree(export(trained("classes").run).folder, tmp_path / "bundle")
    (folder / "notes.txt").write_text("mine")
    (folder / FILE).write_text(json.dumps(dict(reversed(json.loads((folder / FILE).read_text()).items())), indent=4))
    assert open_bundle(folder).predict(["great"]) == open_bundle(export(trained("classes").run).folder).predict(
        ["great"]
    )


def test_wrong_questions_are_refused(trained: Callable[[str], Trained]) -> None:
    bundle = open_bundle(export(trained("classes").run).folder)
    assert bundle.predict([]) == []
    for texts, pairs, code in ((["a"], ["b"], "pairs"), ([3], None, "text"), ([None], None, "text")):
        with pytest.raises(DataError, match=rf"bundle\.{code}"):
            bundle.predict(texts, pairs)  # type: ignore[arg-type]
    for top_k in (0, -1, 10**30, True, 1.5):
        with pytest.raises(DataError, match=r"bundle\.bounds"):
            bundle.predict(["great"], top_k=top_k)  # type: ignore[arg-type]
    for threads in (-1, 10**11):
        with pytest.raises(DataError, match=r"bundle\.bounds"):
            open_bundle(bundle.folder, threads=threads)
    assert list(bundle.predict(["great"], top_k=1)[0]["scores"]) == [bundle.predict(["great"])[0]["label"]]


def test_other_forms_are_refused(trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.export.source.HEADS", {})
    with pytest.raises(PlanError, match=r"export\.task"):
        export(trained("classes").run)


def test_a_model_that_torch_cannot_write_is_refused(
    trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any) -> None:
        raise ValueError("no such operator") from KeyError("deeper")

    monkeypatch.setattr("tunebook.export.bundles.write_graph", fail)
    with pytest.raises(RunError, match=r"export\.graph.*KeyError"):
        export(trained("classes").run, into=tmp_path / "bundle")


def test_what_the_machine_lacks_is_said_as_such(
    trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any) -> None:
        raise RuntimeError("unexpected pos 64 vs 0") from OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tunebook.export.bundles.write_graph", fail)
    with pytest.raises(MachineError, match=r"machine\.disk"):
        export(trained("classes").run, into=tmp_path / "bundle")
    assert not any(tmp_path.iterdir())
    if Path("/proc/self").exists():
        with pytest.raises(MachineError, match=r"machine\.write"):
            export(trained("classes").run, into=Path("/proc/bundle"))
        with pytest.raises(MachineError, match=r"machine\.write"):
            export(trained("classes").run, into=Path("/proc/one/bundle"))


@pytest.mark.parametrize("to", ["onnx", "hf", "triton"])
def test_a_run_whose_model_is_gone_is_told(to: str, trained: Callable[[str], Trained], tmp_path: Path) -> None:
    run = trained("classes").run
    away = Run(shutil.copytree(run.path, tmp_path / "runs" / run.id, ignore=shutil.ignore_patterns("*.safetensors")))
    with pytest.raises(RunError, match=r"run\.no_model"):
        export(away, to)
    shutil.rmtree(away.path / "model")
    with pytest.raises(RunError, match=r"run\.no_model"):
        export(away, to)


def test_a_run_without_a_book_has_the_default_limits(tmp_path: Path) -> None:
    assert limits_of(Run(tmp_path / "runs" / "one")) == Exporting()


def test_it_says_whose_it_is(trained: Callable[[str], Trained]) -> None:
    found = trained("classes")
    bundle = Bundle(export(found.run).folder)
    assert (bundle.id, bundle.task, bundle.problem) == (found.run.id, "text_classification", "single_label")
    assert list(bundle.names) == found.run.plan.labels.names
    assert bundle.gives == {"predict"}
    assert len(bundle.hash) == 64


def test_a_program_of_torch_answers_the_same(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    found = trained("classes")
    made = export(found.run, "torch", into=tmp_path / "program")
    assert made.kind == "torch"
    assert made.proof is not None
    assert made.proof.equal_share == 1
    texts = ["great", "a slow and dirty room"]
    for one, other in zip(open_bundle(made.folder).predict(texts), predict(found.run, texts), strict=True):
        same(one, other)
    (made.folder / "model.pt2").write_bytes(b"x")
    _edited(made.folder)
    with pytest.raises(ModelError, match=r"bundle\.model"):
        open_bundle(made.folder)


def test_a_plain_folder_has_a_card_and_is_used_again(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    found = trained("classes")
    made = export(found.run, "hf", into=tmp_path / "plain")
    assert (made.kind, made.reused) == ("hf", False)
    assert "pipeline_tag: text-classification" in (made.folder / "README.md").read_text(encoding="utf-8")
    assert made.proof is not None
    assert made.proof.equal_share is None
    assert export(found.run, "hf", into=tmp_path / "plain").reused
    with pytest.raises(RunError, match=r"export\.used"):
        export(trained("number").run, "hf", into=tmp_path / "plain")


def test_other_kinds_are_refused(trained: Callable[[str], Trained]) -> None:
    with pytest.raises(PlanError, match=r"export\.kind"):
        export(trained("classes").run, "gguf")


@pytest.mark.parametrize(("module", "kind"), [("onnxruntime", "onnx"), ("tokenizers", "onnx"), ("torch", "torch")])
def test_what_is_not_installed_is_named(
    module: str, kind: str, trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(export(trained("classes").run).folder, tmp_path / "bundle")
    _edited(folder, kind=kind)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MachineError, match=r"machine\.extra"):
        open_bundle(folder)


def test_what_was_trained_beside_a_base_is_part_of_the_bundle(
    trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = trained("binary")
    table = child(found.book.champion, {**QUICK, "lora": "on", "max_epochs": 1})
    run = train(plan(table, found.book.data), tmp_path / "runs", track=())
    source = source_of(run)
    assert not [name for name in source.model.state_dict() if "lora" in name]
    monkeypatch.setattr("tunebook.bundle.runtime._session_run", lambda *given: source.ask)
    monkeypatch.setattr("tunebook.export.bundles.write_graph", lambda *given: given[3].write_bytes(b""))
    made = export(run, into=tmp_path / "bundle")
    assert made.proof is not None
    assert made.proof.equal_share == 1
    texts = ["great", "a slow and dirty room"]
    for one, other in zip(open_bundle(made.folder).predict(texts), predict(run, texts), strict=True):
        same(one, other)

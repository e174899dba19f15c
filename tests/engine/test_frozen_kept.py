"""What frozen layers have made is found by all that decides it, and by nothing else."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from tests import small
from tests.engine.test_fit import material, plan, rows
from tests.engine.test_frozen import FREEZE, files, largest, model, train, train_anew
from tunebook.core.progress import Silent
from tunebook.engine import frozen, layer_outputs
from tunebook.engine.fit import Fit
from tunebook.engine.frozen import KEY
from tunebook.engine.material import Material
from tunebook.engine.outcome import Outcome
from tunebook.engine.speedups import TrimmedEmbedding
from tunebook.engine.tokens import encode
from tunebook.tasks.text_classification import TextClassification

__all__ = ["model"]


def fitted(given: Material, folder: Path, layers: Any = 2) -> Outcome:
    folder.mkdir(parents=True)
    return Fit(plan({"freeze": {"layers": layers}}), given, folder).run()


def shifted(model: Path, folder: Path, name: str) -> Path:
    """The base model with one weight a little to the side."""
    shutil.copytree(model, folder)
    weights = load_file(folder / "model.safetensors")
    weights[name].view(-1)[0] += 1e-3
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def read_by(given: Material, tokenizer: Any, length: int = 20, last: int = 0) -> Material:
    """The rows as another tokenizer reads them, or cut elsewhere, or with `last` in place of the last one."""
    train = rows(96, 0)
    if last:
        train = replace(train, texts=[*train.texts[:-1], small.texts(1, seed=last)[0][0]])
    parts = [encode(part, TextClassification(), tokenizer, length) for part in (train, rows(48, 1))]
    return replace(given, tokenizer=tokenizer, train=parts[0], validation=parts[1])


CHANGES: dict[str, Callable[[Material, Path], Material]] = {
    "weights": lambda it, to: replace(
        it, model_folder=shifted(it.model_folder, to, "encoder.layer.1.output.dense.weight")
    ),
    "embeddings": lambda it, to: replace(
        it, model_folder=shifted(it.model_folder, to, "embeddings.word_embeddings.weight")
    ),
    "rows": lambda it, _: read_by(it, it.tokenizer, last=77),
    "tokenizer": lambda it, _: read_by(it, small.tokenizer(vocabulary=small.words()[::-1])),
    "length": lambda it, _: read_by(it, it.tokenizer, length=6),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_change_alone_makes_it_another(what: str, model: Path, tmp_path: Path) -> None:
    first = replace(material(model), cache=tmp_path / "cache")
    fitted(first, tmp_path / "first")
    changed = CHANGES[what](first, tmp_path / "other")
    assert "borrowed_seconds" not in fitted(changed, tmp_path / "changed").counters[KEY]
    assert len(files(tmp_path / "cache")) == 2
    found = fitted(changed, tmp_path / "again")
    assert found.counters[KEY]["borrowed_seconds"] == found.borrowed_seconds > 0, "the same again is found"


def test_layers_precision_and_versions_make_it_another(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = replace(material(model), cache=tmp_path / "cache")
    fitted(given, tmp_path / "first")
    fitted(given, tmp_path / "one", layers=1)
    monkeypatch.setattr(frozen, "_FORM", -1)
    fitted(given, tmp_path / "form")
    monkeypatch.setattr(frozen.transformers, "__version__", "0")
    fitted(given, tmp_path / "version")
    assert len(files(tmp_path / "cache")) == 4


def test_what_lies_above_the_cut_is_nothing_to_it(model: Path, tmp_path: Path) -> None:
    given = replace(material(model), cache=tmp_path / "cache")
    fitted(given, tmp_path / "first")
    other = shifted(model, tmp_path / "other", "encoder.layer.2.output.dense.weight")
    found = fitted(replace(given, model_folder=other), tmp_path / "second")
    assert found.borrowed_seconds > 0 and len(files(tmp_path / "cache")) == 1


def test_the_file_of_another_model_in_its_place_is_not_believed(model: Path, tmp_path: Path) -> None:
    given = replace(material(model), cache=tmp_path / "cache")
    fitted(given, tmp_path / "first")
    (own,) = files(tmp_path / "cache")
    whole = own.read_bytes()
    stranger = tmp_path / "stranger"
    shutil.copytree(model, stranger)
    weights = load_file(stranger / "model.safetensors")
    save_file({name: item + 0.01 for name, item in weights.items()}, stranger / "model.safetensors", {"format": "pt"})
    fitted(replace(given, model_folder=stranger), tmp_path / "other")
    (foreign,) = set(files(tmp_path / "cache")) - {own}
    shutil.copyfile(foreign, own)
    assert own.read_bytes() != whole
    assert fitted(given, tmp_path / "again").counters[KEY]["once"] == 0
    assert largest(tmp_path / "first", tmp_path / "again") < 1e-5


class Thaw(TrainerCallback):  # type: ignore[misc]
    """Thaws the topmost frozen layer after six steps, and sees in which steps it learns."""

    name = "bert.encoder.layer.1.output.dense.weight"

    def __init__(self) -> None:
        self.learns: list[bool] = []

    def on_step_begin(self, args: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
        if state.global_step == 6:
            model.get_parameter(self.name).requires_grad_(True)

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
        self.learns.append(model.get_parameter(self.name).grad is not None)


def test_when_a_layer_thaws_what_is_known_is_dropped(model: Path, tmp_path: Path) -> None:
    made, thaw = plan(FREEZE, logging_steps=1), Thaw()
    assert train(model, tmp_path / "once", made, tmp_path / "cache", callbacks=[thaw]).counters[KEY]["once"] == 1
    assert thaw.learns == [False] * 6 + [True] * 18, "its outputs are computed from then on"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frozen, "_known", lambda *_: None)
        train(model, tmp_path / "anew", made, callbacks=[Thaw()])
    assert largest(tmp_path / "anew", tmp_path / "once") < 1e-5


def test_gradual_unfreezing_keeps_only_what_never_thaws(model: Path, tmp_path: Path) -> None:
    assert KEY not in train(model, tmp_path / "alone", plan({"gradual_unfreezing": {}}), tmp_path / "cache").counters
    assert not (tmp_path / "cache").exists()
    both = plan({"gradual_unfreezing": {}, "freeze": {"layers": 1}})
    assert train(model, tmp_path / "both", both, tmp_path / "cache").counters[KEY] == {"layers": 1.0, "once": 1}
    train_anew(model, tmp_path / "anew", both)
    assert largest(tmp_path / "anew", tmp_path / "both") < 1e-5


@pytest.mark.parametrize("layers", [2, "all"])
def test_with_a_multilingual_base_it_is_the_same(layers: Any, tmp_path: Path) -> None:
    """Whose token vectors are cut down to those that occur, unless they are frozen."""
    base = small.base_model(tmp_path / "base", "xlm-roberta")
    made = plan({"freeze": {"layers": layers}})
    seen: list[bool] = []

    class Look(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, model: Any, **_: Any) -> None:
            seen.append(isinstance(model.get_input_embeddings(), TrimmedEmbedding))

    assert train(base, tmp_path / "once", made, tmp_path / "cache", callbacks=[Look()]).counters[KEY]["once"] == 1
    train_anew(base, tmp_path / "anew", made)
    train(base, tmp_path / "plain", plan({}), callbacks=[Look()])
    assert largest(tmp_path / "anew", tmp_path / "once") < 1e-5
    assert seen == [False, True]


@pytest.mark.parametrize("small_enough", [True, False])
def test_a_disk_that_fills_up_in_the_middle_stops_no_training(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_enough: bool
) -> None:
    """The system itself refuses to write on, after a few thousand bytes."""
    write, told = layer_outputs.write, []

    def full(*given: Any) -> None:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            write(*given)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    monkeypatch.setattr(layer_outputs, "write", full)
    monkeypatch.setattr(frozen, "SMALL", frozen.SMALL if small_enough else 0)
    watch = type("Watch", (Silent,), {"note": lambda self, text: told.append(text)})()
    outcome = train(model, tmp_path / "run", plan(FREEZE), tmp_path / "cache", progress=watch)
    assert outcome.counters[KEY]["once"] == int(small_enough)
    assert not [path for path in (tmp_path / "cache" / frozen.FOLDER).iterdir() if path.suffix != ".lock"]
    assert small_enough or any("File too large" in text for text in told)
    train_anew(model, tmp_path / "anew", plan(FREEZE))
    assert largest(tmp_path / "anew", tmp_path / "run") < 1e-5


SCRIPT = """
import os, signal, sys
from pathlib import Path
from tests.engine.test_fit import plan
from tests.engine.test_frozen import FREEZE, train
from tunebook.engine import frozen
computed = frozen._computed
def killed(*given):
    for number, part in enumerate(computed(*given)):
        yield part
        if number:
            os.kill(os.getpid(), signal.SIGKILL)
frozen._computed, frozen.SMALL, frozen._TOKENS = killed, 0, 256
train(Path(sys.argv[1]), Path(sys.argv[2]) / "run", plan(FREEZE), Path(sys.argv[2]) / "cache")
"""


def test_a_kill_while_it_is_written_leaves_nothing_that_is_read(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(model), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    folder = tmp_path / "cache" / frozen.FOLDER
    assert list(folder.glob(".*.part")) and not files(tmp_path / "cache"), "it was killed in the middle"
    monkeypatch.setattr(frozen, "SMALL", 0)
    found = train(model, tmp_path / "next", plan(FREEZE), tmp_path / "cache")
    assert found.counters[KEY] == {"layers": 2.0, "once": 1} and found.borrowed_seconds == 0, "made anew"
    assert not list(folder.glob(".*.part")) and len(files(tmp_path / "cache")) == 1
    train(model, tmp_path / "anew", plan(FREEZE))
    assert largest(tmp_path / "anew", tmp_path / "next") < 1e-5

"""A damaged checkpoint is set aside with a line, and the run goes on from the one before as if that were the last."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.engine.test_fit import BombError, bomb, fit, plan, weights
from tests.small import base_model
from tunebook.core.progress import Silent
from tunebook.engine.checkpoints import best_checkpoint, fault, rescue, sound_checkpoint
from tunebook.engine.outcome import last_checkpoint


class Heard(Silent):
    """Remembers what is out of the ordinary."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, torch.Tensor]]:
    """A base model, a run that was stopped with two checkpoints, and the weights that it ends with."""
    model = base_model(tmp_path_factory.mktemp("model"))
    folder = tmp_path_factory.mktemp("runs")
    fit(model, folder / "whole", plan(max_steps=12, eval_every=4)).run()
    with pytest.raises(BombError):
        fit(model, folder / "parts", plan(max_steps=12, eval_every=4), callbacks=[bomb(10)]).run()
    return model, folder / "parts", weights(folder / "whole")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


HARM = {"cut": cut, "empty": lambda path: path.write_bytes(b""), "missing": Path.unlink}
FILES = ["model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"]


@pytest.mark.parametrize("how", HARM)
@pytest.mark.parametrize("file", FILES)
def test_every_file_of_a_checkpoint_is_looked_at(
    file: str, how: str, stopped: tuple[Path, Path, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    shutil.copytree(stopped[1], tmp_path / "run")
    last = tmp_path / "run" / "checkpoints" / "checkpoint-8"
    assert fault(last) == ""
    HARM[how](last / file)
    heard = Heard()
    assert sound_checkpoint(tmp_path / "run", heard) == last.with_name("checkpoint-4")
    (said,) = heard.notes
    assert "checkpoint-8 is damaged" in said and "step 4" in said and file[-4:] in said
    assert last.with_name("damaged-checkpoint-8").is_dir() and not last.exists()
    assert best_checkpoint(tmp_path / "run") == last.with_name("checkpoint-4")


def test_one_wrong_byte_of_the_optimisers_state_is_seen(
    stopped: tuple[Path, Path, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    shutil.copytree(stopped[1] / "checkpoints" / "checkpoint-8", tmp_path / "checkpoint")
    flip(tmp_path / "checkpoint" / "optimizer.pt")
    assert fault(tmp_path / "checkpoint") == "optimizer.pt"


def test_what_a_kill_cut_off_is_no_damage_and_nothing_left_begins_anew(
    stopped: tuple[Path, Path, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    shutil.copytree(stopped[1], tmp_path / "run")
    last = tmp_path / "run" / "checkpoints" / "checkpoint-8"
    (last / "tunebook_state.pt").unlink()
    heard = Heard()
    assert sound_checkpoint(tmp_path / "run", heard) == last.with_name("checkpoint-4") and not heard.notes
    (last.with_name("checkpoint-4") / "optimizer.pt").unlink()
    with pytest.warns(UserWarning, match="begins anew"):
        assert sound_checkpoint(tmp_path / "run") is None
    shutil.copytree(stopped[1] / "checkpoints" / "checkpoint-4", last.with_name("checkpoint-4"))
    (last.with_name("checkpoint-4") / "optimizer.pt").unlink()
    assert sound_checkpoint(tmp_path / "run", heard) is None
    assert last.with_name("damaged-checkpoint-4-2").is_dir()


@pytest.mark.parametrize("lost", ["checkpoint-8", "checkpoint-4"])
def test_the_run_ends_as_if_nothing_had_happened_wherever_it_stands(
    lost: str, stopped: tuple[Path, Path, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    """The best checkpoint is told by a path of the folder in which the run was; here that is gone or another's."""
    model, run, whole = stopped
    shutil.copytree(run, tmp_path / "moved")
    (tmp_path / "moved" / "checkpoints" / lost / "optimizer.pt").unlink()
    found = sound_checkpoint(tmp_path / "moved", Heard())
    fit(model, tmp_path / "moved", plan(max_steps=12, eval_every=4)).run(found)
    parts = weights(tmp_path / "moved")
    if lost == "checkpoint-8":
        assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert not list(run.parent.glob("parts/model"))


def test_a_run_that_was_moved_keeps_its_best_look(
    stopped: tuple[Path, Path, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    model, run, _ = stopped
    shutil.copytree(run, tmp_path / "moved")
    newest = last_checkpoint(tmp_path / "moved")
    assert newest is not None
    state = json.loads((newest / "trainer_state.json").read_text())
    here = tmp_path / "moved" / "checkpoints" / f"checkpoint-{state['best_global_step']}"
    assert here.is_dir()
    state |= {"best_model_checkpoint": f"/gone/{here.name}", "best_metric": 2.0}
    (newest / "trainer_state.json").write_text(json.dumps(state))
    outcome = fit(model, tmp_path / "moved", plan(max_steps=12, eval_every=4)).run(newest)
    assert outcome.best_step == state["best_global_step"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base_model(tmp_path_factory.mktemp("model"))


def test_the_best_checkpoint_becomes_the_model(model: Path, tmp_path: Path) -> None:
    made = plan(max_epochs=4, learning_rate=1e-2)
    with pytest.raises(BombError):
        fit(model, tmp_path / "run", made, callbacks=[bomb(30)]).run()
    best = best_checkpoint(tmp_path / "run")
    assert best is not None
    kept = rescue(fit(model, tmp_path / "run", made))
    assert kept == tmp_path / "run" / "model" and not (tmp_path / "run" / "model.part").exists()
    found = weights(tmp_path / "run")
    stored = dict(load_file(best / "model.safetensors"))
    head = next(name for name in stored if name.startswith("classifier") and name.endswith("weight"))
    assert torch.equal(found[head], stored[head])
    assert len(found["bert.embeddings.word_embeddings.weight"]) == 50, "the whole vocabulary is back"


def test_the_newest_where_none_is_best(model: Path, tmp_path: Path) -> None:
    made = plan(max_epochs=4, learning_rate=1e-2)
    with pytest.raises(BombError):
        fit(model, tmp_path, made, callbacks=[bomb(30)]).run()
    newest = max((tmp_path / "checkpoints").iterdir(), key=lambda path: int(path.name.split("-")[1]))
    state = json.loads((newest / "trainer_state.json").read_text())
    (newest / "trainer_state.json").write_text(json.dumps(state | {"best_model_checkpoint": "/gone/checkpoint-999"}))
    assert best_checkpoint(tmp_path) == newest
    shutil.rmtree(tmp_path / "checkpoints")
    assert best_checkpoint(tmp_path) is None
    assert rescue(fit(model, tmp_path, made)) is None


@pytest.fixture(scope="module")
def above(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with frozen layers that was stopped with two checkpoints."""
    folder = tmp_path_factory.mktemp("frozen")
    with pytest.raises(BombError):
        fit(model, folder, FROZEN, callbacks=[bomb(10)]).run()
    return folder


FROZEN = plan({"freeze": {"layers": 1}}, max_steps=12, eval_every=4)
KEPT = "trained.safetensors"


def test_a_checkpoint_holds_what_is_above_frozen_layers(model: Path, above: Path, tmp_path: Path) -> None:
    newest = last_checkpoint(above)
    assert newest is not None and not (newest / "model.safetensors").exists()
    held = load_file(newest / KEPT)
    assert not any("embeddings" in name or "layer.0" in name for name in held)
    assert {"classifier.weight", "bert.pooler.dense.weight"} < held.keys() and any("layer.1" in name for name in held)
    shutil.copytree(above, tmp_path / "run")
    kept = rescue(fit(model, tmp_path / "run", FROZEN))
    best = best_checkpoint(tmp_path / "run")
    assert kept is not None and best is not None
    best_held, found = load_file(best / KEPT), load_file(kept / "model.safetensors")
    assert torch.equal(found["bert.pooler.dense.weight"], best_held["bert.pooler.dense.weight"])
    low = "bert.encoder.layer.0.output.dense.weight"
    assert torch.equal(found[low], load_file(model / "model.safetensors")[low.removeprefix("bert.")])


@pytest.mark.parametrize("how", HARM)
def test_one_of_them_that_is_damaged_is_set_aside(how: str, above: Path, tmp_path: Path) -> None:
    shutil.copytree(above, tmp_path / "run")
    last = tmp_path / "run" / "checkpoints" / "checkpoint-8"
    HARM[how](last / KEPT)
    heard = Heard()
    assert sound_checkpoint(tmp_path / "run", heard) == last.with_name("checkpoint-4") and len(heard.notes) == 1


def test_a_whole_one_with_frozen_layers_is_gone_on_from(model: Path, above: Path, tmp_path: Path) -> None:
    """As other versions wrote them."""
    for name in ("one", "other"):
        shutil.copytree(above, tmp_path / name)
    checkpoint = last_checkpoint(tmp_path / "other")
    assert checkpoint is not None
    trainer = fit(model, tmp_path / "other", FROZEN).prepare()
    trainer.weave.put_back(checkpoint)
    torch.save({}, checkpoint / "training_args.bin")
    (checkpoint / KEPT).unlink()
    trainer.model.save_pretrained(checkpoint)
    for name in ("one", "other"):
        fit(model, tmp_path / name, FROZEN).run(last_checkpoint(tmp_path / name))
    one, other = weights(tmp_path / "one"), weights(tmp_path / "other")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_may_thaw_is_held(model: Path, tmp_path: Path) -> None:
    made = plan({"gradual_unfreezing": {}}, max_steps=12, eval_every=4)
    with pytest.raises(BombError):
        fit(model, tmp_path, made, callbacks=[bomb(6)]).run()
    newest = last_checkpoint(tmp_path)
    assert newest is not None and "bert.encoder.layer.0.output.dense.weight" in load_file(newest / "model.safetensors")

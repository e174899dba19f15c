"""A training whose frozen layers read each text once is the same training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests import small
from tests.engine.test_fit import BombError, bomb, material, plan, weights
from tunebook.core.nouns import Plan
from tunebook.core.progress import Silent
from tunebook.engine import frozen, layer_outputs
from tunebook.engine.fit import Fit
from tunebook.engine.frozen import FOLDER, KEY, Texts, read_once
from tunebook.engine.outcome import Outcome, last_checkpoint
from tunebook.engine.track import read_history
from tunebook.nets.frozen import FrozenLayers

FREEZE = {"freeze": {"layers": 2}}
Train = Callable[..., Outcome]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


def train(model: Path, folder: Path, made: Plan, cache: Path | None = None, resume: Any = None, **more: Any) -> Outcome:
    folder.mkdir(parents=True, exist_ok=True)
    return Fit(made, replace(material(model), cache=cache), folder, **more).run(resume)


def train_anew(model: Path, folder: Path, made: Plan) -> Outcome:
    """With all layers in each pass."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frozen, "_known", lambda *_: None)
        return train(model, folder, made)


def largest(one: Path, other: Path) -> float:
    """The largest difference of losses at any step or look, and of weights."""
    before, after = weights(one), weights(other)
    found = [float((before[name] - after[name]).abs().max()) for name in before]
    for left, right in zip(*(read_history(folder / "metrics.jsonl") for folder in (one, other)), strict=True):
        assert left.keys() == right.keys()
        found += [abs(left[name] - right[name]) for name in left if "loss" in name or "accuracy" in name]
    return max(found)


def files(cache: Path) -> list[Path]:
    return sorted((cache / FOLDER).glob("*.states"))


@pytest.mark.parametrize(
    ("used", "params"),
    [
        (FREEZE, {}),
        ({"freeze": {"layers": "all"}}, {}),
        (FREEZE, {"batch_size": 4, "gradient_accumulation_steps": 2, "length_bucketing": "off"}),
        (FREEZE | {"ema": {}}, {}),
        (FREEZE | {"r_drop": {}}, {}),
        ({"freeze": {"pattern": r"embeddings|layer\.0"}}, {}),
    ],
)
def test_it_is_the_same_training(model: Path, tmp_path: Path, used: dict[str, Any], params: dict[str, Any]) -> None:
    """Losses at each step, scores and weights, with the dropout of the layers above."""
    made = plan(used, logging_steps=1, **params)
    assert train_anew(model, tmp_path / "anew", made).counters[KEY]["once"] == 0
    assert train(model, tmp_path / "once", made).counters[KEY] == {"layers": float(_cut(used)), "once": 1}
    assert largest(tmp_path / "anew", tmp_path / "once") < 1e-5


def _cut(used: dict[str, Any]) -> int:
    return {"all": 3, None: 1}.get(used["freeze"].get("layers"), 2)  # type: ignore[call-overload, no-any-return]


def test_in_bf16_it_is_the_same_but_for_rounding(model: Path, tmp_path: Path) -> None:
    made = plan(FREEZE, precision="bf16")
    train_anew(model, tmp_path / "anew", made)
    assert train(model, tmp_path / "once", made).counters[KEY]["once"] == 1
    assert largest(tmp_path / "anew", tmp_path / "once") < 0.02


def test_another_training_reads_what_is_kept(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another seed, rate and dropout, to the bit as if it had made it itself; others have files of their own."""
    cache, other = tmp_path / "cache", plan(FREEZE, seed=6, learning_rate=1e-2, dropout=0.3)
    train(model, tmp_path / "first", plan(FREEZE), cache)
    train(model, tmp_path / "own", other)
    assert len(files(cache)) == 1
    with monkeypatch.context() as patch:
        patch.setattr(frozen, "_computed", lambda *_: 1 / 0)
        train(model, tmp_path / "kept", other, cache)
    assert largest(tmp_path / "own", tmp_path / "kept") == 0
    train(model, tmp_path / "deeper", plan({"freeze": {"layers": 1}}), cache)
    train(model, tmp_path / "rounded", plan(FREEZE, precision="bf16"), cache)
    train(small.base_model(tmp_path / "roberta", "roberta"), tmp_path / "another", plan(FREEZE), cache)
    assert len(files(cache)) == 4


def test_a_file_of_other_states_is_not_believed(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, made, read = tmp_path / "cache", plan(FREEZE), layer_outputs.read
    train(model, tmp_path / "first", made, cache)

    def others(path: Path, lengths: Mapping[bytes, int]) -> tuple[Tensor, float] | None:
        kept = read(path, lengths)
        return None if kept is None else (torch.zeros_like(kept[0]), kept[1])

    monkeypatch.setattr(layer_outputs, "read", others)
    assert train(model, tmp_path / "again", made, cache).counters[KEY]["once"] == 0
    assert largest(tmp_path / "first", tmp_path / "again") < 1e-5


def test_a_damaged_file_is_made_anew(model: Path, tmp_path: Path) -> None:
    cache, made = tmp_path / "cache", plan(FREEZE)
    train(model, tmp_path / "first", made, cache)
    (path,) = files(cache)
    whole = path.read_bytes()
    path.write_bytes(whole[:-600] + bytes([whole[-600] ^ 1]) + whole[-599:])
    assert train(model, tmp_path / "again", made, cache).counters[KEY]["once"] == 1
    assert largest(tmp_path / "first", tmp_path / "again") == 0 and path.read_bytes()[:-300] == whole[:-300]


def test_a_resume_is_exact(model: Path, tmp_path: Path) -> None:
    made = plan(FREEZE, max_steps=40, eval_every=20, max_epochs=9)
    train(model, tmp_path / "whole", made, tmp_path / "cache")
    with pytest.raises(BombError):
        train(model, tmp_path / "parts", made, callbacks=[bomb(33)])
    found = train(model, tmp_path / "parts", made, resume=last_checkpoint(tmp_path / "parts"))
    assert found.counters[KEY]["once"] == 1
    assert largest(tmp_path / "whole", tmp_path / "parts") == 0


@pytest.mark.parametrize("small_enough", [True, False])
def test_a_full_disk_stops_no_training(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_enough: bool
) -> None:
    """What is small stays in memory; else it is said that the layers are computed."""
    monkeypatch.setattr(layer_outputs.shutil, "disk_usage", lambda path: type("", (), {"free": 0})())
    if not small_enough:
        monkeypatch.setattr(frozen, "SMALL", 0)
    told: list[str] = []
    watch = type("Watch", (Silent,), {"note": lambda self, text: told.append(text)})()
    outcome = train(model, tmp_path / "run", plan(FREEZE), tmp_path / "cache", progress=watch)
    assert outcome.counters[KEY]["once"] == int(small_enough)
    assert not files(tmp_path / "cache")
    assert small_enough or any("No space left on device" in text for text in told)


def test_what_is_large_goes_to_the_disk_alone(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen, "SMALL", 0)
    made = plan(FREEZE)
    assert train(model, tmp_path / "nowhere", made).counters[KEY]["once"] == 0
    assert train(model, tmp_path / "disk", made, tmp_path / "cache").counters[KEY]["once"] == 1
    assert largest(tmp_path / "nowhere", tmp_path / "disk") < 1e-5


@pytest.mark.parametrize(
    ("used", "params"), [({"fgm": {}}, {}), ({"neftune": {}}, {}), ({}, {"gradient_checkpointing": True})]
)
def test_who_changes_what_the_layers_read_has_them_computed(
    model: Path, tmp_path: Path, used: dict[str, Any], params: dict[str, Any]
) -> None:
    made = plan(FREEZE | used, **params)
    train_anew(model, tmp_path / "anew", made)
    found = train(model, tmp_path / "once", made).counters[KEY]
    assert found.get("watched", 0) > 0 or found["once"] == 0
    assert largest(tmp_path / "anew", tmp_path / "once") < 1e-5


@pytest.mark.parametrize("used", [{}, {"lora": {}}, {"freeze": {"embeddings": True}}, {"bitfit": {}}])
def test_without_frozen_layers_there_is_nothing_to_keep(model: Path, tmp_path: Path, used: dict[str, Any]) -> None:
    made = plan(used, max_steps=2, eval_every=1, warmup_steps=0)
    assert KEY not in train(model, tmp_path / "run", made, tmp_path / "cache").counters
    assert not (tmp_path / "cache").exists()


def test_texts_that_are_read_once_are_not_kept(model: Path, tmp_path: Path) -> None:
    outcome = train(model, tmp_path / "run", plan(FREEZE, max_epochs=1), tmp_path / "cache")
    assert KEY not in outcome.counters
    assert not files(tmp_path / "cache")


def test_each_text_is_read_once_by_the_frozen_layers(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """96 training and 48 validation rows, whatever the number of epochs."""
    counted: list[int] = []
    whole = FrozenLayers.states

    def states(self: FrozenLayers, batch: Any) -> torch.Tensor:
        counted.append(len(batch["input_ids"]))
        return whole(self, batch)

    monkeypatch.setattr(FrozenLayers, "states", states)
    train(model, tmp_path / "run", plan(FREEZE, max_epochs=5))
    assert sum(counted[1:]) == 144
    assert counted[0] == 1, "one to see how large it will be"
    assert Texts.__doc__ and read_once.__doc__


@pytest.mark.parametrize(("layers", "used", "tokens"), [("all", {}, 144), ("all", {"mixup": {}}, None), (2, {}, None)])
def test_of_a_wholly_frozen_encoder_only_what_the_head_reads_is_kept(
    model: Path, tmp_path: Path, layers: Any, used: dict[str, Any], tokens: int | None
) -> None:
    """The first token of each of the 144 texts, unless a technique goes by more than the loss."""
    made = plan({"freeze": {"layers": layers}} | used)
    train(model, tmp_path / "run", made, tmp_path / "cache")
    (path,) = files(tmp_path / "cache")
    every = sum(part.lengths.sum() for part in (material(model).train, material(model).validation))
    overhead = path.stat().st_size - (tokens or every) * 16 * 4  # 16 numbers of four bytes a token
    assert 0 < overhead < 5000, "keys and lengths of the texts"

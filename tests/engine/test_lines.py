"""Rows in one line are the same training: on one process or two, in whatever parts, beside techniques; else padded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tests.engine import decoder
from tunebook.core.formatting import noticed
from tunebook.core.registry import techniques
from tunebook.core.technique import in_one_line
from tunebook.engine.lines import unpadded
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.track import read_history
from tunebook.nets.next_token import Predict
from tunebook.tasks.causal_lm import CausalLm

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return decoder.still(small.base_model(tmp_path_factory.mktemp(request.param), request.param))


@pytest.fixture(scope="module")
def padded(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a training with padding left."""
    folder = tmp_path_factory.mktemp("padded")
    outcome = decoder.fit(model, folder, decoder.plan(packing="off")).run()
    assert "packing" not in outcome.counters
    return folder


def alike(one: Path, other: Path) -> None:
    """The same losses to 1e-5, and the same model."""
    first, second = (
        [entry["loss"] for entry in read_history(folder / "metrics.jsonl") if "loss" in entry]
        for folder in (one, other)
    )
    assert first
    assert first == pytest.approx(second, abs=1e-5)
    mine, theirs = decoder.weights(one), decoder.weights(other)
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        np.testing.assert_allclose(value, theirs[name], rtol=1e-3, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("settings", [
    {}, {"tokens_at_once": 40}, {"batch_size": 4, "gradient_accumulation_steps": 4},
    {"tokens_at_once": 40, "packing": "off"}, {"tokens_at_once": 3, "gradient_checkpointing": True},
], ids=str)  # fmt: skip
def test_it_is_the_training_with_padding(model: Path, padded: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    outcome = decoder.fit(model, tmp_path, decoder.plan(**settings)).run()
    assert outcome.counters.get("packing", {}).get("one_line", 0) == (settings.get("packing") != "off")
    alike(tmp_path, padded)


def test_passes_have_no_padding(model: Path, tmp_path: Path) -> None:
    trainer = decoder.fit(model, tmp_path, decoder.plan(tokens_at_once=60)).prepare()
    seen: list[torch.Tensor] = []

    def watch(module: Any, given: tuple[torch.Tensor, ...]) -> None:
        seen.extend(given if trainer.model.training else ())

    trainer.model.get_input_embeddings().register_forward_pre_hook(watch)
    trainer.train()
    assert all(len(ids) == 1 and ids.numel() <= 60 and bool((ids >= 5).all()) for ids in seen)
    assert sum(ids.numel() for ids in seen) >= 2 * 16 * 4


@pytest.mark.parametrize("key", ["l2_sp", "r_drop", "lora"])
def test_techniques_that_go_by_the_loss_have_rows_in_one_line(key: str, tmp_path: Path) -> None:
    model = small.base_model(tmp_path / "base", "gpt2")  # with dropout
    outcome = decoder.fit(model, tmp_path, decoder.plan({key: {}}, max_steps=4)).run()
    assert outcome.counters["packing"]["one_line"] == 1
    assert outcome.counters[key]


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_vectors_before_a_text_are_learnt_with_padding(kind: str, tmp_path: Path) -> None:
    model = small.base_model(tmp_path / "base", kind)
    outcome = decoder.fit(model, tmp_path, decoder.plan({"prefix": {}}, max_steps=4)).run()
    assert "packing" not in outcome.counters
    assert outcome.counters["prefix"]["tensors_moved"]


@pytest.mark.parametrize("key", ["neftune", "fgm", "pgd"])
def test_words_are_shifted_row_by_row_in_one_line_too(model: Path, key: str, tmp_path: Path) -> None:
    for packing in ("auto", "off"):
        made = decoder.plan({key: {}}, max_steps=4, packing=packing)
        outcome = decoder.fit(model, tmp_path / packing, made).run()
        assert outcome.counters.get("packing", {}).get("one_line", 0) == (packing == "auto")
    alike(tmp_path / "auto", tmp_path / "off")


def test_techniques_that_look_at_lines_keep_the_padding() -> None:
    params = decoder.plan().params
    assert in_one_line(params, [techniques()["layer_decay"](), techniques()["neftune"]()])
    assert not in_one_line(params, [techniques()["coral"]()])
    assert not in_one_line(decoder.plan(packing="off").params, [])


def test_a_model_that_answers_otherwise_is_trained_with_padding(
    model: Path, padded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunebook.nets.next_token.answers_alike", lambda *_: False)
    monkeypatch.setattr(CausalLm, "one_line", True)
    outcome = decoder.fit(model, tmp_path, decoder.plan()).run()
    assert outcome.counters["packing"]["one_line"] == 0
    (said,) = noticed(outcome.counters)
    assert "length_bucketing=on" in said
    alike(tmp_path, padded)


def test_too_few_rows_prove_nothing(model: Path, tmp_path: Path) -> None:
    training = decoder.fit(model, tmp_path, decoder.plan())
    trainer = training.prepare()
    found = Predict(1)
    assert unpadded(found, training.task, decoder.rows(1), 0, trainer.weave) is found
    nothing = decoder.rows(9)
    nothing.flat["labels"][:] = -100
    assert unpadded(found, training.task, nothing, 0, trainer.weave) is found


def test_a_resume_is_exact(model: Path, tmp_path: Path) -> None:
    made = decoder.plan(max_steps=4, eval_every=2)
    decoder.fit(model, tmp_path / "whole", made).run()
    decoder.fit(model, tmp_path / "first", decoder.plan(max_steps=4, eval_every=2)).run()
    before = decoder.weights(tmp_path / "first")
    again = tmp_path / "first"
    steps = sorted((again / "checkpoints").glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    assert last_checkpoint(again) == steps[-1]
    decoder.fit(model, again, made).run(resume=steps[0])
    for name, value in decoder.weights(again).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)
        np.testing.assert_array_equal(value, decoder.weights(tmp_path / "whole")[name], err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["llama"], indirect=True)
def test_two_processes_are_the_same_training(model: Path, padded: Path, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port=0", "--standalone",
        "-m", "tests.engine.decoder", str(model), str(tmp_path),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    alike(tmp_path, padded)


def test_a_line_has_no_token_of_padding(model: Path) -> None:
    """The oracle of the count: a step's items are its targets, however it is parted."""
    rows = decoder.rows(16)
    assert isinstance(rows.targets, np.ndarray)
    batch = CausalLm().collate(rows, range(16), 0)
    assert float(Predict(1, padded=False).items(batch)) == float((torch.from_numpy(rows.targets) != -100).sum())

"""Two processes train as one does: same steps, same loss, same gradient, same model; and they stop together."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests import small, tiny
from tests.contracts import ranks
from tests.engine.test_fit import BombError, bomb, fit, weights
from tunebook.core import registry as module
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.track import read_history

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def two(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two gloo processes left: first steps of every encoder, whole runs."""
    folder = tmp_path_factory.mktemp("ranks")
    with pytest.raises(BombError):
        fit(model, folder / "one_then_two", ranks.whole_run("plain"), callbacks=[bomb(5)]).run()
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port=0", "--standalone",
        "-m", "tests.contracts.ranks", str(folder), str(model),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.parametrize("kind", tiny.ENCODERS)
@pytest.mark.parametrize("shares", ranks.STEPS, ids=lambda shares: f"{shares[0]}x{shares[1]}")
def test_two_processes_take_the_same_step(two: Path, kind: str, shares: tuple[int, int], tmp_path: Path) -> None:
    found = torch.load(two / "results.pt", weights_only=True)[f"{kind}/{shares[0]}x{shares[1]}"]
    expected = ranks.first_step(kind, str(tmp_path), 32, 1, world=1, rank=0)
    assert found["loss"] == pytest.approx(expected["loss"], abs=1e-5)
    for name, value in expected["gradient"].items():  # type: ignore[attr-defined]
        torch.testing.assert_close(found["gradient"][name], value, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("name", ranks.PLANS)
def test_a_plan_is_the_same_training_on_one_process_and_on_two(
    name: str, two: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many steps, the same warm-up and rates, the same scores, the same model."""
    monkeypatch.setattr(module, "techniques", lambda: ranks.TECHNIQUES)
    ranks.train(model, tmp_path, name)
    alike(tmp_path, two / name)


def alike(alone: Path, shared: Path) -> None:
    """Losses of all steps and looks to 1e-5; rates, norms, scores and weights to what follows from that."""
    histories = [read_history(folder / "metrics.jsonl") for folder in (alone, shared)]
    assert len(histories[0]) == len(histories[1]) > 6
    for one, other in zip(*histories, strict=True):
        assert other == pytest.approx(one, rel=2e-3, abs=2e-4)
        assert losses(other) == pytest.approx(losses(one), abs=1e-5)
    before, after = (stored(folder / "model") for folder in (alone, shared))
    assert before.keys() == after.keys()
    for key in before:
        torch.testing.assert_close(before[key], after[key], rtol=1e-3, atol=1e-5, msg=key)


def stored(model: Path) -> dict[str, torch.Tensor]:
    """All weights that are kept of a model, adapters alone where it has some."""
    files = sorted(model.glob("*.safetensors"))
    assert files
    return {name: item for file in files for name, item in load_file(file).items()}


def losses(entry: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in entry.items() if name.endswith("loss")}


def test_what_frozen_layers_make_is_made_by_one_process_and_read_by_the_other(two: Path) -> None:
    found = [json.loads((two / "frozen" / f"states-{rank}.json").read_text()) for rank in (0, 1)]
    assert sorted(one["made"] for one in found) == [0, 1]
    assert all(one["read"] == one["once"] == 1 for one in found)


@pytest.mark.parametrize("ended", ["two_then_one", "one_then_two"])
def test_a_run_goes_on_with_another_number_of_processes(ended: str, two: Path, model: Path) -> None:
    """Without dropout, whose draws a checkpoint keeps for as many processes as wrote it."""
    if ended == "two_then_one":
        kept = last_checkpoint(two / ended)
        assert kept is not None
        fit(model, two / ended, ranks.whole_run("plain")).run(kept)
    alike(two / "plain", two / ended)


def test_what_interrupts_one_process_stops_both_after_the_same_step(two: Path) -> None:
    said = [json.loads((two / "interrupted" / f"said-{rank}.json").read_text()) for rank in (0, 1)]
    assert said == [{"code": "run.interrupted", "step": 4, "checkpoints": ["checkpoint-3", "checkpoint-4"]}] * 2


def test_an_interrupted_run_goes_on_as_if_never_stopped(two: Path) -> None:
    one, other = weights(two / "plain"), weights(two / "interrupted")
    assert all(torch.equal(one[name], other[name]) for name in one)
    histories = [read_history(two / name / "metrics.jsonl") for name in ("plain", "interrupted")]
    assert histories[0] == histories[1]

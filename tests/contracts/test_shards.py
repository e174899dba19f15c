"""Two processes with a part of the weights each train as one does, and each of them goes on where the other stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import small
from tests.contracts import shards
from tests.contracts.test_ranks import alike
from tests.engine import decoder
from tests.engine.test_fit import BombError, bomb, fit
from tunebook.engine.outcome import last_checkpoint

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for kind in ("bert", "llama", "gpt2"):
        decoder.still(small.base_model(folder / kind, kind))
    return folder


@pytest.fixture(scope="module")
def one(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process leaves of the same plans."""
    folder = tmp_path_factory.mktemp("one")
    for name in shards.PLANS:
        fit(models / "bert", folder / name, shards.classifier(name)).run()
    for name in shards.DECODERS:
        shards.decoding(models, folder / name, name).run()
    return folder


@pytest.fixture(scope="module")
def two(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two gloo processes leave that share each model out."""
    folder = tmp_path_factory.mktemp("two")
    for name in shards.WITH_STATES:
        with pytest.raises(BombError):
            fit(models / "bert", folder / f"{name}-one_then_two", shards.classifier(name), callbacks=[bomb(7)]).run()
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port=0", "--standalone",
        "-m", "tests.contracts.shards", str(folder), str(models),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | shards.ASKED, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.mark.parametrize("name", [*shards.PLANS, *shards.DECODERS])
def test_parts_train_as_the_whole(name: str, one: Path, two: Path) -> None:
    alike(one / name, two / name)


def test_activations_that_are_computed_again_change_nothing(one: Path, two: Path) -> None:
    alike(one / "full", two / "checkpointing")


@pytest.mark.parametrize("name", [*shards.PLANS, *shards.DECODERS])
def test_each_process_holds_its_part_alone(name: str, two: Path) -> None:
    held = [json.loads((two / name / f"held-{rank}.json").read_text()) for rank in (0, 1)]
    assert all(item["processes"] == 2 and 0.4 < item["share_held"] < 0.6 for item in held)
    assert sum(item["share_held"] for item in held) == pytest.approx(1)


@pytest.mark.parametrize("name", shards.WITH_STATES)
@pytest.mark.parametrize("ended", ["two_then_one", "one_then_two", "two_then_two", "two_then_unshared"])
def test_a_run_goes_on_whoever_holds_what(name: str, ended: str, one: Path, two: Path, models: Path) -> None:
    folder = two / f"{name}-{ended}"
    if ended == "two_then_one":
        kept = last_checkpoint(folder)
        assert kept is not None and kept.name == "checkpoint-6"
        fit(models / "bert", folder, shards.classifier(name)).run(kept)
    alike(one / name, folder)

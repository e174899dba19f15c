"""Two processes take the same step as one: same loss, same gradient."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import tiny
from tests.contracts import ranks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """First steps of every encoder on two gloo processes."""
    folder = tmp_path_factory.mktemp("ranks")
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port=0", "--standalone",
        "-m", "tests.contracts.ranks", str(folder),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    results: dict[str, Any] = torch.load(folder / "results.pt", weights_only=True)
    return results


@pytest.mark.slow
@pytest.mark.parametrize("kind", tiny.ENCODERS)
@pytest.mark.parametrize("shares", ["16x1", "4x4"])
def test_two_processes_take_the_same_step(two: dict[str, Any], kind: str, shares: str, tmp_path: Path) -> None:
    found = two[f"{kind}/{shares}"]
    expected = ranks.first_step(kind, str(tmp_path), 32, 1, world=1, rank=0)
    assert found["loss"] == pytest.approx(expected["loss"], abs=1e-5)
    for name, value in expected["gradient"].items():  # type: ignore[attr-defined]
        torch.testing.assert_close(found["gradient"][name], value, rtol=1e-4, atol=1e-6, msg=name)

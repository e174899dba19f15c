"""Weights that FSDP2 shares out over two gloo processes take the step of one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.nets.test_side_by_side import batch_of, model_of
from tunebook.nets.next_token import Predict


@pytest.mark.slow
def test_two_processes_with_a_part_of_the_weights_each_take_the_same_step(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port=0", "--standalone",
        "-m", "tests.nets.sharded", str(tmp_path),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = torch.load(tmp_path / "step.pt", weights_only=True)
    model, batch = model_of("llama").train(), batch_of((9, 4, 7, 5))
    loss = Predict(1).loss(model, batch)[0]
    loss.backward()
    assert found["loss"] == pytest.approx(float(loss.detach()), abs=1e-5)
    for name, item in model.named_parameters():
        torch.testing.assert_close(found["gradients"][name], item.grad, rtol=1e-4, atol=1e-5, msg=name)

"""One process decides alone; several, over gloo, hear what the first says, its errors too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tunebook.core.errors import PlanError
from tunebook.core.training import Training
from tunebook.engine.ranks import Shares, any_of, from_first, join_others, processes, rank, shares_here


def test_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("RANK", "3")
    assert (processes(), rank()) == (1, 0)
    assert from_first(lambda: 5) == 5
    assert (any_of(True), any_of(False)) == (True, False)
    join_others()
    with pytest.raises(ZeroDivisionError):
        from_first(lambda: 1 / 0)


@pytest.mark.parametrize("name", ["ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED"])
def test_a_model_that_is_to_be_shared_out_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv(name, "false")
    join_others()
    monkeypatch.setenv(name, "true")
    with pytest.raises(PlanError) as refused:
        join_others()
    assert (refused.value.code, refused.value.key) == ("ranks.sharded", name) and "torchrun" in refused.value.advice


SCRIPT = """
import sys
from pathlib import Path
from tunebook.core.errors import RunError
from tunebook.engine.ranks import any_of, from_first, processes, rank
votes = [any_of(False), any_of(rank() == 1), any_of(True)]
def busy():
    raise RunError("run.busy", key="abc")
said = from_first(lambda: f"{processes()} from {rank()}")
try:
    from_first(busy)
except RunError as error:
    Path(sys.argv[1], f"said-{rank()}").write_text(f"{said}: {error.code} {error.key} {votes}")
"""


@pytest.mark.slow
def test_two(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(SCRIPT)
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone", str(tmp_path / "two.py"),
        str(tmp_path),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said = [(tmp_path / f"said-{number}").read_text() for number in (0, 1)]
    assert said == ["2 from 0: run.busy abc [False, True, True]"] * 2


def test_the_share_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    params = Training(batch_size=6, gradient_accumulation_steps=4)
    assert shares_here(params) == Shares(6, 4, 1, 0)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert shares_here(params) == Shares(6, 4, 2, 1)
    assert (shares_here(params).step_rows, shares_here(params).passes) == (24, 2)

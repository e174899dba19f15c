"""One process decides alone; several, over gloo, hear what the first says, its errors too."""

from __future__ import annotations

import os
import socket
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


def test_a_way_of_sharing_out_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("FSDP_CPU_RAM_EFFICIENT_LOADING", "true")
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "2")
    join_others()
    assert os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] == "false"
    monkeypatch.setenv("FSDP_VERSION", "1")
    with pytest.raises(PlanError, match=r"ranks\.shards"):
        join_others()


def test_a_launcher_that_has_started_one_of_several_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """`accelerate launch --cpu --num_processes 2` without MPI says where the first is, and starts no second."""
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    join_others()
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with pytest.raises(PlanError) as refused:
        join_others()
    assert refused.value.code == "ranks.started" and "torchrun" in refused.value.advice


_LEFT = [
    ({"WORLD_SIZE": "2"}, "ranks.left", "RANK, MASTER_ADDR, MASTER_PORT"),
    ({"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "h"}, "ranks.left", "MASTER_PORT"),
    ({"LOCAL_RANK": "0"}, "ranks.left", "MASTER_ADDR, MASTER_PORT"),
    ({"WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"}, "ranks.left", "MASTER_ADDR, MASTER_PORT"),
    ({"WORLD_SIZE": ""}, "ranks.number", ">= 1"),
    ({"WORLD_SIZE": "0"}, "ranks.number", ">= 1"),
    ({"WORLD_SIZE": "two"}, "ranks.number", ">= 1"),
]


@pytest.mark.parametrize(("given", "code", "allowed"), _LEFT)
def test_variables_that_a_launcher_left_are_told(
    given: dict[str, str], code: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    join_others()
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PlanError) as refused:
        join_others()
    assert (refused.value.code, refused.value.allowed) == (code, allowed) and "unset" in refused.value.advice


@pytest.mark.parametrize("names", [("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"), ("PMI_SIZE", "PMI_RANK")])
def test_processes_that_accelerate_has_started_by_mpi(names: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in zip(names, ("2", "1"), strict=True):
        monkeypatch.setenv(name, value)
    assert (processes(), rank()) == (1, 0)  # whoever else runs below MPI is alone
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    assert (processes(), rank()) == (2, 1)


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


@pytest.mark.slow
def test_two_by_mpi(tmp_path: Path) -> None:
    """As `accelerate launch --cpu` starts them where it has a file of hosts: MPI says who is who, accelerate where."""
    (tmp_path / "two.py").write_text(SCRIPT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    told = {"ACCELERATE_USE_CPU": "True", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "PMI_SIZE": "2"}
    alone = {name: value for name, value in os.environ.items() if name not in ("WORLD_SIZE", "RANK")}
    begun = [
        subprocess.Popen(
            [sys.executable, str(tmp_path / "two.py"), str(tmp_path)], env=alone | told | {"PMI_RANK": rank}
        )
        for rank in "01"
    ]
    assert [process.wait(120) for process in begun] == [0, 0]
    said = [(tmp_path / f"said-{number}").read_text() for number in (0, 1)]
    assert said == ["2 from 0: run.busy abc [False, True, True]"] * 2


def test_the_share_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    params = Training(batch_size=6, gradient_accumulation_steps=4)
    assert shares_here(params) == Shares(6, 4, 1, 0)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert shares_here(params) == Shares(6, 4, 2, 1)
    assert (shares_here(params).step_rows, shares_here(params).passes) == (24, 2)

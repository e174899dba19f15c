"""Training from a book: once, again, resumed after a kill, and never twice at the same time."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock

from tests.books import QUICK
from tests.engine.test_fit import BombError, bomb, weights
from tunebook.core.errors import MachineError, PlanError, RunError
from tunebook.core.kept_looks import KeptLooks
from tunebook.core.nouns import Plan
from tunebook.engine import track
from tunebook.tables.make import child
from tunebook.verbs.steps import train as module
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run, runs_in
from tunebook.verbs.steps.train import train

ROOT = Path(__file__).parents[3]


def made(book: Book, **changes: Any) -> Plan:
    return plan(child(book.champion, {**QUICK, "max_epochs": 1, **changes}), book.data)


def snapshot(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_finished_run_is_returned_and_again_is_another(book: Book) -> None:
    wanted = made(book)
    run = train(wanted, track=("tensorboard",))
    assert run.path.parent == book.path / "runs"
    assert run.finished
    assert run.plan == wanted
    assert list((run.path / "tensorboard").iterdir())
    assert run.outcome["rows"] == book.data.rows["train"]
    assert run.outcome["rows_per_second"] > 0
    assert run.history[-1]["step"] == run.outcome["steps"]
    assert not (run.path / "checkpoints").exists()
    looks = KeptLooks.read(run.path)
    assert looks is not None and {file.stem for file in looks.path.glob("[0-9]*.npy")} == set(map(str, looks.chosen()))
    assert not list(run.path.rglob("*.part"))
    before = snapshot(run.path)
    assert train(wanted) == run
    assert snapshot(run.path) == before
    other = train(wanted, again=True, track=(), keep_checkpoints=True)
    assert other.path != run.path
    assert (other.path / "checkpoints").is_dir()
    one, two = weights(run.path), weights(other.path)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert train(wanted) == other, "the newest of this plan"


def test_a_signal_after_the_last_step_ends_the_command_but_not_the_run(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = made(book)

    def heard(self: Any, *_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(track.MetricsLog, "on_train_end", heard)
    with pytest.raises(KeyboardInterrupt):
        train(wanted)
    monkeypatch.undo()
    (run,) = runs_in(book.path / "runs")
    assert run.finished and train(wanted) == run


def test_what_several_processes_cannot_train_begins_no_run(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = made(book, optimizer="adafactor")
    for name, value in {"WORLD_SIZE": "2", "RANK": "0", "ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PlanError, match=r"ranks\.parts"):
        train(wanted)
    assert runs_in(book.path / "runs") == []


def test_the_same_plan_goes_on_after_a_kill(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = made(book, eval_every=1)
    whole = train(wanted, book.path / "others", track=())
    monkeypatch.setattr(track, "trackers", lambda names, folder, run: [bomb(3)])
    with pytest.raises(BombError):
        train(wanted)
    (begun,) = open_book(book.path).runs
    assert not begun.finished
    monkeypatch.undo()
    run = train(wanted, track=())
    assert run == begun
    one, two = weights(whole.path), weights(run.path)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert run.history == whole.history


def test_a_run_that_another_process_trains_is_refused(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = made(book)
    monkeypatch.setattr(track, "trackers", lambda names, folder, run: [bomb(0)])
    with pytest.raises(BombError):
        train(wanted)
    (begun,) = book.runs
    with FileLock(begun.path / ".lock"), pytest.raises(RunError, match="--again") as caught:
        train(wanted)
    assert (caught.value.code, caught.value.key) == ("run.busy", begun.id)
    with pytest.raises(BombError):
        train(wanted)  # the lock is gone with the process that held it


def test_rows_that_are_not_those_of_the_plan(book: Book) -> None:
    with pytest.raises(RunError) as caught:
        train(made(book).model_copy(update={"data": "0" * 12}))
    assert caught.value.code == "run.data"


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, "machine.disk"), (errno.EDQUOT, "machine.disk"), (errno.EACCES, "machine.write"),
     (errno.EROFS, "machine.write")],
)  # fmt: skip
def test_no_room_and_no_right_leave_nothing_half_written(
    number: int, code: str, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = made(book)

    def fail(record: Any, path: Path) -> Path:
        raise OSError(number, os.strerror(number), str(path / "plan.json"))

    monkeypatch.setattr(module, "write_plan", fail)
    with pytest.raises(MachineError) as caught:
        train(wanted)
    assert caught.value.code == code
    assert "plan.json" in caught.value.key
    assert list((book.path / "runs").iterdir()) == []


def fill_the_disk_at_the_end(wanted: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(path: Path, text: str, **how: Any) -> int:
        if "outcome.json" in path.name:
            write(path, text[:9], **how)
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(path, text, **how)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(MachineError) as caught:
        train(wanted, track=())
    assert caught.value.code == "machine.disk"
    monkeypatch.undo()


def test_a_disk_that_fills_up_at_the_end_leaves_an_unfinished_run(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_the_disk_at_the_end(made(book), monkeypatch)
    (run,) = book.runs
    assert not run.finished
    assert not list(run.path.glob("*.part"))


def test_such_a_run_can_be_finished_later(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_the_disk_at_the_end(made(book), monkeypatch)
    assert train(made(book), track=()).finished


def test_a_tracker_that_is_none(book: Book) -> None:
    with pytest.raises(RunError, match=r"tensorboard \| wandb \| mlflow") as caught:
        train(made(book), track=("excel",))
    assert caught.value.code == "run.tracker"


TWO = """
import os
import sys
from tunebook.core.nouns import Plan, read_json
from pathlib import Path
from tunebook.verbs.steps.train import train
run = train(read_json(Plan, Path(sys.argv[1])), Path(sys.argv[2]), track=())
Path(sys.argv[2] + os.environ["RANK"]).write_text(f"{run.id} {run.finished}")
"""


def two_processes(folder: Path, runs: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone",
        str(folder / "two.py"), str(folder / "plan.json"), str(runs),
    ]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)


SHARDED = """
compute_environment: LOCAL_MACHINE
distributed_type: FSDP
use_cpu: true
num_machines: 1
num_processes: 2
machine_rank: 0
mixed_precision: "no"
fsdp_config:
  fsdp_version: 2
  fsdp_auto_wrap_policy: TRANSFORMER_BASED_WRAP
"""


def launched(folder: Path, settings: str) -> subprocess.CompletedProcess[str]:
    """`accelerate launch` with a configuration file."""
    (folder / "two.py").write_text(TWO)
    (folder / "sharded.yaml").write_text(settings)
    command = [
        sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(folder / "sharded.yaml"),
        "--main_process_port", "0", str(folder / "two.py"), str(folder / "plan.json"), str(folder / "runs"),
    ]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.slow
def test_accelerate_launches_processes_that_share_the_model_out(book: Book, tmp_path: Path) -> None:
    """accelerate itself would start processes that each take themselves for the only one, and train whole models."""
    from tunebook.core.nouns import write_json

    wanted = made(book, dropout=0, attention_dropout=0, classifier_dropout=0, batch_size=8)
    write_json(wanted, tmp_path / "plan.json")
    done = launched(tmp_path, SHARDED)
    assert done.returncode == 0, done.stderr[-3000:]
    said = [(tmp_path / f"runs{rank}").read_text().split() for rank in (0, 1)]
    assert said[0] == said[1] and said[0][1] == "True"
    run = Run(tmp_path / "runs" / said[0][0])
    assert run.outcome["counters"]["shards"]["processes"] == 2 and run.outcome["counters"]["shards"]["share_held"] < 0.6
    alone = train(wanted, tmp_path / "alone", track=())
    losses = [[entry["loss"] for entry in one.history if "loss" in entry] for one in (run, alone)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


@pytest.mark.slow
def test_what_cannot_be_shared_out_is_refused_before_the_first_step(book: Book, tmp_path: Path) -> None:
    from tunebook.core.nouns import write_json

    write_json(made(book), tmp_path / "plan.json")
    done = launched(tmp_path, SHARDED.replace("fsdp_version: 2", "fsdp_version: 2\n  fsdp_offload_params: true"))
    assert done.returncode != 0 and "[ranks.shards] FSDP_OFFLOAD_PARAMS='true'" in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_two_processes_share_one_run(book: Book, tmp_path: Path) -> None:
    from tunebook.core.nouns import write_json

    wanted = made(book, dropout=0, attention_dropout=0, classifier_dropout=0, batch_size=8)
    write_json(wanted, tmp_path / "plan.json")
    (tmp_path / "two.py").write_text(TWO)
    runs = tmp_path / "runs"
    done = two_processes(tmp_path, runs)
    if (
        "terminate called without an active exception" in done.stderr
    ):  # torch's own, on a busy machine, 2 of some 40 times
        runs = tmp_path / "again"
        done = two_processes(tmp_path, runs)
    assert done.returncode == 0, done.stderr[-3000:]
    (folder,) = runs.iterdir()
    said = [(tmp_path / f"{runs.name}{number}").read_text() for number in (0, 1)]
    assert said == [f"{folder.name} True"] * 2, "both name the same finished run"
    outcome = json.loads((folder / "outcome.json").read_text())
    assert outcome["rows"] == book.data.rows["train"]
    steps = [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)

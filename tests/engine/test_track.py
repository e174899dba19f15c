"""The diary of a run, patience, interrupts and trackers."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import integrations

from tunebook.core.errors import MachineError, RunError
from tunebook.core.folders import read_history
from tunebook.core.progress import Silent
from tunebook.engine.track import EarlyStop, Interrupt, MetricsLog, trackers


def state(step: int = 3, first: bool = True, log: list[dict[str, float]] | None = None) -> Any:
    return SimpleNamespace(global_step=step, epoch=0.5, max_steps=9, is_world_process_zero=first, log_history=log or [])


def control() -> Any:
    return SimpleNamespace(should_save=False, should_training_stop=False)


def test_entries_are_written_and_those_after_a_checkpoint_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    diary = MetricsLog(path, Silent())
    diary.on_train_begin(None, state(0), control())  # type: ignore[arg-type]
    for step in (1, 2, 3):
        diary.on_log(None, state(step), control(), {"loss": 1 / step, "train_runtime": 9})  # type: ignore[arg-type]
    diary.on_log(None, state(3), control(), {"train_loss": 0.5})  # type: ignore[arg-type]
    diary.on_log(None, state(3), control())  # type: ignore[arg-type]
    assert read_history(path) == [{"step": s, "epoch": 0.5, "loss": 1 / s} for s in (1, 2, 3)]
    diary.on_train_begin(None, state(2), control())  # type: ignore[arg-type]
    assert [entry["step"] for entry in read_history(path)] == [1, 2]
    diary.on_train_end(None, state(), control())  # type: ignore[arg-type]


@pytest.mark.parametrize(("solved", "steps"), [(False, 9), (True, 1)])
def test_a_training_that_ends_after_its_first_step_says_so(solved: bool, steps: int, tmp_path: Path) -> None:
    class Shown(Silent):
        def start(self, what: str, total: int, done: int = 0) -> None:
            told.append(total)

    told: list[int] = []
    at = SimpleNamespace(is_world_process_zero=True, global_step=0, max_steps=9)
    MetricsLog(tmp_path / "metrics.jsonl", Shown(), solved).on_train_begin(None, at, control())  # type: ignore[arg-type]
    assert told == [steps]


def test_other_processes_write_nothing(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 7}\n')
    diary = MetricsLog(path, Silent())
    diary.on_train_begin(None, state(2, first=False), control())  # type: ignore[arg-type]
    diary.on_log(None, state(2, first=False), control(), {"loss": 1.0})  # type: ignore[arg-type]
    assert path.read_text() == '{"step": 7}\n'


@pytest.mark.parametrize("name", ["loss", "eval_loss"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_the_run(name: str, value: float, tmp_path: Path) -> None:
    diary = MetricsLog(tmp_path / "metrics.jsonl", Silent())
    with pytest.raises(RunError, match="step 3") as caught:
        diary.on_log(None, state(3), control(), {name: value})  # type: ignore[arg-type]
    assert caught.value.code == "run.diverged"
    assert (tmp_path / "metrics.jsonl").is_file(), "what went wrong is written down"


@pytest.mark.parametrize(
    ("scores", "stops"),
    [([0.5, 0.6], False), ([0.6, 0.5, 0.6], True), ([0.5, 0.5, 0.7], False), ([0.7, 0.1, 0.2, 0.3], True), ([], False)],
)
def test_patience_counts_looks_since_the_first_best(scores: list[float], stops: bool) -> None:
    asked = control()
    log = [{"loss": 1.0}, *({"eval_x": score} for score in scores)]
    EarlyStop("x", 2).on_evaluate(None, state(log=log), asked)  # type: ignore[arg-type]
    assert asked.should_training_stop == stops


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_saves_and_stops_and_a_second_ends_at_once(number: int) -> None:
    before = {item: signal.getsignal(item) for item in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    interrupt, asked = Interrupt(), control()
    interrupt.on_train_begin(None, state(), asked)  # type: ignore[arg-type]
    try:
        interrupt.on_step_end(None, state(), asked)  # type: ignore[arg-type]
        assert not asked.should_save
        os.kill(os.getpid(), number)
        interrupt.on_step_end(None, state(), asked)  # type: ignore[arg-type]
        assert asked.should_save and asked.should_training_stop
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    finally:
        interrupt.release()
    assert {item: signal.getsignal(item) for item in before} == before


def test_a_signal_after_the_last_step_is_passed_on() -> None:
    interrupt = Interrupt()
    interrupt.on_train_begin(None, state(), control())  # type: ignore[arg-type]
    try:
        interrupt.pass_on()  # nothing was heard
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        interrupt.release()
    with pytest.raises(KeyboardInterrupt):
        interrupt.pass_on()


def test_a_process_stops_where_another_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own first signal, which comes later, is then no second one."""
    interrupt, asked = Interrupt(), control()
    monkeypatch.setattr("tunebook.engine.track.any_of", lambda said: True)
    interrupt.on_train_begin(None, state(), asked)  # type: ignore[arg-type]
    try:
        interrupt.on_step_end(None, state(), asked)  # type: ignore[arg-type]
        assert interrupt.asked and asked.should_save and asked.should_training_stop
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        interrupt.release()


def test_a_signal_that_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interrupt, asked = Interrupt(), control()
    interrupt.on_train_begin(None, state(), asked)  # type: ignore[arg-type]
    try:
        os.kill(os.getpid(), signal.SIGHUP)
        interrupt.on_step_end(None, state(), asked)  # type: ignore[arg-type]
        assert not asked.should_save
    finally:
        interrupt.release()
        signal.signal(signal.SIGHUP, before)


def test_another_thread_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupt = Interrupt()
    thread = threading.Thread(target=interrupt.on_train_begin, args=(None, state(), control()))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is before
    interrupt.release()


def test_trackers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "book" / "runs" / "r1"
    made: list[str] = []
    for name in ("Wandb", "MLflow"):
        monkeypatch.setattr(integrations, f"{name}Callback", lambda name=name: made.append(name) or name)
        monkeypatch.setattr(integrations, f"is_{name.lower()}_available", lambda: True)
    for name in ("WANDB_PROJECT", "WANDB_DIR", "WANDB_NAME", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)
    (board,) = trackers(["tensorboard"], folder, "r1")
    board.tb_writer.close()
    assert list((folder / "tensorboard").iterdir())
    assert trackers(["wandb", "mlflow"], folder, "r1") == made == ["Wandb", "MLflow"]
    assert os.environ["WANDB_NAME"] == "r1"
    assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{tmp_path / 'book' / 'mlflow.db'}"
    assert trackers([], folder, "r1") == []


def test_a_tracker_that_is_not_installed_or_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrations, "is_wandb_available", lambda: False)
    with pytest.raises(MachineError, match=r"\.\[track\]"):
        trackers(["wandb"], tmp_path, "r")
    with pytest.raises(RunError) as caught:
        trackers(["paper"], tmp_path, "r")
    assert caught.value.code == "run.tracker"
    assert json.dumps(caught.value.to_json())

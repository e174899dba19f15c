"""tunebook train: runs, resumes, refuses, and is interrupted with a checkpoint."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from tests.cli.conftest import EPOCHS, Call, Result

from tunebook.cli.train import trackers
from tunebook.core.errors import TunebookError


def test_trains_and_scores(tunebook: Call, book: Path) -> None:
    done = tunebook("train", book, *EPOCHS, "--json")  # the run that the fixture has made
    data = done.json
    assert done.code == 0 and data["finished_before"] is True and data["resumed"] is False
    assert Path(data["path"]).name == data["run"] and (Path(data["path"]) / "model").is_dir()
    assert data["split"] == "test" and 0 <= data["metrics"]["accuracy"] <= 1
    assert set(data["baselines"]) == {"majority", "tfidf_logreg", "frozen_logreg"}
    assert data["seconds"] > 0 and data["rows_per_second"] > 0 and data["peak_memory_bytes"] > 0
    low, high = data["intervals"]["accuracy"]
    assert low <= data["metrics"]["accuracy"] <= high
    assert "finished already" in done.err and data["learning_rate"] == 0.005 and data["notices"] == []


def test_the_summary_is_for_people(tunebook: Call, book: Path) -> None:
    out = tunebook("train", book, *EPOCHS).out
    assert out[0] in "✓?✗" and "Best baseline" in out and "Macro F1" in out and "tunebook predict" in out


def test_without_evaluation(tunebook: Call, lent: Path) -> None:
    still = ("--set", "learning_rate=1e-9", "--set", "swa.start=0.5", "--set", "max_epochs=2")
    asked = ("--track", "none", "--set", "seed=7", *still, "--no-eval")
    done = tunebook("train", lent, *asked, "--json")
    assert done.code == 0 and done.json["split"] == "validation" and done.json["finished_before"] is False
    (notice,) = done.json["notices"]  # no look is better than the first, which came before the average
    assert "as without swa" in notice and "as without swa" in " ".join(done.err.split())
    assert "accuracy" in done.json["metrics"]
    assert "not kept as a version" in " ".join(done.err.split())
    shown = tunebook("train", lent, *asked)
    assert "validation rows" in shown.out and f"tunebook eval {lent} --run" in shown.out


def test_dry_run_writes_nothing(tunebook: Call, fresh: Path) -> None:
    def files() -> list[Path]:  # what was found out of a model and its tokens may be kept, where that took long
        return sorted(path for path in fresh.rglob("*") if path.parent.name != "cache")

    before = files()
    done = tunebook("train", fresh, "--dry-run", "--set", "freeze.layers=1", "--json")
    assert done.json["dry_run"] is True and done.json["plan"]["techniques"]["freeze"]["layers"] == 1
    shown = tunebook("train", fresh, "--dry-run", "--set", "freeze.layers=1")
    assert "nothing is written" in shown.out and "freeze.layers" in shown.out
    assert f"  tunebook train {fresh} --set freeze.layers=1\n" in shown.out, "what was asked for is what comes next"
    assert files() == before


@pytest.mark.parametrize(
    ("row", "means"),
    [
        ("freeze=on", "the whole encoder, embeddings and all layers"),
        ("freeze.embeddings=true", "no layer: embeddings or pattern say what is frozen"),
    ],
)
def test_a_plan_says_what_a_row_that_is_left_open_freezes(tunebook: Call, fresh: Path, row: str, means: str) -> None:
    told = " ".join(tunebook("train", fresh, "--dry-run", "--set", row).out.split())
    assert f"freeze ({means})" in told and f"freeze.layers none ({means})" in told


def test_trackers() -> None:
    assert trackers("tensorboard, WandB") == ["tensorboard", "wandb"]
    assert trackers("none") == trackers("无") == []
    with pytest.raises(TunebookError, match=r"cli\.option"):
        trackers("papyrus")


def _steps(book: Path) -> int:
    """Optimiser steps that the only run has logged."""
    logs = list(book.glob("runs/*/metrics.jsonl"))
    lines = logs[0].read_text().splitlines() if logs else []
    return max((json.loads(line)["step"] for line in lines if line.endswith("}")), default=0)


def _press_ctrl_c(book: Path, after: int) -> None:
    """Interrupt this process as soon as the run has logged more than so many steps."""
    deadline = time.monotonic() + 60
    while _steps(book) <= after:
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGINT)


def _interrupted(tunebook: Call, book: Path, after: int) -> Result:
    rows = ("max_epochs=100", "eval_every=900", "seed=3", "learning_rate=0.0001")
    presser = threading.Thread(target=_press_ctrl_c, args=(book, after), daemon=True)
    presser.start()
    done = tunebook("train", book, "--track", "none", "--json", *(word for row in rows for word in ("--set", row)))
    presser.join()
    return done


def test_ctrl_c_keeps_a_checkpoint_and_the_same_command_goes_on(
    rows: Path, model: Path, tmp_path: Path, tunebook: Call
) -> None:
    book = tmp_path / "book"
    assert tunebook("init", book, "--data", rows, "--model", model).code == 0
    done = _interrupted(tunebook, book, after=0)
    first = done.json["error"]
    assert done.code == 3 and first["code"] == "run.interrupted" and "same command again" in first["advice"]
    assert "Traceback" not in done.err
    state = tunebook("runs", book, "--json").json["runs"]
    assert len(state) == 1 and state[0]["finished"] is False
    done = _interrupted(tunebook, book, after=_steps(book))
    second = done.json["error"]
    assert done.code == 3 and "Going on" in done.err and int(second["value"]) > int(first["value"])
    assert len(list(book.glob("runs/*"))) == 1
    assert "unfinished" in tunebook("runs", book).out
    assert tunebook("eval", book, "--run", state[0]["run"]).code == 3

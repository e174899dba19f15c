"""One trial: trained, watched, stopped, taken from what there is, or failed with a reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.books import QUICK, Trained
from tests.engine.test_fit import BombError, bomb
from tunebook.core.errors import MachineError, RunError
from tunebook.engine import track
from tunebook.tables.make import child
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train
from tunebook.verbs.trials import trial as module
from tunebook.verbs.trials.trial import Done, Job, Kind, pseudo_values, run_trial


class Heard:
    """Hears what a trial tells, and stops it at a moment."""

    def __init__(self, stop: tuple[int, Kind, int] | None = None) -> None:
        self.told: list[tuple[int, Kind, int]] = []
        self.values: list[list[float]] = []
        self.stop = stop

    def __call__(self, place: int, kind: Kind, values: list[float]) -> str:
        self.told.append((place, kind, len(values)))
        self.values.append(values)
        return "hopeless" if self.told[-1] == self.stop else ""


def job(book: Book, tmp_path: Path, *, seeds: tuple[int, ...] = (1,), blocks: int = 0, **changes: Any) -> Job:
    table = child(book.champion, {**QUICK, **changes})
    return Job(3, table, book.data.path, seeds, tmp_path / "search" / "runs", book.path / "runs", blocks)


def folders(made: Job) -> list[Path]:
    return sorted(made.folder.iterdir())


def test_a_trial_of_two_seeds_tells_of_looks_and_blocks(book: Book, tmp_path: Path) -> None:
    made, heard = job(book, tmp_path, seeds=(1, 2), blocks=4), Heard()
    done = run_trial(made, heard)
    assert done.state == "complete"
    assert heard.told == [
        (0, "look", 1),
        (0, "look", 2),
        (0, "blocks", 4),
        (1, "look", 1),
        (1, "look", 2),
        (1, "blocks", 4),
    ]
    runs = [Run(made.folder / name) for name in done.runs]
    assert [run.plan.seed for run in runs] == [1, 2]
    assert done.scores == [run.validation_scores["accuracy"] for run in runs]
    assert done.score == sum(done.scores) / 2
    assert heard.values[1] == [entry["eval_accuracy"] for entry in runs[0].history if "eval_accuracy" in entry]
    for score, told in zip(done.scores, (heard.values[2], heard.values[5]), strict=True):
        assert np.mean(told) == pytest.approx(score), "a mean over rows is the mean of its blocks"
    for run in runs:
        shutil.rmtree(run.path / "model")
    again = Heard()
    repeated = run_trial(made, again)
    assert (repeated.scores, repeated.runs) == (done.scores, done.runs)
    assert (again.told, again.values[-1]) == (
        [(0, "look", 2), (0, "blocks", 4), (1, "look", 2), (1, "blocks", 4)],
        heard.values[-1],
    )


def test_a_hopeless_trial_ends_at_once(book: Book, tmp_path: Path) -> None:
    made, heard = job(book, tmp_path, seeds=(1, 2)), Heard(stop=(0, "look", 1))
    done = run_trial(made, heard)
    assert (done.state, done.why, done.scores, done.score) == ("pruned", "hopeless", [], None)
    assert heard.told == [(0, "look", 1)]
    (folder,) = folders(made)
    assert done.runs == [folder.name]
    assert not Run(folder).finished


def test_after_a_kill_the_looks_before_it_are_told_again(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = job(book, tmp_path, max_epochs=3)
    monkeypatch.setattr(track, "trackers", lambda names, folder, run: [bomb(9)])
    with pytest.raises(BombError):
        run_trial(made, Heard())
    monkeypatch.undo()
    heard = Heard()
    done = run_trial(made, heard)
    assert heard.told == [(0, "look", 1), (0, "look", 2), (0, "look", 3)]
    assert done.runs == [folder.name for folder in folders(made)]
    whole = train(plan(made.table, book.data, seed=1), tmp_path / "whole", track=())
    assert done.scores == [whole.validation_scores["accuracy"]]


def test_a_finished_run_of_the_book_is_taken(book: Book, tmp_path: Path) -> None:
    made = job(book, tmp_path, blocks=3)
    run = train(plan(made.table, book.data, seed=1), track=())
    heard = Heard(stop=(0, "look", 2))
    done = run_trial(made, heard)
    assert done.scores == [run.validation_scores["accuracy"]]
    assert done.runs == []
    assert heard.told == [(0, "look", 2), (0, "blocks", 3)]
    assert not (run.path / "blocks.json").exists()
    assert json.loads((made.folder / run.id / "blocks.json").read_text()) == heard.values[-1]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (RunError("run.diverged", key="loss", value=float("nan"), step=3), "run.diverged"),
        (MachineError("machine.memory", key="batch_size", value=8, rows="x"), "machine.memory"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_failures_have_reasons(
    error: Exception, why: str, book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("tunebook.verbs.engines.seam.train", fail)
    done = run_trial(job(book, tmp_path), Heard())
    assert done.state == "failed" and why in done.why and done.score is None


def test_what_the_table_cannot_be_is_a_failure_too(book: Book, tmp_path: Path) -> None:
    done = run_trial(job(book, tmp_path, max_steps=2, eval_every=5), Heard())
    assert done.state == "failed" and "plan.eval_every" in done.why


def test_a_score_that_is_no_number(book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.Run, "validation_scores", {"accuracy": float("nan")})
    done = run_trial(job(book, tmp_path, max_epochs=1), Heard())
    assert done.state == "failed" and "search.score" in done.why


def test_what_every_trial_would_meet_ends_the_search(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise MachineError("machine.disk", key="x")

    monkeypatch.setattr("tunebook.verbs.engines.seam.train", fail)
    with pytest.raises(MachineError):
        run_trial(job(book, tmp_path), Heard())


def test_pseudo_values_of_a_mean_are_the_means_of_the_blocks() -> None:
    rows = np.random.default_rng(3).random(60)
    values = pseudo_values(lambda chosen: float(rows[chosen].mean()), 60, 6)
    order = np.random.default_rng(0).permutation(60)
    assert values == pytest.approx([rows[part].mean() for part in np.array_split(order, 6)])


def test_pseudo_values_of_another_score_have_its_mean_and_its_error() -> None:
    draw = np.random.default_rng(4)
    x = draw.normal(size=600)
    y = x + draw.normal(size=600)
    values = pseudo_values(lambda chosen: float(np.corrcoef(x[chosen], y[chosen])[0, 1]), 600, 12)
    r = np.corrcoef(x, y)[0, 1]
    assert np.mean(values) == pytest.approx(r, abs=0.01)
    error = np.std(values, ddof=1) / np.sqrt(12)
    assert 0.5 < error / ((1 - r**2) / np.sqrt(600)) < 2, "the jackknife's standard error beside the formula's"


def test_fewer_rows_than_blocks() -> None:
    assert len(pseudo_values(lambda chosen: float(len(chosen) > 0), 3, 12)) == 3


def test_only_complete_trials_have_a_score(trained: Callable[[str], Trained]) -> None:
    assert Done("pruned", [0.5]).score is None
    assert Done("complete", [0.5, 0.7]).score == pytest.approx(0.6)
    run = trained("binary").run
    assert set(run.validation_scores) >= {"accuracy", "loss"}

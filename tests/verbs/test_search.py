"""A search from end to end: budget, kills, failures, and what becomes of the best trial."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.books import QUICK
from tests.engine.test_fit import BombError, bomb
from tunebook.core.errors import BookError, MachineError, PlanError, RunError, TableError
from tunebook.core.nouns import ParamTable
from tunebook.core.progress import Silent
from tunebook.engine import track
from tunebook.tables.make import child
from tunebook.verbs import search as search_module
from tunebook.verbs.engines.seam import Local, trained_on
from tunebook.verbs.promote import promote
from tunebook.verbs.search import SearchOptions, search
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.trials import engine as search_engine
from tunebook.verbs.trials import result as search_importance
from tunebook.verbs.trials.engine import InTurn
from tunebook.verbs.trials.study import Study, TrialRecord
from tunebook.verbs.trials.trial import Done, Job

Trainer = Callable[[Job, Any, Any], Done]
ROWS = ("learning_rate", "batch_size")


@pytest.fixture
def quick(book: Book) -> Book:
    """A book whose champion trains fast."""
    added = book.tables.add(child(book.champion, {**QUICK, "learning_rate": 5e-4, "max_epochs": 1}))
    promote(book, added.version, reason="for this test", force=True)
    return book


class Fake:
    """Trials that cost nothing: the score falls with the distance of the learning rate from 1e-4."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.fails: dict[int, BaseException | Done] = {}

    def __call__(self, job: Job, tell: Any, progress: Any) -> Done:
        self.jobs.append(job)
        outcome = self.fails.get(len(self.jobs) - 1)
        if isinstance(outcome, BaseException):
            raise outcome
        if outcome is not None:
            return outcome
        rate = job.table.values()["learning_rate"]
        assert isinstance(rate, float)
        score = 1 - abs(rate - 1e-4) * 1000
        tell(0, "look", [score])
        folder = job.folder / f"run{len(self.jobs)}"
        for name in ("model", "checkpoints", "looks"):
            (folder / name).mkdir(parents=True)
        return Done("complete", [score] * len(job.seeds), [folder.name], 1.0)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()
    monkeypatch.setattr(search_engine, "run_trial", made)
    monkeypatch.setattr(search_importance, "importance", lambda space, records: {})  # a forest takes its time
    return made


def options(**more: Any) -> SearchOptions:
    return SearchOptions(**{"rows": ROWS, "runs": 4, **more})


def test_a_real_search_of_three_trials(quick: Book) -> None:
    result = search(quick, options=options(runs=3, ranges={"learning_rate": (1e-4, 1e-3)}))
    assert (result.trials, result.failed, result.path.parent) == (3, 0, quick.path / "searches")
    runs = [Run(path) for path in sorted((result.path / "runs").iterdir())]
    assert len(runs) == 3 and all(run.finished for run in runs)
    assert sum((run.path / "model").is_dir() for run in runs) == 1, "only the best keeps its model"
    assert sum((run.path / "looks").is_dir() for run in runs) == 1
    assert quick.runs == [], "the book's own runs are not littered"
    assert (result.path / "report.html").is_file()
    assert quick.tables.champion == 2
    if result.table is not None:
        added = quick.tables.get(result.table)
        assert added.parent == 2 and result.score > (result.parent_score or 0)
        assert {name: added.values()[name] for name in ROWS} == result.best
    else:
        assert result.score == result.parent_score


def test_the_best_becomes_a_candidate_with_a_warning(quick: Book, fake: Fake) -> None:
    result = search(quick, options=options(runs=8, seeds=2))
    assert fake.jobs[0].table == quick.champion, "the first trial is the table itself"
    assert all(job.seeds == (42, 43) for job in fake.jobs)
    assert result.parent_score == pytest.approx(0.6) and result.score > 0.6
    assert result.table == 3 and quick.tables.champion == 2
    added = quick.tables.get(3)
    rows = {name for name in ROWS if added.values()[name] != quick.champion.values()[name]}
    for name in rows:
        reason = added.rows[name].reason
        assert result.search in reason and "first of 8" in reason and "looks better than it is" in reason
    assert added.rows["max_epochs"].reason == quick.champion.rows["max_epochs"].reason
    assert [path.parent.name for path in result.path.glob("runs/*/model")] == [f"run{result.trial + 1}"]
    assert list(result.path.glob("runs/*/checkpoints")) == []
    entry = quick.log.entries()[-1]
    assert (entry.action, entry.table) == ("search", 3)
    assert entry.evidence["trials"] == 8 and entry.evidence["path"] == f"searches/{result.search}"


def test_the_same_search_adds_nothing_and_a_larger_budget_goes_on(quick: Book, fake: Fake) -> None:
    first = search(quick, options=options(runs=6))
    entries = len(quick.log.entries())
    assert search(quick, options=options(runs=6)) == first
    assert (len(fake.jobs), len(quick.log.entries())) == (6, entries)
    further = search(quick, options=options(runs=9))
    assert (further.search, further.trials, len(fake.jobs)) == (first.search, 9, 9)
    assert further.table == (first.table if further.trial == first.trial else 4)


def test_no_trial_better_than_the_table_adds_no_version(quick: Book, fake: Fake) -> None:
    fake.fails = {number: Done("complete", [0.6]) for number in range(1, 4)}
    fake.fails[3] = Done("failed", why="diverged")
    result = search(quick, options=options())
    assert (result.table, result.trial, result.score, result.failed) == (None, 0, pytest.approx(0.6), 1)
    assert quick.tables.versions() == [1, 2]
    assert quick.log.entries()[-1].table is None


def test_failures_do_not_end_a_search(quick: Book, fake: Fake) -> None:
    fake.fails = {0: Done("failed", why="no memory"), 2: Done("pruned", [], ["gone"], 1.0, "hopeless")}
    result = search(quick, options=options())
    assert (result.trials, result.failed, result.pruned, result.parent_score) == (4, 1, 1, None)
    assert result.table == 3 and "parent failed" in quick.tables.get(3).note


def test_when_all_fail_it_says_why(quick: Book, fake: Fake) -> None:
    fake.fails = {number: Done("failed", why="[run.diverged] oh") for number in range(9)}
    with pytest.raises(RunError, match=r"None of the 4 trials.*run\.diverged\] oh") as caught:
        search(quick, options=options())
    assert caught.value.code == "search.nothing"


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), RunError("run.interrupted", key="x", value=3)], ids=["between", "in a run"]
)
def test_an_interrupted_search_goes_on(error: BaseException, quick: Book, fake: Fake) -> None:
    fake.fails = {2: error}
    with pytest.raises(RunError) as caught:
        search(quick, options=options())
    assert caught.value.code == "search.interrupted"
    result = search(quick, options=options())
    assert result.trials == 4
    assert fake.jobs[3].table.values() == fake.jobs[2].table.values(), "the interrupted trial comes again"
    assert len(fake.jobs) == 5


def test_a_kill_in_the_middle_of_training_loses_nothing(quick: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(track, "trackers", lambda names, folder, run: [bomb(2)])
    with pytest.raises(BombError):
        search(quick, options=options(runs=1))
    monkeypatch.undo()
    (folder,) = (quick.path / "searches").iterdir()
    result = search(quick, options=options(runs=1))
    assert (result.path, result.trials) == (folder, 1)
    assert len(list((folder / "runs").iterdir())) == 1


def test_other_errors_go_through(quick: Book, fake: Fake) -> None:
    fake.fails = {1: MachineError("machine.disk", key="x"), 2: RunError("run.busy", key="x")}
    with pytest.raises(MachineError):
        search(quick, options=options())
    with pytest.raises(RunError) as caught:
        search(quick, options=options())
    assert caught.value.code == "run.busy"


def test_time_is_a_budget_too(quick: Book, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Study, "seconds", property(lambda study: 25.0 * len(fake.jobs)))
    result = search(quick, options=options(runs=None, minutes=1))
    assert result.trials == 3


def test_without_a_budget_there_are_twenty(quick: Book, fake: Fake) -> None:
    bars = Counting()
    assert search(quick, options=options(runs=None, sampler="random"), progress=bars).trials == 20
    assert bars.told == [("search", 20, 0), *[1] * 20, "end"]


class Counting(Silent):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.told.append((what, total, done))

    def advance(self, amount: int = 1, **figures: float) -> None:
        assert figures["eval_accuracy"] <= 1
        self.told.append(amount)

    def finish(self) -> None:
        self.told.append("end")


def test_a_grid_ends_before_its_budget(quick: Book, fake: Fake) -> None:
    result = search(quick, options=options(rows=["learning_rate"], sampler="grid", runs=50))
    assert result.trials == 4
    assert sorted(job.table.values()["learning_rate"] for job in fake.jobs) == [1e-6, 3.16e-5, 5e-4, 1e-3]  # type: ignore[type-var]


def test_techniques_can_be_switched(quick: Book, fake: Fake) -> None:
    search(quick, options=options(rows=["layer_decay", "layer_decay.rate"], sampler="grid", runs=9))
    tables = [job.table.values() for job in fake.jobs]
    assert tables[0] == quick.champion.values()
    assert sorted(str(table.get("layer_decay.rate")) for table in tables) == ["0.8", "0.9", "1.0", "None", "None"]


def test_another_table_other_rows_and_other_data_are_other_searches(quick: Book, fake: Fake) -> None:
    table = quick.tables.add(child(quick.champion, {"max_epochs": 2}))
    found = {
        search(quick, which, options(runs=1, **more)).search
        for which, more in (
            ("champion", {}),
            (f"v{table.version}", {}),
            ("champion", {"rows": ["learning_rate"]}),
            ("champion", {"seeds": 2}),
            ("champion", {"ranges": {"learning_rate": (1e-5, 1e-4)}}),
        )
    }
    assert len(found) == 5
    assert len(list((quick.path / "searches").iterdir())) == 5
    one: ParamTable = quick.champion
    assert search(quick, one, options(runs=1)).search in found


@pytest.mark.parametrize(
    ("given", "code", "key"),
    [
        ({"runs": 0}, "search.budget", "--runs"),
        ({"runs": -3}, "search.budget", "--runs"),
        ({"minutes": 0}, "search.budget", "--minutes"),
        ({"minutes": float("nan")}, "search.budget", "--minutes"),
        ({"seeds": 0}, "search.budget", "--seeds"),
        ({"workers": 0}, "search.budget", "--workers"),
        ({"prune": "halving"}, "search.option", "--prune"),
        ({"sampler": "cma"}, "search.option", "--sampler"),
        ({"prune": "wilcoxon"}, "search.seeds", "--seeds"),
    ],
)
def test_options_that_cannot_be(given: dict[str, Any], code: str, key: str, quick: Book) -> None:
    with pytest.raises(PlanError) as caught:
        search(quick, options=options(**given))
    assert (caught.value.code, caught.value.key) == (code, key)
    assert str(caught.value)
    assert not (quick.path / "searches").exists()


def test_rows_that_cannot_be_leave_nothing_behind(quick: Book) -> None:
    with pytest.raises(TableError):
        search(quick, options=options(rows=["seed"]))
    assert not (quick.path / "searches").exists()


def test_label_smoothing_has_no_place_where_numbers_are_learnt(quick: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.verbs import search as module

    real = module.plan
    numbers = {"labels": quick.data.labels.model_copy(update={"problem": "regression"})}
    monkeypatch.setattr(module, "plan", lambda *given, **more: real(*given, **more).model_copy(update=numbers))
    with pytest.raises(PlanError) as caught:
        search(quick, options=options(rows=["learning_rate", "label_smoothing"]))
    assert caught.value.code == "plan.numbers"


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "machine.disk"), (errno.EROFS, "machine.write")])
def test_no_room_and_no_right(number: int, code: str, quick: Book, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.verbs import search as module

    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number), "search.json")

    monkeypatch.setattr(module, "write_json", fail)
    with pytest.raises(MachineError) as caught:
        search(quick, options=options())
    assert (caught.value.code, caught.value.key) == (code, "search.json")


def test_two_processes_do_not_make_one_search(quick: Book, fake: Fake) -> None:
    result = search(quick, options=options(runs=1))
    with FileLock(result.path / ".lock"), pytest.raises(BookError) as caught:
        search(quick, options=options(runs=2))
    assert caught.value.code == "search.busy"


def test_what_a_search_is_stands_in_its_folder(quick: Book, fake: Fake) -> None:
    result = search(quick, options=options())
    spec = json.loads((result.path / "search.json").read_text())
    assert [axis["name"] for axis in spec["space"]["axes"]] == list(ROWS)
    assert json.loads((result.path / "result.json").read_text())["score"] == result.score
    assert Path(result.path / "study.log").is_file()


def test_trials_go_side_by_side_where_trainings_can(quick: Book, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wide(Local):
        room = 3

    made: list[int] = []
    monkeypatch.setattr(search_module, "SideBySide", lambda room: (made.append(room), InTurn())[1])
    with trained_on(Wide()):
        search(quick, options=options(runs=1))
        search(quick, options=options(runs=2, workers=2))
        search(quick, options=options(runs=3, workers=1))
    assert made == [3, 2]
    with pytest.raises(MachineError) as caught:
        search(quick, options=options(runs=4, workers=2))
    assert (caught.value.code, caught.value.allowed) == ("search.cluster", "1 … 1")


def test_nothing_is_deleted_outside_of_the_search(tmp_path: Path) -> None:
    """The names of runs come from study.log, which came with the book."""
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "search" / "runs").mkdir(parents=True)
    (tmp_path / "search" / "runs" / "link").symlink_to(tmp_path / "mine")
    hand = search_module._Hand(Book(tmp_path), tmp_path / "search", None, SearchOptions())  # type: ignore[arg-type]
    for name in ("../../mine", "link", str(tmp_path / "mine")):
        with pytest.raises(BookError) as caught:
            hand.clear([TrialRecord(number=0, state="failed", values={}, runs=[name])])
        assert caught.value.code == "file.damaged" and caught.value.key.endswith("study.log")
    assert (tmp_path / "mine" / "model").is_dir()

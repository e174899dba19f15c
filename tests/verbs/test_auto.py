"""Auto from end to end on tiny models: race, gate, promotion; stopped, gone on, refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests import ab_book, small
from tunebook.cli.auto import PurchaseBars
from tunebook.core.errors import BookError, PlanError, RunError
from tunebook.core.nouns import ParamTable
from tunebook.core.verdict import Gate
from tunebook.tables.make import child
from tunebook.verbs import auto as module
from tunebook.verbs.auto import auto
from tunebook.verbs.init import init
from tunebook.verbs.promote import promote
from tunebook.verbs.racing import lineup
from tunebook.verbs.racing.budget import RaceContext
from tunebook.verbs.racing.outcome import AutoResult
from tunebook.verbs.racing.state import AutoState
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.book_file import write_book_file

WORSE = {"learning_rate": 1e-6}


def make(folder: Path, base: Path) -> Book:
    """A book with a small gate whose champion, version 2, hardly learns; version 3 learns with every seed."""
    file = small.write_records(folder / "rows.csv", "binary", 240)
    options = small.options("binary").model_copy(update={"split": "3:1:1"})
    book = init(folder / "book", file, model=str(base), options=options, owner="Ada")
    poor = book.tables.add(child(book.champion, ab_book.QUICK, note="quick"))
    book.tables.add(child(poor, ab_book.SURE, note="learns"))
    write_book_file(book.file.model_copy(update={"gate": Gate(seeds=3, looks=[])}), book.path)
    book = Book(book.path)
    promote(book, poor.version, reason="for these tests", force=True)
    return book


def drawing(*changes: dict[str, Any]) -> Any:
    """In the place of `near`: these tables in turn, without end."""

    def near(tables: Any, count: int, seed: str) -> Iterator[ParamTable]:
        while True:
            yield from (child(tables[0], change) for change in changes)

    return near


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("auto") / "base")


@pytest.fixture
def poor(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    """A champion whose rivals are no better, with runs that cost nothing: what `bought` holds was bought."""
    monkeypatch.setattr(module, "buy_baselines", lambda context: None)
    monkeypatch.setattr(RaceContext, "candidate_scores", lambda self, item: None)
    monkeypatch.setattr(RaceContext, "buy", buy)
    return make(tmp_path, model)


def buy(context: RaceContext, name: str, place: int) -> None:
    item = context.state_file.state.named(name)
    context.state_file.change(
        name, scores=[*item.scores, 0.5 if name == "champion" else 0.4], seconds=[*item.seconds, 1.0]
    )
    context.state_file.count("race", context.state_file.state.bought + 1)
    context.state_file.write(seconds=context.meter.spent)


@pytest.fixture(scope="module")
def won(tmp_path_factory: pytest.TempPathFactory, model: Path) -> tuple[Book, AutoResult]:
    """An auto of two tries, one of which learns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lineup, "near", drawing(ab_book.SURE, WORSE))
        book = make(tmp_path_factory.mktemp("won"), model)
        return book, auto(book, tries=2, minutes=30)


def test_a_better_table_is_found_proven_and_promoted(won: tuple[Book, AutoResult]) -> None:
    book, found = won
    state = found.state
    assert found.promoted and found.before == 2 and found.champion == book.tables.champion == state.version == 3
    assert found.verdict is not None and found.verdict.passed and (found.verdict.a, found.verdict.b) == (2, 3)
    assert state.finalist is not None and state.finalist.gain is not None and state.finalist.gain > 0.2
    assert state.test_scores["lower"] > 0 and (state.runs["gate"], state.runs["promotion"]) == (6, 6)
    fresh = set(state.test_scores["fresh"]["seeds"])
    assert not fresh & {*state.spec.seeds, *found.verdict.extra["seeds"]}
    assert state.luck is not None and state.luck.tries == 2 and state.luck.seen > 0.1
    assert (found.path / "report.html").is_file() and (found.path / "state.json").is_file()
    assert {item.name for item in state.baselines} == {"majority", "tfidf_logreg", "frozen_logreg"}
    assert all(item.gain is not None for item in state.baselines)


def test_the_gate_has_seeds_that_the_race_has_not_seen(won: tuple[Book, AutoResult]) -> None:
    book, found = won
    assert found.verdict is not None
    assert not set(found.verdict.extra["seeds"]) & set(found.state.spec.seeds)
    assert book.log.verify().ok and book.log.entries()[-1].action == "promote"


def test_the_same_call_gives_what_was_found(won: tuple[Book, AutoResult], monkeypatch: pytest.MonkeyPatch) -> None:
    book, found = won
    monkeypatch.setattr(module, "_go", lambda *args: 1 / 0)
    assert auto(book, tries=2, minutes=1) == found.model_copy(update={"minutes": 1})
    with pytest.raises(ZeroDivisionError):
        auto(book, tries=2, again=True)


def test_nothing_better_is_said_without_a_test(poor: Book) -> None:
    versions = poor.tables.versions()
    found = auto(poor)
    assert found.state.ended == "none_better" and "v2 stays the champion" in found.state.reason
    assert not found.promoted and found.verdict is None and poor.tables.versions() == versions
    assert found.state.bought == 21 and len(found.state.candidates) == 7
    assert auto(poor, minutes=1) == found.model_copy(update={"minutes": 1}), "nothing more is bought"


def test_a_stop_keeps_what_was_bought_and_the_same_call_goes_on(poor: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    bought: list[tuple[str, int]] = []

    def stopped(context: RaceContext, name: str, place: int) -> None:
        if len(bought) == 9 and (name, place) != bought[-1]:
            bought.append((name, place))
            raise KeyboardInterrupt
        bought.append((name, place))
        buy(context, name, place)

    monkeypatch.setattr(RaceContext, "buy", stopped)
    told: list[AutoState] = []
    watch = PurchaseBars()
    monkeypatch.setattr(watch, "stopped", told.append)
    with pytest.raises(RunError) as caught:
        auto(poor, progress=watch)
    assert caught.value.code == "auto.interrupted" and caught.value.value == 9
    [path] = (poor.path / "auto").glob("*/state.json")
    kept = AutoState.model_validate_json(path.read_text("utf-8"))
    assert told == [kept] and kept.stopped, "screen and page have the same time"
    assert kept.bought == 9 and kept.seconds > 0 and (path.parent / "report.html").is_file()
    found = auto(poor)
    assert (
        found.auto == kept.spec.id
        and not found.state.stopped
        and found.state.seconds > kept.seconds
        and found.state.ended == "none_better"
    )
    assert [item.table for item in found.state.candidates] == [item.table for item in kept.candidates]
    assert found.state.bought == 21 and len(bought) == 22, "the run that was stopped is bought again, no other"


def test_a_kill_in_a_run_is_passed_on_in_words(poor: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    for code, told in (("run.interrupted", "auto.interrupted"), ("run.busy", "run.busy")):
        error = RunError(code, key="x", value=1)
        monkeypatch.setattr(RaceContext, "buy", lambda self, name, place, error=error: (_ for _ in ()).throw(error))
        with pytest.raises(RunError) as caught:
            auto(poor)
        assert caught.value.code == told


def test_a_budget_that_is_spent_says_what_is_lacking(poor: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(context: RaceContext, name: str, place: int) -> None:
        context.meter.before += 9.0
        buy(context, name, place)

    monkeypatch.setattr(RaceContext, "seconds", lambda self, name: 9.0)
    monkeypatch.setattr(RaceContext, "buy", slow)
    found = auto(poor, minutes=0.5)
    assert not found.state.ended and found.state.bought == 3 and 27 < found.state.seconds < 30
    assert found.state.needed > 60 and found.to_json()["ended"] == "budget"
    further = auto(poor, minutes=10)
    assert further.auto == found.auto and further.state.ended == "none_better" and further.state.needed == 0


def test_another_round_draws_others(poor: Book) -> None:
    one = auto(poor)
    two = auto(poor, again=True)
    assert (one.state.spec.round, two.state.spec.round) == (0, 1)
    drawn = [{item.table.values_id for item in found.state.candidates if item.name.isdigit()} for found in (one, two)]
    assert len(drawn[0]) >= 5 and not drawn[0] & drawn[1]
    assert auto(poor).auto == two.auto, "the latest"
    assert auto(poor, tries=3).auto not in (one.auto, two.auto)


@pytest.mark.parametrize(
    ("more", "code", "allowed"),
    [
        ({"minutes": 0.0}, "auto.number", "> 0"),
        ({"minutes": float("nan")}, "auto.number", "> 0"),
        ({"minutes": float("inf")}, "auto.number", "> 0"),
        ({"tries": 0}, "auto.number", "1 … 100"),
        ({"minutes": 0.001}, "auto.budget", ">= "),
    ],
)
def test_refusals_come_before_anything_is_written(more: dict[str, Any], code: str, allowed: str, poor: Book) -> None:
    with pytest.raises(PlanError) as caught:
        auto(poor, **more)
    assert caught.value.code == code and allowed in caught.value.allowed
    assert not list(poor.path.glob("auto/*/state.json")) and not list((poor.path / "runs").glob("*"))


def test_without_test_rows_nothing_can_be_proven(poor: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Book(poor.path)
    bare.__dict__["data"] = poor.data.model_copy(update={"rows": {**poor.data.rows, "test": 19}})
    with pytest.raises(PlanError, match="nothing can be proven") as caught:
        auto(bare)
    assert caught.value.code == "auto.no_test" and not (poor.path / "auto").exists()


def test_worn_test_rows_prove_nothing(poor: Book) -> None:
    for _ in range(poor.file.gate.openings):
        poor.log.append("open", table=3, evidence={"test_scores": {}})
    with pytest.raises(PlanError, match="any more") as caught:
        auto(poor)
    assert caught.value.code == "auto.rows_worn" and caught.value.allowed == "< 10"
    assert not (poor.path / "auto").exists()


def test_one_process_at_a_time(poor: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf(BaseException):
        """Ends the auto where its work would begin."""

    def end(*args: Any) -> None:
        raise Deaf

    monkeypatch.setattr(module, "_go", end)
    with pytest.raises(Deaf):
        auto(poor)
    [folder] = (poor.path / "auto").iterdir()
    with FileLock(folder / ".lock"), pytest.raises(BookError) as caught:
        auto(poor)
    assert caught.value.code == "auto.busy"


def test_the_result_is_json(won: tuple[Book, AutoResult]) -> None:
    told = json.loads(json.dumps(won[1].to_json()))
    assert {"champion", "verdict", "spent", "candidates", "best_baseline"} <= set(told)
    assert told["champion"] == "v3" and told["promoted"]

"""A/B tests from end to end, on tiny models and on answers made by hand."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from tests import ab_book
from tests.ab_book import gains, logits, same
from tunebook.core.errors import BookError, PlanError, machine_error
from tunebook.core.nouns import read_json
from tunebook.core.progress import Silent
from tunebook.core.verdict import Guardrail, Verdict
from tunebook.stats.sequential import spent
from tunebook.verbs import ab as module
from tunebook.verbs.ab import ab, run_test
from tunebook.verbs.abtest import pairs
from tunebook.verbs.abtest.pairs import Pair, Seen
from tunebook.verbs.abtest.prepared import prepare_test
from tunebook.verbs.abtest.scored import Exam
from tunebook.verbs.steps.book import Book, open_book


@pytest.fixture(autouse=True)
def own_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes into the user's index of lessons."""
    monkeypatch.setattr("tunebook.verbs.ab.remember", lambda book: None)


@pytest.fixture(scope="module")
def made(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ab_book.make_book(tmp_path_factory.mktemp("ab"), base, rows=160).path


@pytest.fixture
def book(made: Path, tmp_path: Path) -> Book:
    """A copy that a test may change."""
    shutil.copytree(made, tmp_path / "book")
    return open_book(tmp_path / "book")


def by_hand(k: int, a: float, b: float, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pairs that are right as told instead of trained ones; the seeds that were asked for."""
    asked: list[int] = []
    kept: dict[str, Any] = {}

    def run_pair(arms: Any, seed: int, exams: list[Exam], folder: Path, progress: Any = None) -> Pair:
        asked.append(seed)
        for exam in exams:
            kept.setdefault(exam.key, gains(k, len(exam.rows), a, b))
        answers = {exam.key: tuple(logits(exam, side[seed - 1]) for side in kept[exam.key]) for exam in exams}
        sides = tuple(
            SimpleNamespace(seconds=2.0 + side, work=2.0 + side, peak_memory_bytes=10**9, size=100, device="cpu",
                            failed="", run=SimpleNamespace(id=f"{seed}{side}", history=[{"epoch": 1.0, "loss": 0.5}]))
            for side in (0, 1)
        )  # fmt: skip
        return Pair(Seen(seed=seed, runs=("x", "y"), reused=(True, False), latency=([1.0], [2.0])), sides, answers)

    monkeypatch.setattr(module, "run_pair", run_pair)
    return asked


OFF = {"class": "off", "calibration": "off"}


def wide(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """As many validation rows as a test needs."""
    from tunebook.verbs.abtest import prepared

    many = ab_book.exam(rows)
    monkeypatch.setattr(prepared, "split_exam", lambda data, split: many)


@pytest.mark.parametrize(
    ("a", "b", "verdict", "pairs_run", "passed"),
    [(0.6, 0.8, "STRONG", 3, True), (0.8, 0.6, "REJECT", 3, False), (0.700, 0.725, "INCONCLUSIVE", 5, False)],
)
def test_the_first_look_that_decides_ends_the_test(
    a: float, b: float, verdict: str, pairs_run: int, passed: bool, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = by_hand(5, a, b, monkeypatch)
    wide(monkeypatch, 700)
    found = ab(book, 2, "v3", delta=0.03, guard={"worst_class": "off", "calibration": "off"})
    assert (found.verdict, found.seeds, found.passed) == (verdict, pairs_run, passed)
    assert asked == list(range(1, pairs_run + 1))
    alpha = spent(0.05, 3, (3, 5, 10))
    assert found.extra["looks_spent"] == [{"seeds": look.seeds, "alpha": alpha} for look in found.history]
    assert [look.alpha for look in found.history] == [alpha] * (1 if pairs_run == 3 else 2)
    assert [look.seeds for look in found.history] == ([3] if pairs_run == 3 else [3, 5])
    assert found.cost["seconds"] == pairs_run * 5.0 and found.cost["new_seconds"] == pairs_run * 3.0
    assert found.flips["won"] > 0 if b > a else found.flips["lost"] > 0
    assert len(found.extra["mcnemar"]) == pairs_run and found.reason
    assert ("seconds" in found.settle) == (verdict == "INCONCLUSIVE" and found.settle["seeds"] is not None)
    entry = book.log.entries()[-1]
    assert (entry.action, entry.table, entry.evidence["verdict"]) == ("test", 3, verdict)
    assert entry.evidence["passed"] is passed and entry.evidence["test"] == found.test
    assert (found.path / "report.html").is_file()
    written = read_json(Verdict, found.path / "verdict.json")
    assert json.loads(written.model_dump_json()) == json.loads(found.model_dump_json())
    before = len(book.log.entries())
    assert same(ab(book, 2, 3, delta=0.03, guard={"worst_class": "off", "calibration": "off"}), found)
    assert len(asked) == pairs_run and len(book.log.entries()) == before, "the verdict that there is"


def test_a_test_without_a_chance_ends_after_its_first_look(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any gain would do, and the new table seems rather worse: nothing to reject, and nothing to hope for."""
    asked = by_hand(5, 0.70, 0.68, monkeypatch)
    wide(monkeypatch, 700)
    found = ab(book, 2, 3, delta=0, guard={"class": "off", "calibration": "off"})
    assert (found.verdict, asked, found.looks) == ("INCONCLUSIVE", [1, 2, 3], 1)
    chance = found.history[0].chance
    assert chance is not None and chance < 0.05 and found.hopeless and "planned end" in str(found.reason)
    again = read_json(Verdict, found.path / "verdict.json")
    assert again.hopeless and again.history[0].chance == chance


def test_what_would_settle_a_test_of_a_relative_gain(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of .70, a share of .03 / .70 is an absolute .03: both tests lack about as many rows."""
    needs = []
    for kind, b, delta in (("absolute", 3, 0.03), ("relative", 4, 0.03 / 0.70)):
        by_hand(5, 0.700, 0.725, monkeypatch)
        wide(monkeypatch, 700)
        found = ab(ab_book.set_gate(book, delta_kind=kind), 2, b, delta=delta, guard=OFF)
        assert found.verdict == "INCONCLUSIVE"
        needs.append(found.settle["rows"])
    assert needs[0] != needs[1] and needs[0] == pytest.approx(needs[1], rel=0.25)


def guard(name: str, lower: float, upper: float, margin: float = 0.05) -> Guardrail:
    return Guardrail(name=name, kind="score", margin=margin, gain=0, lower=lower, upper=upper, held=lower > -margin)


@pytest.mark.parametrize(
    ("guards", "ends"),
    [([guard("class:x", -0.01, 0.1)], True), ([guard("class:x", -0.06, 0.1)], False),
     ([guard("class:x", -0.06, 0.1), guard("class:y", -0.2, -0.1)], True),
     ([guard("class:x", float("nan"), float("nan"))], True), ([], True)],
)  # fmt: skip
def test_a_gain_whose_guardrails_more_seeds_may_hold_goes_on(
    guards: list[Guardrail], ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_guardrails", lambda prepared, course: guards)
    looks = [SimpleNamespace(seeds=3), SimpleNamespace(seeds=5)]

    def ended(seeds: int, verdict: str, stop: str = "held") -> bool:
        plan = SimpleNamespace(stop=stop, looks=looks, futility=0.05)
        look = SimpleNamespace(verdict=verdict, seeds=seeds, chance=0.5 if seeds == 3 else None)
        return module._ends(SimpleNamespace(plan=plan), SimpleNamespace(looks=[look]))  # type: ignore[arg-type]

    assert ended(3, "PROMOTE") is ended(3, "STRONG") is ends
    assert ended(5, "PROMOTE") and ended(3, "REJECT") and ended(3, "PROMOTE", "decided")
    assert not ended(3, "INCONCLUSIVE") and not ended(5, "INCONCLUSIVE")


def test_a_broken_guardrail_stops_a_better_table(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(5, 0.6, 0.8, monkeypatch)
    wide(monkeypatch, 700)
    found = ab(book, 2, 3, guard={"time": 0.2})
    assert found.verdict == "STRONG" and not found.passed
    assert {guard.name for guard in found.guardrails if not guard.held} >= {"time"}
    assert "Training time" in found.reason or "训练时间" in found.reason


def test_a_file_of_challenges_may_veto(book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests import small

    by_hand(3, 0.6, 0.8, monkeypatch)
    inner = module.run_pair

    def worse_there(arms: Any, seed: int, exams: Any, folder: Path, progress: Any = None) -> Pair:
        pair = inner(arms, seed, exams, folder, progress)
        a, b = pair.answers[exams[1].key]
        return Pair(pair.seen, pair.sides, {**pair.answers, exams[1].key: (b, a)})

    hard = small.write_csv(tmp_path / "hard.csv", 90, seed=7)
    monkeypatch.setattr(module, "run_pair", worse_there)
    found = ab(book, 2, 3, seeds=3, looks=[], challenges=[hard])
    (guard,) = [guard for guard in found.guardrails if guard.kind == "challenge"]
    assert found.verdict == "STRONG" and not guard.held and guard.name == "hard.csv" and not found.passed
    assert "hard.csv" in found.reason


def test_looks_can_be_left_out(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = by_hand(5, 0.6, 0.8, monkeypatch)
    found = ab(book, 2, 3, looks=[], seeds=4)
    assert len(asked) == 4 and [(look.seeds, look.alpha) for look in found.history] == [(4, 0.05)]


def test_a_metric_without_rows(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(3, 0.7, 0.72, monkeypatch)
    found = ab(book, 2, 3, looks=[], seeds=3, metric="macro_f1")
    assert found.settle == {} and "bootstrap" not in found.extra and found.flips


def test_it_tells_when_it_works_the_verdict_out(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(5, 0.6, 0.8, monkeypatch)
    wide(monkeypatch, 700)
    told: list[str] = []

    class Watch(Silent):
        def start(self, what: str, total: int, done: int = 0) -> None:
            told.append(what)

        def finish(self) -> None:
            told.append("/")

    ab(book, 2, "v3", guard=OFF, progress=Watch())
    assert "".join(told) == "abverdict//verdict/"  # at the look, and with the report


def test_the_plan_is_frozen_before_anything_is_trained(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = prepare_test(book, 2, 3, seeds=3)
    text = (prepared.folder / "plan.json").read_text()
    assert prepared.plan.id == prepared.folder.name and not (book.path / "runs").exists()
    assert prepared.seconds > 0 and prepared.finished is None
    assert {code for code, _ in prepared.warnings} == {"ab.warn.explores", "ab.warn.few_rows"}, "three seeds of five"
    prepare_test(book, 2, 3, seeds=3)
    assert (prepared.folder / "plan.json").read_text() == text
    assert prepare_test(book, 2, 3, seeds=4).folder != prepared.folder


def test_earlier_tests_are_told(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(4, 0.6, 0.8, monkeypatch)
    ab(book, 2, 3, seeds=3)
    damaged = book.path / "tests" / "damaged" / "verdict.json"
    damaged.parent.mkdir()
    damaged.write_text("{")
    again = prepare_test(book, 2, 3, seeds=4)
    assert ("ab.warn.again", {"count": 1, "a": "v2", "b": "v3"}) in again.warnings
    assert ab(book, 2, 3, seeds=4).extra["warnings"][-1] == "ab.warn.again"


@pytest.mark.parametrize("others", [(3, 4), (2, 2)])
def test_the_same_table_twice(others: tuple[int, int], book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlanError) as caught:
        ab(book, *others)
    assert caught.value.code == "ab.same" and caught.value.message
    by_hand(3, 0.7, 0.7, monkeypatch)
    prepared = prepare_test(book, *others, seeds=3, aa=True)
    assert prepared.plan.shift and prepared.arms[0].plan(1).id != prepared.arms[1].plan(1).id
    assert run_test(prepared).verdict in ("REJECT", "INCONCLUSIVE")
    with pytest.raises(PlanError):
        run_test(prepared, effects="one")


def test_a_test_that_runs_elsewhere(book: Book) -> None:
    prepared = prepare_test(book, 2, 3)
    with FileLock(prepared.folder / ".lock"), pytest.raises(BookError) as caught:
        run_test(prepared)
    assert caught.value.code == "ab.busy"


class KilledError(Exception):
    """Stands for a kill."""


def killed_at(when: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die at a step of some run, counted over all runs."""
    from tunebook.engine.track import MetricsLog

    step, counted = MetricsLog.on_step_end, [0]

    def end(self: Any, *args: Any, **more: Any) -> None:
        counted[0] += 1
        if counted[0] == when:
            raise KilledError
        step(self, *args, **more)

    monkeypatch.setattr(MetricsLog, "on_step_end", end)


@pytest.mark.slow
def test_a_test_that_was_killed_goes_on_to_the_same_verdict(
    book: Book, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(made, tmp_path / "whole")
    asked: dict[str, Any] = {"seeds": 3, "looks": []}
    whole = ab(open_book(tmp_path / "whole"), 2, 3, **asked)
    assert not any(whole.extra["arms"][side]["reused"] for side in "ab")
    assert whole.extra["uncrossed"] == 0
    assert not list((tmp_path / "whole" / "runs").glob("*/validation/logits.npz")), "the looks have answered already"
    assert all(path.name != "test" for path in (tmp_path / "whole" / "runs").glob("*/*"))
    half = 7 + 28  # steps of a pair: after a kill in the first half as many are left
    for when in random.Random(5).sample(range(1, half), 2):
        with monkeypatch.context() as patch:
            killed_at(when, patch)
            with pytest.raises(KilledError):
                ab(book, 2, 3, **asked)
        assert not list(book.path.glob("tests/*/verdict.json"))
    found = ab(book, 2, 3, **asked)
    assert same(found, whole)
    assert len(list((book.path / "runs").iterdir())) == 6
    assert not any(found.extra["arms"][side]["reused"] for side in "ab"), "all of them are this test's own"
    assert len([entry for entry in book.log.entries() if entry.action == "test"]) == 1
    monkeypatch.setattr(pairs, "latencies", lambda *args: ([1.0], [1.0]))
    monkeypatch.setattr("tunebook.verbs.engines.seam.train", lambda *args, **more: pytest.fail("trained again"))
    other = ab(book, 2, 3, delta=0.1, **asked)
    assert other.test != found.test and other.gain == found.gain
    assert [other.extra["arms"][side]["reused"] for side in "ab"] == [3, 3] and other.cost["new_seconds"] == 0
    assert other.cost["seconds"] == pytest.approx(found.cost["seconds"])


def test_effects_are_added_to_a_verdict_and_logged_once(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.core.verdict import RowEffect

    by_hand(3, 0.6, 0.8, monkeypatch)
    asked = []

    def measure(study: Any, metric: str, method: str, alpha: float, progress: Any) -> list[RowEffect]:
        asked.append((list(study.seeds), metric, method, alpha))
        return [RowEffect(row="learning_rate", effect=0.1, lower=0.05, upper=0.15, method="shapley")]

    monkeypatch.setattr(module, "row_effects", measure)
    plain = ab(book, 2, 3, seeds=3)
    found = ab(book, 2, 3, seeds=3, effects="auto")
    assert found.test == plain.test and asked == [([1, 2, 3], "accuracy", "auto", 0.05)]
    assert ab(book, 2, 3, seeds=3, effects="auto").effects == found.effects and len(asked) == 1
    ab(book, 2, 3, seeds=3, effects="one")
    assert len(asked) == 2, "another way of measuring"
    assert read_json(Verdict, found.path / "verdict.json").effects
    assert "+10.0" in (found.path / "report.html").read_text()
    logged = [entry.evidence for entry in book.log.entries() if entry.action == "test"]
    assert [bool(evidence["effects"]) for evidence in logged] == [False, True]


def test_answers_of_an_arm_without_any_model(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(3, 0.6, 0.8, monkeypatch)
    inner = module.run_pair

    def lost(arms: Any, seed: int, exams: Any, folder: Path, progress: Any = None) -> Pair:
        pair = inner(arms, seed, exams, folder, progress)
        for side in pair.sides[1:]:
            side.failed = "run.diverged"
        return Pair(pair.seen, pair.sides, {key: (a, None) for key, (a, _) in pair.answers.items()})

    monkeypatch.setattr(module, "run_pair", lost)
    found = ab(book, 2, 3, seeds=3)
    assert found.verdict == "REJECT" and found.extra["arms"]["b"]["failed"] == 3
    assert found.extra["scores"]["b"] == [0.0, 0.0, 0.0]
    assert np.isclose(found.gain, -np.mean(found.extra["scores"]["a"]))


def test_a_verdict_that_lacks_what_is_told_is_made_anew(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(5, 0.5, 0.9, monkeypatch)
    whole = ab(book, 1, 3, seeds=5, looks=())
    file = whole.path / "verdict.json"
    logged = len(book.log.entries("test"))
    for extra in ({}, {"arms": 1}):
        told = json.loads(file.read_text())
        file.write_text(json.dumps({**told, "extra": extra}))
        again = ab(book, 1, 3, seeds=5, looks=())
        assert (again.test, again.gain, again.extra["arms"]) == (whole.test, whole.gain, whole.extra["arms"])
        assert read_json(Verdict, file).extra.keys() == whole.extra.keys()
    assert len(book.log.entries("test")) == logged


@pytest.mark.parametrize("name", ["verdict.json", "plan.json", "tests"])
def test_what_stands_in_the_way_is_named(name: str, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand(5, 0.5, 0.9, monkeypatch)
    whole = ab(book, 1, 3, seeds=5, looks=())
    if name == "tests":
        shutil.rmtree(book.path / "tests")
        (book.path / "tests").write_text("")
    else:
        (whole.path / name).unlink()
        (whole.path / name).mkdir()
        if name == "plan.json":  # what has a verdict is not asked for again
            (whole.path / "verdict.json").unlink()
    with pytest.raises(OSError) as caught:
        ab(book, 1, 3, seeds=5, looks=())
    found = machine_error(caught.value)
    assert found is not None and found.code == "machine.place" and name in str(found.key)

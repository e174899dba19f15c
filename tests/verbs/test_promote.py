"""A table becomes the champion on proof, or by force with a reason; a former champion comes back."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from benchmarks.kills import kill_promotions

from tests import logged
from tunebook.core.errors import BookError, MachineError, RefusedError, TableError, TunebookError
from tunebook.data.load import load
from tunebook.knowledge import index as index_module
from tunebook.knowledge.index import Index, Question
from tunebook.knowledge.log import ChangeLog
from tunebook.verbs.ab import ab
from tunebook.verbs.abtest.final_exam import Trial
from tunebook.verbs.abtest.verdicts import read_verdict
from tunebook.verbs.correct import correct
from tunebook.verbs.promote import enact, opened, promote, reign, rollback, weigh
from tunebook.verbs.steps.book import Book, open_book


@pytest.fixture(autouse=True)
def around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return logged.make_book(tmp_path / "book")


def refused(code: str, call: Any, *args: Any, **words: Any) -> str:
    with pytest.raises(TunebookError) as caught:
        call(*args, **words)
    assert caught.value.code == code
    assert caught.value.exit_code == (1 if isinstance(caught.value, RefusedError) else 2)
    return str(caught.value)


def test_a_proven_table_becomes_the_champion(proven: Book) -> None:
    found = proven.log.entries("test")[-1].evidence
    entry = promote(proven, "v3", reason="two points", actor="Ann")
    assert (entry.action, entry.table, entry.forced, entry.reason) == ("promote", 3, False, "two points")
    assert (entry.actor, entry.evidence["from"]) == ("Ann", 2)
    assert entry.evidence["verdict"]["gain"] == found["gain"]
    assert not {"path", "history", "extra"} & set(entry.evidence["verdict"])
    assert "refusal" not in entry.evidence
    assert [item["test"] for item in entry.evidence["tests"]] == [found["test"]]
    assert entry.evidence["gate"]["seeds"] == 3
    scores = entry.evidence["test_scores"]
    assert scores["fresh"]["seeds"] == [1001, 1002, 1003] and scores["lower"] > 0
    assert scores["n"] == proven.data.rows["test"]
    assert (proven.champion.version, proven.log.verify().ok, opened(proven)["logged"]) == (3, True, 1)


def test_labels_that_were_put_right_want_a_test_of_their_own_and_a_proof_of_it_counts(proven: Book) -> None:
    rows = load(proven.data, "train")
    names = proven.data.labels.names
    said = {rows.ids[place]: names[1 - int(rows.targets[place])] for place in range(2)}  # type: ignore[index]
    correct(proven, said, reason="read again")
    book = open_book(proven.path)
    refused("promote.other_rows", promote, book, 3)
    assert ab(book, 2, 3).passed
    assert promote(book, "v3", reason="on the rows put right").table == 3


def test_a_verdict_may_be_given(proven: Book) -> None:
    found = read_verdict(next((proven.path / "tests").glob("*/verdict.json")))
    assert found is not None
    (found.path / "verdict.json").unlink()
    refused("promote.untested", promote, proven, 3)
    assert promote(proven, 3, verdict=found).table == 3


def test_a_gain_that_the_test_rows_do_not_confirm_is_refused_for_good(
    proven: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(proven.log.entries())
    scores = Trial.scores

    def lost(trial: Trial, progress: Any = None) -> dict[str, Any]:
        return {**scores(trial, progress), "gain": 0.011, "lower": -0.032, "upper": 0.054}

    monkeypatch.setattr(Trial, "scores", lost)
    told = refused("promote.not_repeated", promote, proven, 3, reason="please")
    assert "+1.1 points (interval -3.2 points to +5.4 points)" in told and "3 fresh seeds" in told
    entry = proven.log.entries()[-1]
    assert (entry.action, entry.table, entry.reason, len(proven.log.entries())) == ("open", 3, "please", before + 2)
    assert entry.evidence["test_scores"]["lower"] == -0.032 and opened(proven)["logged"] == 1
    (lesson,) = Index().find(Question(action="open"))
    assert lesson.test_scores is not None and (lesson.test_scores.lower, lesson.version) == (-0.032, 3)
    assert proven.champion.version == 2
    monkeypatch.undo()
    again = refused("promote.not_repeated", promote, proven, 3)
    assert f"Entry {entry.number} of the log" in again, "the same rows are not asked twice"
    assert len(proven.log.entries()) == before + 2
    forced = promote(proven, 3, force=True, reason="agreed")
    assert (forced.forced, forced.evidence["refusal"]) == (True, "promote.not_repeated")


def test_the_last_proof_goes_before_the_entry(proven: Book) -> None:
    weighed = weigh(proven, 3)
    with pytest.raises(ValueError, match="last proof"):
        enact(proven, weighed)
    assert proven.champion.version == 2


def test_what_is_promoted_has_to_exist_and_to_be_another(book: Book) -> None:
    refused("promote.champion", promote, book, 1)
    refused("promote.champion", promote, book, "champion", force=True, reason="x")
    with pytest.raises(TableError):
        promote(book, 9, force=True, reason="x")


FAULTS: dict[str, dict[str, Any]] = {
    "promote.not_proven": {"verdict": "INCONCLUSIVE", "lower": -0.01},
    "promote.guardrail": {"verdict": "STRONG", "guardrails": [logged.broken_guardrail()]},
    "promote.other_rows": {"content": "other"},
    "promote.other_tables": {"a_values": "other"},
}


@pytest.mark.parametrize("code", [*FAULTS, "promote.untested"])
def test_without_proof_it_is_refused_and_force_is_marked_for_good(book: Book, code: str) -> None:
    if code in FAULTS:
        logged.tested(book, 1, 2, **FAULTS[code])
    before = len(book.log.entries())
    told = refused(code, promote, book, 2, reason="please")
    assert "tunebook ab" in told or code not in ("promote.untested", "promote.other_rows", "promote.other_tables")
    refused("promote.reason", promote, book, 2, force=True, reason=" ")
    assert (book.champion.version, len(book.log.entries())) == (1, before)
    entry = promote(book, 2, force=True, reason="agreed")
    assert (entry.forced, entry.evidence["refusal"]) == (True, code)
    assert book.log.entries()[-1].forced
    assert book.champion.version == 2


def test_a_rejected_table_tells_the_numbers(book: Book) -> None:
    logged.tested(book, 1, 2, verdict="REJECT", gain=-0.01, lower=-0.03, upper=0.011)
    assert "REJECT (accuracy -0.0100, interval -0.0300 … +0.0110)" in refused("promote.not_proven", promote, book, 2)
    logged.tested(book, 1, 2, verdict="PROMOTE", guardrails=[logged.broken_guardrail()])
    assert "worst_class" in refused("promote.guardrail", promote, book, 2)


def test_a_verdict_of_other_tables_is_no_proof(book: Book) -> None:
    three = logged.add_version(book, {"batch_size": 16})
    refused("promote.other_tables", promote, book, three, verdict=logged.tested(book, 1, 2))
    logged.tested(book, 2, three)
    assert "compared v2 with v3" in refused("promote.other_tables", promote, book, three)


def test_force_leaves_the_last_proof_out_and_says_so(proven: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trial, "scores", lambda *_: pytest.fail("it trains nothing"))
    refused("promote.reason", promote, proven, 3, force=True)
    entry = promote(proven, 3, force=True, reason="no time")
    assert (entry.forced, entry.evidence["refusal"]) == (True, "promote.untried")


def test_the_newest_fitting_test_counts(book: Book) -> None:
    old = logged.tested(book, 1, 2, test="a")
    new = logged.tested(book, 1, 2, test="b", verdict="REJECT")
    other = logged.tested(book, 1, 2, test="c", content="other")
    broken = book.path / "tests" / "d" / "verdict.json"
    broken.parent.mkdir()
    broken.write_text("{")
    for seconds, path in enumerate((other.path, new.path, old.path)):  # of no account: a copy of a book has others
        os.utime(path / "verdict.json", (seconds, seconds))
    refused("promote.not_proven", promote, book, 2)
    assert logged.tested(book, 1, 2, test="a") == old
    assert "tests/a" in refused("promote.no_plan", promote, book, 2)


EDITS: list[dict[str, Any]] = [{"verdict": "REJECT"}, {"gain": 0.001}, {"guardrails": [logged.broken_guardrail()]}]


@pytest.mark.parametrize("logged_as", EDITS)
def test_a_verdict_that_is_not_the_logged_one_is_no_proof(book: Book, logged_as: dict[str, Any]) -> None:
    logged.tested(book, 1, 2, **logged_as)
    edited = logged.verdict(book, 1, 2)
    assert str(edited.path) in refused("promote.not_logged", promote, book, 2)
    logged.log_test(book, edited)
    refused("promote.no_plan", promote, book, 2)


def test_a_verdict_that_no_test_has_left_is_no_proof(book: Book) -> None:
    by_hand = logged.verdict(book, 1, 2)
    refused("promote.not_logged", promote, book, 2)
    refused("promote.not_logged", promote, book, 2, verdict=by_hand)


def test_a_verdict_that_was_turned_to_other_tables_is_no_proof(book: Book) -> None:
    three = logged.add_version(book, {"batch_size": 16})
    logged.tested(book, 1, 2)
    logged.verdict(book, 1, 2, b_values=book.tables.get(three).values_id)
    refused("promote.not_logged", promote, book, three)


def test_equal_values_in_another_version_are_the_same_proof(proven: Book) -> None:
    assert promote(proven, 4, reason="the same with another note").table == 4


def test_looks_at_the_test_split_are_counted(book: Book) -> None:
    logged.tested(book, 1, 2)
    for name, split in (("r1", ""), ("r2", ""), ("r3", "validation")):
        folder = book.path / "runs" / name / split
        folder.mkdir(parents=True)
        (folder / "report.json").write_text("{}")
    book.log.append("test", evidence={"split": "test"})
    book.log.append("test", evidence={"split": "validation"})
    assert opened(book) == {"logged": 1, "runs": 2}
    found = weigh(book, 2, reason="x", force=True)
    assert found.change.evidence["test_split"] == {"logged": 1, "runs": 2}


def test_who_is_slower_is_told_who_was_faster(book: Book) -> None:
    three = logged.add_version(book, {"batch_size": 16})
    mine = weigh(book, 2, actor="Ada", reason="x", force=True)
    promote(book, three, actor="Bob", reason="x", force=True)
    with pytest.raises(BookError, match=r"log\.moved") as caught:
        enact(book, mine)
    assert "Bob was faster" in str(caught.value)
    assert book.champion.version == three


def test_a_book_whose_log_is_lost_gets_a_champion_by_force(book: Book) -> None:
    logged.tested(book, 1, 2)
    for name in ("log.sqlite", "log.head"):
        (book.path / name).unlink()
    refused("promote.other_tables", promote, book, 2)
    assert "rollback.first" in refused("rollback.first", rollback, book, reason="x")
    entry = promote(book, 2, force=True, reason="the log was lost")
    assert (entry.evidence["from"], book.champion.version) == (None, 2)
    assert book.log.verify().ok


def line(book: Book) -> list[int]:
    return reign(book.log.entries())


def test_rollbacks_go_further_back_each_time(book: Book) -> None:
    for changes in ({"batch_size": 16}, {"batch_size": 64}):
        logged.add_version(book, changes)
    refused("rollback.first", rollback, book, reason="x")
    for version in (2, 3, 4):
        promote(book, version, force=True, reason="x")
    assert line(book) == [1, 2, 3, 4]
    entry = rollback(book, actor="Ada", reason="slow")
    assert (entry.action, entry.table, entry.evidence["from"], entry.actor) == ("rollback", 3, 4, "Ada")
    assert rollback(book, reason="slow").table == 2
    promote(book, 4, force=True, reason="x")
    assert line(book) == [1, 2, 4]
    assert rollback(book, reason="slow").table == 2
    assert rollback(book, reason="slow").table == 1
    refused("rollback.first", rollback, book, reason="slow")
    assert book.log.verify().ok


def test_rollback_to_a_former_champion(book: Book) -> None:
    logged.add_version(book, {"batch_size": 16})
    for version in (2, 1, 2):
        promote(book, version, force=True, reason="x")
    assert line(book) == [1, 2, 1, 2]
    refused("promote.champion", rollback, book, to="v2", reason="x")
    assert "v1" in refused("rollback.never", rollback, book, to="v3", reason="x")
    with pytest.raises(TableError):
        rollback(book, to="v9", reason="x")
    assert rollback(book, to="v1", reason="x").table == 1
    assert line(book) == [1, 2, 1]
    assert rollback(book, to=2, reason="undone").table == 2
    assert line(book) == [1, 2]
    assert rollback(book, to=1, reason="x").table == 1
    assert rollback(book, to=2, reason="after all").table == 2
    assert line(book) == [1, 2]


def test_a_rollback_needs_a_reason(book: Book) -> None:
    refused("promote.reason", rollback, book)


def test_a_full_disk_leaves_the_old_champion(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    logged.tested(book, 1, 2)

    def full(*_: Any) -> None:
        raise MachineError("log.unwritable", key="log", reason="database or disk is full")

    monkeypatch.setattr(ChangeLog, "_write", full)
    with pytest.raises(MachineError):
        promote(book, 2, reason="x", force=True)
    monkeypatch.undo()
    assert (book.champion.version, book.log.verify().ok) == (1, True)


def test_an_index_that_fails_is_a_warning(book: Book, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "file" / "home"))
    with pytest.warns(UserWarning, match="knowledge index"):
        assert promote(book, 2, force=True, reason="x").table == 2
    monkeypatch.setattr(index_module, "database", lambda *_, **__: 1 / 0)
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))
    with pytest.warns(UserWarning, match="division by zero"):
        assert rollback(book, reason="x").table == 1


def test_killed_at_any_moment_it_leaves_the_old_or_the_new_champion(book: Book) -> None:
    """Every promotion that was acknowledged is there; at most one more is; the next one works."""
    tally = kill_promotions(book, rounds=10, seed=7)
    assert (tally.rounds, tally.lost, tally.damaged, tally.stuck) == (10, 0, 0, 0)
    assert tally.acknowledged > 0


PROMOTER = """
import sys
from tunebook.core.errors import TunebookError
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.promote import promote
book = open_book(sys.argv[1])
for _ in range(8):
    try:
        print(promote(book, 3 - book.tables.champion, force=True, reason=sys.argv[2]).number)
    except TunebookError as error:
        print(error.code)
"""


def test_of_two_processes_one_wins_each_time(book: Book) -> None:
    commands = [[sys.executable, "-c", PROMOTER, str(book.path), name] for name in ("one", "two")]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    said = [line for worker in workers for line in worker.communicate(timeout=60)[0].split()]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(said) == 16
    assert {line for line in said if not line.isdigit()} <= {"log.moved", "promote.champion"}
    crowned = [entry for entry in book.log.entries() if entry.action == "promote"]
    assert sorted(int(line) for line in said if line.isdigit()) == [entry.number for entry in crowned]
    assert all(entry.evidence["from"] == 3 - (entry.table or 0) for entry in crowned)  # nobody overwrote another
    assert book.log.verify().ok


def test_no_warning_where_nothing_is_wrong(book: Book) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        promote(book, 2, force=True, reason="x")

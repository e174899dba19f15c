"""Ways to have a table promoted that has not earned it: each is refused with its message and exit code 1."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import ab_book, small
from tunebook.cli import main
from tunebook.core.errors import BookError
from tunebook.core.nouns import read_json, write_json
from tunebook.core.verdict import Verdict
from tunebook.knowledge.log import Change
from tunebook.tables.store import TableStore
from tunebook.verbs.ab import ab
from tunebook.verbs.abtest.ab_plan import ABPlan, PlannedLook
from tunebook.verbs.abtest.final_exam import Trial
from tunebook.verbs.abtest.scored import split_exam
from tunebook.verbs.init import init
from tunebook.verbs.promote import opened, promote, weigh
from tunebook.verbs.steps.book import Book


def refusal(book: Book, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `tunebook promote BOOK v3 --json` says in refusing; nothing was promoted, and no test row was read."""
    capsys.readouterr()
    before = opened(book)
    code = main(["promote", str(book.path), "v3", "--reason", "please", "--json"])
    error: dict[str, Any] = json.loads(capsys.readouterr().out)["error"]
    assert code == 1 and error["message"] and error["advice"]
    assert (book.tables.champion, opened(book)) == (2, before)
    return error


def verdict_file(book: Book) -> Path:
    """The one test of the book."""
    (path,) = (book.path / "tests").glob("*/verdict.json")
    return path


def edit_verdict(book: Book, **changes: Any) -> Verdict:
    """Write other figures into the file of the test."""
    path = verdict_file(book)
    found: Verdict = read_json(Verdict, path)
    edited = found.model_copy(update=changes)
    write_json(edited, path)
    return edited


def test_the_book_itself_is_in_order(proven: Book) -> None:
    assert main(["promote", str(proven.path), "v3", "--reason", "proven"]) == 0


RULES: list[tuple[dict[str, Any], dict[str, Any] | None, str]] = [
    ({"alpha": 0.01}, {"alpha": 0.49, "delta": 0.0}, "delta"),
    ({"alpha": 0.01}, {"alpha": 0.4}, "alpha"),
    ({"seeds": 5}, None, "seeds"),
    ({"guard": {"class": 0.01}}, {"guard": {"class": "off"}}, "guard.class"),
    ({"metric": "macro_f1"}, {"metric": "accuracy"}, "metric"),
]


@pytest.mark.parametrize(("gate", "asked", "row"), RULES)
def test_1_a_laxer_rule(
    proven: Book, gate: dict[str, Any], asked: dict[str, Any] | None, row: str, capsys: pytest.CaptureFixture[str]
) -> None:
    book = ab_book.set_gate(proven, **gate)
    assert asked is None or ab(book, 2, 3, **asked).passed
    error = refusal(book, capsys)
    assert error["code"] == "promote.laxer" and f"gate in {row}:" in error["message"]
    assert error["value"] and error["allowed"] and f"tunebook ab {book.path} v2 v3" in error["advice"]


def failed_before(
    book: Book, seeds: int, *, gate: dict[str, Any] | None = None, planned: dict[str, Any] | None = None, **figures: Any
) -> None:
    """A test of the same pair with one look at its end, as the log knows it whose folder is gone.

    Args:
        gate: of the book at that time, where it was another one.
        planned: rows of the test's plan that are others.
    """
    evidence = book.log.entries("test")[0].evidence
    plan = ABPlan(**{**evidence["plan"], **(planned or {})})
    end = PlannedLook(seeds=seeds, alpha=plan.alpha)
    plan = plan.model_copy(update={"seeds": list(range(1, seeds + 1)), "looks": [end]})
    look = {**end.model_dump(), "gain": -0.01, "lower": -0.03, "upper": 0.01, **figures}
    told = {"test": plan.id, "a": 2, "b": 3, "metric": plan.metric, "n": plan.n, "passed": False, **look}
    told |= {"gate": {**evidence["gate"], **(gate or {})}, "continues": plan.continues.name if plan.continues else ""}
    book.log.append("test", table=3, evidence={**told, "plan": plan.model_dump(mode="json"), "history": [look]})


def again(book: Book) -> None:
    """The passing test once more, so that it is the newest."""
    old = book.log.entries("test")[0]
    book.log.append("test", table=3, evidence=old.evidence)


def test_2_repeated_tests_until_one_passes(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    failed_before(proven, 4, verdict="REJECT")
    again(proven)
    error = refusal(proven, capsys)
    assert error["code"] == "promote.rejected" and "does not erase" in error["message"], "though its folder is gone"


def test_2_seeds_added_until_it_passes(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    failed_before(proven, 6, verdict="INCONCLUSIVE")
    again(proven)
    error = refusal(proven, capsys)
    assert error["code"] == "promote.spent" and "2 tests" in error["message"] and "5.0%" in error["message"]


CHANGED_SINCE: list[tuple[int, dict[str, Any], dict[str, Any]]] = [
    (2, {"seeds": 2}, {}),
    (3, {"metric": "macro_f1"}, {"metric": "macro_f1"}),
    (3, {"delta": 0.05}, {"delta": 0.05}),
    (3, {"alpha": 0.1}, {"alpha": 0.1}),
]


@pytest.mark.parametrize(("seeds", "gate", "planned"), CHANGED_SINCE)
def test_2_a_gate_that_is_changed_erases_no_rejection(
    proven: Book, seeds: int, gate: dict[str, Any], planned: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    failed_before(proven, seeds, gate=gate, planned=planned, verdict="REJECT", upper=0.03)
    again(proven)
    error = refusal(proven, capsys)
    assert error["code"] == "promote.rejected"


def test_2_a_metric_that_is_changed_takes_no_look_back(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    failed_before(proven, 3, gate={"metric": "macro_f1"}, planned={"metric": "macro_f1"}, verdict="INCONCLUSIVE")
    again(proven)
    error = refusal(proven, capsys)
    assert error["code"] == "promote.spent" and "10.0%" in error["message"]


def test_2_what_the_gate_never_judged_only_explored(proven: Book) -> None:
    failed_before(proven, 3, planned={"metric": "macro_f1"}, verdict="REJECT")
    again(proven)
    assert main(["promote", str(proven.path), "v3", "--reason", "proven"]) == 0


def test_2_one_start_after_another(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2, 3, 4):
        planned = {"continues": Path(f"runs/start{number}"), "a_plan": f"a{number}", "b_plan": f"b{number}"}
        failed_before(proven, 3, planned=planned, verdict="INCONCLUSIVE")
    again(proven)
    error = refusal(proven, capsys)
    assert error["code"] == "promote.spent" and "5 tests" in error["message"] and "25.0%" in error["message"]


def test_3_hand_picked_seeds(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(verdict_file(proven).parent)
    assert ab(proven, 2, 3, seeds=[1001, 1002, 1003]).passed
    error = refusal(proven, capsys)
    assert error["code"] == "promote.laxer" and "gate in seeds:" in error["message"] and "1, 2" in error["allowed"]


def test_4_looks_that_the_gate_does_not_have(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    book = ab_book.set_gate(proven, seeds=4, alpha=0.2)
    assert ab(book, 2, 3, looks=[3]).looks == 1
    error = refusal(book, capsys)
    assert error["code"] == "promote.laxer" and "gate in looks:" in error["message"] and error["allowed"] == "4"


def test_4_an_end_that_was_chosen_after_a_glance_at_the_runs(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    book = ab_book.set_gate(proven, seeds=5, looks=[3, 5, 10], alpha=0.2)
    assert ab(book, 2, 3, seeds=6, looks=[]).passed
    error = refusal(book, capsys)
    assert error["code"] == "promote.laxer" and "gate in looks:" in error["message"]
    assert error["allowed"] == "3, 5, 10"


def without_looks(folder: Path) -> None:
    shutil.rmtree(folder)


def cut_looks(folder: Path) -> None:
    (folder / "looks.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize("damage", [without_looks, cut_looks])
def test_5_looks_that_are_gone(
    proven: Book, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """So that the checkpoint of the table that looks more often is judged by the rows that chose it."""
    run = read_json(Verdict, verdict_file(proven)).extra["runs"]["b"][0]
    damage(proven.path / "runs" / run / "looks")
    error = refusal(proven, capsys)
    assert error["code"] == "promote.uncrossed" and run in error["message"]
    assert f"tunebook ab {proven.path} v2 v3 --seeds N" in error["advice"]


def swap_model(a: Path, b: Path) -> None:
    shutil.rmtree(b / "model")
    shutil.copytree(a / "model", b / "model")


def swap_model_and_outcome(a: Path, b: Path) -> None:
    swap_model(a, b)
    shutil.copy(a / "outcome.json", b / "outcome.json")


def swap_run(a: Path, b: Path) -> None:
    shutil.rmtree(b)
    shutil.copytree(a, b)


def remove_run(a: Path, b: Path) -> None:
    shutil.rmtree(b)


@pytest.mark.parametrize("swap", [swap_model, swap_model_and_outcome, swap_run, remove_run])
def test_5_swapped_runs(proven: Book, swap: Callable[[Path, Path], None], capsys: pytest.CaptureFixture[str]) -> None:
    runs = read_json(Verdict, verdict_file(proven)).extra["runs"]
    swap(proven.path / "runs" / runs["b"][0], proven.path / "runs" / runs["a"][1])
    error = refusal(proven, capsys)
    assert error["code"] == "promote.runs" and runs["a"][1] in error["message"]


def test_5_other_runs_named(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    extra = read_json(Verdict, verdict_file(proven)).extra
    edit_verdict(proven, extra={**extra, "runs": {"a": extra["runs"]["b"], "b": extra["runs"]["a"]}})
    assert refusal(proven, capsys)["code"] == "promote.not_logged"


def test_5_other_answers(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    run = read_json(Verdict, verdict_file(proven)).extra["runs"]["a"][0]
    for path in (proven.path / "runs" / run / "looks").glob("[0-9]*.npy"):
        np.save(path, -np.load(path))
    assert refusal(proven, capsys)["code"] == "promote.figures"


@pytest.mark.parametrize(
    "changes", [{"gain": 0.9}, {"lower": 0.5}, {"alpha": 0.01}, {"verdict": "PROMOTE"}, {"delta": 0.01}, {"seeds": 9}]
)
def test_6_an_edited_verdict(proven: Book, changes: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    edit_verdict(proven, **changes)
    error = refusal(proven, capsys)
    assert error["code"] == "promote.not_logged" and str(verdict_file(proven).parent) in error["message"]


def test_6_an_edited_plan(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    path = verdict_file(proven).with_name("plan.json")
    path.write_text(path.read_text(encoding="utf-8").replace('"alpha": 0.05', '"alpha": 0.01'), encoding="utf-8")
    assert refusal(proven, capsys)["code"] == "promote.no_plan"
    path.unlink()
    assert refusal(proven, capsys)["code"] == "promote.no_plan"


def test_7_a_verdict_of_other_rows(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    edit_verdict(proven, content="other rows")
    assert refusal(proven, capsys)["code"] == "promote.other_rows"


def test_7_groups_that_are_forgotten(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    """Another pair was tested when the rows still belonged to groups."""
    failed_before(proven, 3, planned={"groups": 12, "a_values": "others"}, verdict="INCONCLUSIVE")
    again(proven)
    error = refusal(proven, capsys)
    assert error["code"] == "promote.groups" and "12" in error["message"]


def test_7_a_group_column_that_the_book_began_with(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    proven.log.crown(Change(action="init", table=2, evidence={"group": "author"}), 2)
    error = refusal(proven, capsys)
    assert error["code"] == "promote.groups" and "author" in error["message"]


def test_8_a_log_that_was_copied_from_another_book(
    base: Path, proven: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a book that was made in the same way of other rows."""
    file = small.write_records(tmp_path / "rows.csv", "binary", 240, seed=9)
    foreign = init(tmp_path / "other", file, model=str(base), options=small.options("binary"))
    for name in ("log.sqlite", "log.head"):
        shutil.copy(foreign.path / name, proven.path / name)
    capsys.readouterr()
    code = main(["promote", str(proven.path), "v3", "--reason", "please", "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (code, error["code"]) == (1, "promote.other_log")


def test_8_an_older_copy_of_the_own_log(proven: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A test that went wrong is to be forgotten; its folder remembers it."""
    for name in ("log.sqlite", "log.head"):
        shutil.copy(proven.path / name, tmp_path / name)
    ab(proven, 2, 3, metric="macro_f1")
    for name in ("log.sqlite", "log.head"):
        shutil.copy(tmp_path / name, proven.path / name)
    assert refusal(proven, capsys)["code"] == "promote.other_log"


def test_8_a_log_that_was_written_over(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    (proven.path / "log.head").unlink()
    assert refusal(proven, capsys)["code"] == "promote.log_changed"


def trial_of(book: Book) -> Trial:
    trial = weigh(book, 3).trial
    assert trial is not None
    return trial


def test_9_a_peek_at_the_last_proof_and_other_seeds_after_it(proven: Book) -> None:
    """Whoever sees it has opened the test rows; tests that use its seeds afterwards move nothing."""
    assert opened(proven)["logged"] == 0
    seen = trial_of(proven).scores()
    entry = proven.log.entries()[-1]
    assert (entry.action, entry.evidence["opening"]["seeds"]) == ("opening", [1001, 1002, 1003])
    assert (entry.evidence["opening"]["trained_before"], opened(proven)["logged"]) == (6, 1)
    ab(proven, 2, 3, seeds=[1001, 1002, 1004])
    found = promote(proven, 3, reason="please").evidence
    assert found["test_scores"] == seen and found["test_scores"]["fresh"]["opening"] == entry.number
    assert (found["test_split"]["logged"], opened(proven)["logged"]) == (0, 1), "one trial, one opening"


def test_9_a_promotion_that_ends_before_its_entry(proven: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: Any) -> None:
        raise BookError("log.locked", key="log")

    monkeypatch.setattr(TableStore, "set_champion", locked)
    with pytest.raises(BookError):
        promote(proven, 3, reason="please", actor="Ann")
    monkeypatch.undo()
    entry = proven.log.entries()[-1]
    assert (entry.action, entry.actor, opened(proven)["logged"]) == ("opening", "Ann", 1)
    book = ab_book.set_gate(proven, openings=1)
    assert promote(book, 3, reason="please").evidence["test_scores"]["fresh"]["opening"] == entry.number
    assert opened(book)["logged"] == 1


def test_9_another_rule_for_opened_rows(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    trial_of(proven).open()
    error = refusal(ab_book.set_gate(proven, alpha=0.2), capsys)
    assert error["code"] == "promote.opened_otherwise" and "0.05 as alpha; now it is 0.2" in error["message"]


def test_10_answers_written_by_hand(proven: Book) -> None:
    """The models are asked, whatever answers lie in their folders."""
    trial = trial_of(proven)
    honest, exam = trial.scores(), split_exam(proven.data, "test")
    for side, right in (("a", True), ("b", False)):
        for name in honest["fresh"]["runs"][side]:
            forged = np.where(np.eye(2)[exam.targets] == right, 9.0, -9.0).astype(np.float32)
            np.savez(proven.run(name).path / "test" / "logits.npz", logits=forged, key=np.array(exam.key))
    assert trial.scores() == honest


def test_10_a_fresh_run_with_another_model(proven: Book, capsys: pytest.CaptureFixture[str]) -> None:
    runs = trial_of(proven).scores()["fresh"]["runs"]
    swap_model(proven.path / "runs" / runs["b"][0], proven.path / "runs" / runs["a"][1])
    error = refusal(proven, capsys)
    assert error["code"] == "promote.runs" and runs["a"][1] in error["message"]

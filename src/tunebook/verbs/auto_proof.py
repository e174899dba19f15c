"""The proof: the winner of the race against the champion by the book's gate, and the promotion of what passes.

The race chose by the same validation rows, so the winner's lead there is too good (the winner's curse). The gate's
seeds are others, which takes the luck of the seeds out; the promotion judges by fresh seeds on the locked test rows,
which takes out that of the rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunebook.core.border import Allow
from tunebook.core.errors import RefusedError
from tunebook.core.said import said
from tunebook.core.verdict import Verdict
from tunebook.verbs.racing.desk import Desk
from tunebook.verbs.racing.state import CHAMPION, AutoState, Candidate
from tunebook.verbs.steps.book import Book


def prove(desk: Desk, winner: Candidate | None, allow: Allow) -> None:
    """The gate, and the promotion behind it; or the word that no table is worth them.

    Raises:
        OutOfTimeError: the budget does not pay for the next run.
    """
    diary, state = desk.diary, desk.diary.state
    if winner is None:
        diary.write(ended="none_better", reason=said("auto.ended.nobody"))
        return
    seeds = min(len(winner.scores), len(state.champion.scores))
    if winner.mean(seeds) <= state.champion.mean(seeds):
        diary.write(ended="none_better", reason=said("auto.ended.none_better", champion=f"v{state.spec.version}"))
        return
    if not state.version:
        diary.write(version=_version(desk.book, state, winner))
    verdict = _tested(desk, winner, allow)
    if verdict.passed:
        _promote(desk, verdict)
    else:
        diary.write(ended="not_passed", reason=verdict.reason)


def _version(book: Book, state: AutoState, winner: Candidate) -> int:
    """The number of the winner's table, which becomes a version unless the book has one with its values."""
    for number in book.tables.versions():
        if book.tables.get(number).values_id == winner.table.values_id:
            return number
    tried = sum(bool(item.scores) for item in state.candidates) - 1
    note = said("auto.note", auto=state.spec.id, tried=tried, seeds=len(winner.scores))
    added = book.tables.add(winner.table.model_copy(update={"note": note, "owner": book.champion.owner}))
    evidence = {"auto": state.spec.id, "candidate": winner.name, "tried": tried, "scores": winner.scores}
    book.log.append("search", reason=note, table=added.version, evidence=evidence)
    return added.version


def _tested(desk: Desk, winner: Candidate, allow: Allow) -> Verdict:
    """The verdict of the book's gate, by its own seeds."""
    from tunebook.verbs.ab import run_test
    from tunebook.verbs.abtest.prepared import prepare_test

    diary = desk.diary
    prepared = prepare_test(desk.book, diary.state.spec.version, diary.state.version, allow=allow)
    diary.write(test=prepared.plan.id)
    desk.meter.price = (desk.seconds(CHAMPION) + desk.seconds(winner.name)) / 2
    try:
        verdict = run_test(prepared, progress=desk.meter)
    finally:
        diary.count("gate", _ended(desk.book, prepared.folder / "begun"))
    diary.write(verdict=verdict.verdict, seconds=desk.meter.spent)
    return verdict


def _ended(book: Book, begun: Path) -> int:
    """How many of the runs that a test began itself have come to an end."""
    ends = ("outcome.json", "failed.json")
    plans = [mark.name for mark in begun.glob("*")]
    return sum(any(any((book.path / "runs").glob(f"*-{plan}*/{end}")) for end in ends) for plan in plans)


def _promote(desk: Desk, verdict: Verdict) -> None:
    """Promote what the gate has passed; where that is refused, the proof was not there."""
    from tunebook.verbs.promote import promote

    diary = desk.diary
    try:
        entry = promote(desk.book, verdict.b, progress=desk.meter, verdict=verdict, reason=verdict.reason)
    except RefusedError as error:
        scores = _asked(desk.book, verdict) if error.code == "promote.not_repeated" else {}
        diary.write(ended="refused", reason=error.message, test_scores=scores)
    else:
        scores = entry.evidence.get("test_scores") or {}
        diary.write(ended="promoted", reason=verdict.reason, test_scores=scores)
    diary.count("promotion", sum(map(len, scores.get("fresh", {}).get("runs", {}).values())))


def _asked(book: Book, verdict: Verdict) -> dict[str, Any]:
    """What the test rows answered when they refused this table; nothing where they were not asked."""
    entries = [item for item in book.log.entries("open") if item.table == verdict.b]
    found: dict[str, Any] = entries[-1].evidence.get("test_scores") or {} if entries else {}
    return found


__all__ = ["prove"]

"""The proof: the winner of the race against the champion by the book's gate, and the promotion of what passes.

The race chose by the same validation rows, so the winner's lead there is too good (the winner's curse). The gate's
seeds are others, which takes the luck of the seeds out; the promotion judges by fresh seeds on the locked test rows,
which takes out that of the rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunebook.core.call_check import Allow
from tunebook.core.errors import RefusedError
from tunebook.core.localized import localized
from tunebook.core.verdict import Verdict
from tunebook.verbs.racing.budget import RaceContext
from tunebook.verbs.racing.state import CHAMPION, AutoState, Candidate
from tunebook.verbs.steps.book import Book


def prove(context: RaceContext, winner: Candidate | None, allow: Allow) -> None:
    """The gate, and the promotion behind it; or the word that no table is worth them.

    Raises:
        OutOfTimeError: the budget does not pay for the next run.
    """
    state_file, state = context.state_file, context.state_file.state
    if winner is None:
        state_file.write(ended="none_better", reason=localized("auto.ended.nobody"))
        return
    seeds = min(len(winner.scores), len(state.champion.scores))
    if winner.mean(seeds) <= state.champion.mean(seeds):
        state_file.write(
            ended="none_better", reason=localized("auto.ended.none_better", champion=f"v{state.spec.version}")
        )
        return
    if not state.version:
        state_file.write(version=_version(context.book, state, winner))
    verdict = _tested(context, winner, allow)
    if verdict.passed:
        _promote(context, verdict)
    else:
        state_file.write(ended="not_passed", reason=verdict.reason)


def _version(book: Book, state: AutoState, winner: Candidate) -> int:
    """The number of the winner's table, which becomes a version unless the book has one with its values."""
    for number in book.tables.versions():
        if book.tables.get(number).values_id == winner.table.values_id:
            return number
    tried = sum(bool(item.scores) for item in state.candidates) - 1
    note = localized("auto.note", auto=state.spec.id, tried=tried, seeds=len(winner.scores))
    added = book.tables.add(winner.table.model_copy(update={"note": note, "owner": book.champion.owner}))
    evidence = {"auto": state.spec.id, "candidate": winner.name, "tried": tried, "scores": winner.scores}
    book.log.append("search", reason=note, table=added.version, evidence=evidence)
    return added.version


def _tested(context: RaceContext, winner: Candidate, allow: Allow) -> Verdict:
    """The verdict of the book's gate, by its own seeds."""
    from tunebook.verbs.ab import run_test
    from tunebook.verbs.abtest.prepared import prepare_test

    state_file = context.state_file
    prepared = prepare_test(context.book, state_file.state.spec.version, state_file.state.version, allow=allow)
    state_file.write(test=prepared.plan.id)
    context.meter.price = (context.seconds(CHAMPION) + context.seconds(winner.name)) / 2
    try:
        verdict = run_test(prepared, progress=context.meter)
    finally:
        state_file.count("gate", _ended(context.book, prepared.folder / "begun"))
    state_file.write(verdict=verdict.verdict, seconds=context.meter.spent)
    return verdict


def _ended(book: Book, begun: Path) -> int:
    """How many of the runs that a test began itself have come to an end."""
    ends = ("outcome.json", "failed.json")
    plans = [mark.name for mark in begun.glob("*")]
    return sum(any(any((book.path / "runs").glob(f"*-{plan}*/{end}")) for end in ends) for plan in plans)


def _promote(context: RaceContext, verdict: Verdict) -> None:
    """Promote what the gate has passed; where that is refused, the proof was not there."""
    from tunebook.verbs.promote import promote

    state_file = context.state_file
    try:
        entry = promote(context.book, verdict.b, progress=context.meter, verdict=verdict, reason=verdict.reason)
    except RefusedError as error:
        scores = _asked(context.book, verdict) if error.code == "promote.not_repeated" else {}
        state_file.write(ended="refused", reason=error.message, test_scores=scores)
    else:
        scores = entry.evidence.get("test_scores") or {}
        state_file.write(ended="promoted", reason=verdict.reason, test_scores=scores)
    state_file.count("promotion", sum(map(len, scores.get("fresh", {}).get("runs", {}).values())))


def _asked(book: Book, verdict: Verdict) -> dict[str, Any]:
    """What the test rows answered when they refused this table; nothing where they were not asked."""
    entries = [item for item in book.log.entries("open") if item.table == verdict.b]
    found: dict[str, Any] = entries[-1].evidence.get("test_scores") or {} if entries else {}
    return found


__all__ = ["prove"]

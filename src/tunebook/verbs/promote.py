"""Promote: a proven table becomes the champion. Rollback: a former champion comes back. Both are logged for good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tunebook.abtest.verdicts import find_verdict, is_logged, mismatch
from tunebook.core.errors import RefusedError, TunebookError
from tunebook.core.nouns import ParamTable, Record
from tunebook.core.verdict import Verdict
from tunebook.knowledge.log import CROWNING, Change, Entry
from tunebook.verbs.book import Book
from tunebook.verbs.learn import remember

_LEFT_OUT = {"path", "history", "extra", "settle"}


class Promotion(Record):
    """A promotion that was weighed and may be enacted.

    Attributes:
        change: what will be logged.
        expected: the champion that it was weighed against; None for none.
        verdict: of the test that speaks for it; None where it is forced without any that fits.
    """

    change: Change
    expected: int | None
    verdict: Verdict | None = None


def promote(
    book: Book,
    version: int | str,
    *,
    verdict: Verdict | None = None,
    actor: str = "",
    reason: str = "",
    force: bool = False,
) -> Entry:
    """Make a version the champion, on the proof of a passing test.

    The runs of that test are scored on the test rows too, which is logged with the promotion (`test_scores`).

    Args:
        verdict: of a test of this version against the champion on the book's rows; None looks for the newest one in
            `tests/` of the book.
        actor: who; else the user of this process.
        force: without proof; needs a reason and is marked for good.

    Raises:
        RefusedError: exit code 1: untested, not proven, tested against another table or on other rows, a guardrail
            broke, the verdict is not the one that was logged, or it is the champion already.
        TunebookError: `promote.reason`.
        BookError: `log.moved`, somebody else was faster; `log.locked`.
        MachineError: `log.unwritable`; nothing was changed.
    """
    from tunebook.abtest.final_exam import final_scores

    promotion = weigh(book, version, verdict=verdict, actor=actor, reason=reason, force=force)
    found = promotion.verdict and final_scores(book, promotion.verdict)
    return enact(book, promotion, {"test_scores": found} if found else None)


def weigh(
    book: Book, version: int | str, *, verdict: Verdict | None, actor: str, reason: str, force: bool
) -> Promotion:
    """The promotion, checked; nothing is written. Raises as `promote`."""
    store = book.tables
    table, present = store.get(version), store.champion
    if present == table.version:
        raise RefusedError("promote.champion", key=f"v{present}")
    verdict = verdict or find_verdict(book, table)
    fault = _fault(book, table, verdict)
    if fault is not None and not force:
        raise fault
    if fault is not None and not reason.strip():
        raise TunebookError("promote.reason", key="--reason")
    evidence: dict[str, Any] = {"from": present, "test_split": opened(book)}
    if verdict is not None:
        evidence["verdict"] = verdict.model_dump(mode="json", exclude=_LEFT_OUT)
    if fault is not None:
        evidence["refusal"] = fault.code
    change = Change(
        action="promote", actor=actor, reason=reason, table=table.version, evidence=evidence, forced=fault is not None
    )
    return Promotion(change=change, expected=present, verdict=verdict)


def enact(book: Book, promotion: Promotion, evidence: dict[str, Any] | None = None) -> Entry:
    """Log a promotion, if the champion is still the one that it was weighed against.

    Args:
        evidence: what was found out since, such as scores on the test split.
    """
    change = promotion.change.model_copy(update={"evidence": {**promotion.change.evidence, **(evidence or {})}})
    entry = book.tables.set_champion(change, promotion.expected)
    remember(book)
    return entry


def rollback(book: Book, *, to: int | str | None = None, actor: str = "", reason: str = "") -> Entry:
    """Bring a former champion back.

    Args:
        to: version; None takes the one that the present champion followed, and one before that the next time.
        reason: why; needed.

    Raises:
        RefusedError: `rollback.first`, nothing to go back to; `rollback.never`, that version was never the champion;
            `promote.champion`, it is so already. Else as `promote`.
    """
    if not reason.strip():
        raise TunebookError("promote.reason", key="--reason")
    store = book.tables
    present, crowned = store.champion, book.log.entries(*CROWNING)
    line = reign(crowned)
    if to is None and len(line) < 2:
        raise RefusedError("rollback.first", key="–" if present is None else f"v{present}")
    target = line[-2] if to is None else store.number(to)
    if target == present:
        raise RefusedError("promote.champion", key=f"v{target}")
    former = {entry.table for entry in crowned}
    if target not in former:
        allowed = " | ".join(f"v{number}" for number in sorted(item for item in former if item and item != present))
        raise RefusedError("rollback.never", key=f"v{target}", allowed=allowed)
    change = Change(action="rollback", actor=actor, reason=reason, table=target, evidence={"from": present})
    entry = store.set_champion(change, present)
    remember(book)
    return entry


def reign(entries: Iterable[Entry]) -> list[int]:
    """The champions that stand behind the present one, oldest first, itself last.

    A promotion adds to the line; a rollback cuts it back to where its table last stood.
    """
    line: list[int] = []
    for entry in entries:
        if entry.action not in CROWNING or entry.table is None:
            continue
        if entry.action == "rollback" and entry.table in line:
            del line[len(line) - line[::-1].index(entry.table) :]
        else:
            line.append(entry.table)
    return line


def _fault(book: Book, table: ParamTable, verdict: Verdict | None) -> RefusedError | None:
    """Why a table may not be promoted."""
    name = f"v{table.version}"
    if verdict is None:
        champion = book.tables.champion
        return RefusedError("promote.untested", key=name, champion=f"v{champion or 1}", book=book.path)
    wrong = mismatch(book, table, verdict)
    if wrong is not None:
        return wrong
    if verdict.verdict in ("STRONG", "PROMOTE") and not verdict.passed:
        broken = ", ".join(item.name for item in verdict.guardrails if not item.held)
        return RefusedError("promote.guardrail", key=name, broken=broken)
    if not verdict.passed:
        ends: dict[str, Any] = {"gain": verdict.gain, "lower": verdict.lower, "upper": verdict.upper}
        return RefusedError("promote.not_proven", key=name, verdict=verdict.verdict, metric=verdict.metric, **ends)
    if not is_logged(book, verdict):
        return RefusedError("promote.not_logged", key=str(verdict.path), book=book.path, a=f"v{verdict.a}", name=name)
    return None


def opened(book: Book) -> dict[str, int]:
    """How often the rows of the test split were looked at: by logged tests and promotions, and by reports of runs."""
    entries = [item.evidence for item in book.log.entries()]
    logged = sum("test_scores" in item or item.get("split") == "test" for item in entries)
    return {"logged": logged, "runs": len(list((book.path / "runs").glob("*/report.json")))}


__all__ = ["Promotion", "enact", "opened", "promote", "reign", "rollback", "weigh"]

"""Promote: a proven table becomes the champion. Rollback: a former champion comes back. Both are logged for good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from tunebook.core.errors import RefusedError, TunebookError
from tunebook.core.nouns import ParamTable
from tunebook.core.progress import Progress
from tunebook.core.verdict import Verdict
from tunebook.knowledge.log import CROWNING, Change, Entry
from tunebook.verbs.abtest.logged_tests import opened
from tunebook.verbs.abtest.verdicts import fitting_verdicts
from tunebook.verbs.learn import remember
from tunebook.verbs.steps.book import Book

if TYPE_CHECKING:
    from tunebook.verbs.abtest.final_exam import Trial

Case = tuple[Verdict | None, "Trial | None", TunebookError | None]
_LEFT_OUT = {"path", "history", "extra", "settle"}


@dataclass(frozen=True)
class Promotion:
    """A promotion that was weighed.

    Attributes:
        change: what will be logged.
        expected: the champion that it was weighed against; None for none.
        trial: the proof that is still to be brought; None where it is forced.
    """

    change: Change
    expected: int | None
    trial: Trial | None = None


class Wish(TypedDict, total=False):
    """How a promotion is asked for.

    Keys:
        verdict: of a test of this version against the champion on the book's rows; without one the newest in `tests/`
            of the book is looked for.
        actor: who; else the user of this process.
        reason: why; it stays in the log.
        force: without proof and without training; needs a reason and is marked for good.
    """

    verdict: Verdict | None
    actor: str
    reason: str
    force: bool


def promote(book: Book, version: int | str, *, progress: Progress | None = None, **wish: Unpack[Wish]) -> Entry:
    """Make a version the champion, on the proof of a passing test that keeps the book's gate, and of a second one.

    For the second, both tables are trained with as many fresh seeds as the gate has, and the new one has to win on the
    locked test rows too. That they are opened is logged before that, with the seeds, and the `test_scores` after it.
    The same call again goes on where it stopped.

    Args:
        progress: who watches.
        wish: `verdict`, `actor`, `reason` and `force`, see `Wish`.

    Raises:
        RefusedError: exit code 1: untested, not proven, tested by a laxer rule than the gate's, against another table
            or on other rows, a guardrail broke, another test of the pair says no, the verdict, its runs or the log are
            not what was written, the test rows are too few, worn, opened by another rule or say no, or it is the
            champion already.
        TunebookError: `promote.reason`. RunError, MachineError: a training was interrupted.
        BookError: `log.moved`, somebody else was faster; `log.locked`.
        MachineError: `log.unwritable`; nothing was changed.
    """
    return enact(book, tried(book, weigh(book, version, **wish), progress))


def weigh(book: Book, version: int | str, **wish: Unpack[Wish]) -> Promotion:
    """The promotion, checked as far as needs no training and no test row; nothing is written. Raises as `promote`."""
    store = book.tables
    table, present = store.get(version), store.champion
    if present == table.version:
        raise RefusedError("promote.champion", key=f"v{present}")
    verdict, trial, fault = _speaking(book, table, wish.get("verdict"))
    if wish.get("force", False):
        trial, fault = None, fault or RefusedError("promote.untried", key=f"v{table.version}")
    elif fault is not None:
        raise fault
    reason = wish.get("reason", "")
    if fault is not None and not reason.strip():
        raise TunebookError("promote.reason", key="--reason")
    before = opened(book)
    before["logged"] -= bool(trial and trial.begun)
    evidence: dict[str, Any] = {"from": present, "test_split": before, "gate": book.file.gate.model_dump()}
    if verdict is not None:
        from tunebook.verbs.abtest.proof import pair_tests
        from tunebook.verbs.abtest.rated import check_rating

        evidence["verdict"] = verdict.model_dump(mode="json", exclude=_LEFT_OUT)
        evidence["tests"] = [item.figures for item in pair_tests(book, verdict)]
        if fault is None and (rating := check_rating(book, verdict)) is not None:
            evidence["rating"] = rating
    if fault is not None:
        evidence["refusal"] = fault.code
    about = {"table": table.version, "actor": wish.get("actor", ""), "reason": reason}
    change = Change(action="promote", evidence=evidence, forced=fault is not None, **about)
    return Promotion(change, present, trial)


def _speaking(book: Book, table: ParamTable, given: Verdict | None) -> Case:
    """The newest test that keeps the gate, else the newest: with the proof that is still to be brought, or what speaks
    against it."""
    from tunebook.verbs.abtest.proof import checked

    cases: list[Case] = []
    found: list[Verdict | None] = [given] if given else [*fitting_verdicts(book, table)]
    for verdict in found or [None]:
        try:
            return verdict, checked(book, table, verdict), None
        except TunebookError as error:
            cases.append((verdict, None, error))
            if error.code != "promote.laxer":
                return cases[-1]
    return cases[0]


def tried(book: Book, promotion: Promotion, progress: Progress | None = None) -> Promotion:
    """The promotion with its last proof brought: fresh seeds, and the test rows. One that is forced stays as it is.

    Raises:
        RefusedError: `promote.not_repeated`, which is logged for good. Else as `promote`.
    """
    if promotion.trial is None:
        return promotion
    change = promotion.change
    promotion.trial.open(change.actor, change.reason)
    found = promotion.trial.scores(progress)
    change = change.model_copy(update={"evidence": {**change.evidence, "test_scores": found}})
    if found["lower"] > 0:
        return replace(promotion, change=change, trial=None)
    from tunebook.verbs.abtest.final_exam import not_repeated

    entry = book.log.append(
        "open", actor=change.actor, reason=change.reason, table=change.table, evidence=change.evidence
    )
    remember(book)
    raise not_repeated(f"v{change.table}", found, entry.number)


def enact(book: Book, promotion: Promotion) -> Entry:
    """Log a promotion that was tried, if the champion is still the one that it was weighed against."""
    if promotion.trial is not None:
        raise ValueError("its last proof is not brought yet: use tried()")
    entry = book.tables.set_champion(promotion.change, promotion.expected)
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


__all__ = ["Promotion", "Wish", "enact", "opened", "promote", "reign", "rollback", "tried", "weigh"]

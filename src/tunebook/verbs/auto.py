"""Auto: one call from a book to a proven better table, or to the honest word that none was found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tunebook.core.call_check import Allow
from tunebook.core.errors import BookError, PlanError, RunError
from tunebook.core.folders import held
from tunebook.core.nouns import Plan
from tunebook.core.progress import Progress
from tunebook.tables.in_force import settings_of
from tunebook.verbs.auto_proof import prove
from tunebook.verbs.racing.best_of_n import buy_baselines, hold_against, measure_best_of_n
from tunebook.verbs.racing.budget import Meter, OutOfTimeError, RaceContext
from tunebook.verbs.racing.lineup import line_up
from tunebook.verbs.racing.outcome import AutoResult
from tunebook.verbs.racing.race import RUNGS, cost, measure_leads, race
from tunebook.verbs.racing.state import (
    CHAMPION,
    AutoSpec,
    AutoState,
    Candidate,
    Costs,
    PurchaseWatcher,
    StateFile,
    states_of,
)
from tunebook.verbs.steps.book import Book

MINUTES, TRIES = 30.0, 6
FOLDER = "auto"
_MOST_TRIES = 100


def auto(
    book: Book,
    *,
    minutes: float = MINUTES,
    tries: int = TRIES,
    again: bool = False,
    allow: Allow = frozenset(),
    progress: Progress | None = None,
) -> AutoResult:
    """Race a handful of tables against the champion, test the winner by the book's gate, promote it only if proven.

    Cheap baselines come first, then the recommended table and some that are drawn near it, by successive halving over
    seeds. The winner is tested with the gate's own seeds, which nobody has looked at, and promoted as `promote` does,
    on rows that chose nothing. The same call goes on where it was stopped, and gives what it found once it has ended.
    Its folder is `auto/ID` of the book: state.json, report.html, and the runs of the race, without models.

    Args:
        minutes: clock time of all calls of the same auto together.
        tries: tables that race against the champion, at most.
        again: after its end, another round with other candidates.
        allow: as `plan` takes it.

    Raises:
        PlanError: `auto.number`; `auto.budget`, it buys no training; `auto.no_test`, `auto.rows_worn`, without test
            rows, or with worn ones, nothing can be proven. BookError: `auto.busy`. RunError: `auto.interrupted`; the
            same call goes on.
        TunebookError: the champion cannot be planned or trained.
    """
    _check(minutes, tries)
    _provable(book)
    from tunebook.verbs.steps.plan import plan

    champion = plan(book.champion, book.data, allow=allow)
    done = _finished(book, champion, tries)
    if done is not None and not again:
        return _result(book, done, minutes)
    state_file = StateFile(*_opened(book, champion, tries, again))
    with _held(state_file.folder):
        meter = Meter(progress, state_file.state.seconds, minutes * 60)
        try:
            _go(book, state_file, meter, (champion, allow))
        except (KeyboardInterrupt, RunError) as error:
            if isinstance(error, RunError) and error.code != "run.interrupted":
                raise
            meter.unwind()
            state = state_file.write(seconds=meter.spent, stopped=True)
            _report(book, state_file, minutes)
            if isinstance(meter.inner, PurchaseWatcher):
                meter.inner.stopped(state)
            raise RunError("auto.interrupted", key=state.spec.id, value=state.bought) from None
        _report(book, state_file, minutes)
    return _result(book, state_file.state, minutes)


def _check(minutes: float, tries: int) -> None:
    if not 0 < minutes < math.inf:
        raise PlanError("auto.number", key="minutes", value=minutes, allowed="> 0")
    if not 1 <= tries <= _MOST_TRIES:
        raise PlanError("auto.number", key="try", value=tries, allowed=f"1 … {_MOST_TRIES}")


def _provable(book: Book) -> None:
    """Refuse a book whose test rows could not confirm anything, before a race is paid for.

    Raises:
        PlanError: `auto.no_test`, `auto.rows_worn`.
    """
    from tunebook.verbs.abtest.logged_tests import LEAST_ROWS, openings, pending

    if book.data.rows.get("test", 0) < LEAST_ROWS:
        raise PlanError("auto.no_test", key="test", value=book.data.rows.get("test", 0), allowed=f">= {LEAST_ROWS}")
    if openings(book) >= book.file.gate.openings and pending(book) is None:
        worn: dict[str, Any] = {"value": openings(book), "allowed": f"< {book.file.gate.openings}", "book": book.path}
        raise PlanError("auto.rows_worn", key="test", **worn)


def _alike(book: Book, tries: int) -> list[AutoState]:
    """Autos of this book's rows with as many tries, the latest round last."""
    found = [state for state in states_of(book.path / FOLDER) if state.spec.tries == tries]
    return sorted(found, key=lambda state: state.spec.round)


def _finished(book: Book, champion: Plan, tries: int) -> AutoState | None:
    """An auto that ended with the present champion: it promoted it, or found nothing better."""
    for state in reversed(_alike(book, tries)):
        promoted = state.ended == "promoted" and state.version == book.tables.champion
        if promoted or (state.ended and state.ended != "promoted" and state.spec.plan == champion.id):
            return state
    return None


def _opened(book: Book, champion: Plan, tries: int, again: bool) -> tuple[Path, AutoState]:
    """The folder and the state of the auto that goes on, or of a new one."""
    same = [state for state in _alike(book, tries) if state.spec.plan == champion.id]
    last = same[-1] if same else None
    if last is not None and not last.ended:
        return book.path / FOLDER / last.spec.id, last
    first = settings_of(book.champion).seed
    gate = book.file.gate
    seeds = [seed % 2**32 for seed in range(first, first + 2 * gate.seeds + max(RUNGS)) if not 0 < seed <= gate.seeds]
    spec = AutoSpec(
        plan=champion.id,
        version=book.champion.version,
        tries=tries,
        round=last.spec.round + 1 if last is not None and again else 0,
        metric=champion.params.metric if gate.metric == "auto" else gate.metric,
        seeds=seeds[: max(RUNGS)],
        alpha=gate.alpha,
    )
    return book.path / FOLDER / spec.id, AutoState(spec=spec)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / ".lock", BookError("auto.busy", key=folder.name)):
        yield


def _go(book: Book, state_file: StateFile, meter: Meter, start: tuple[Plan, Allow]) -> None:
    """Buy what the budget pays for, and say what is lacking to the end."""
    from tunebook.engine.failures import explained
    from tunebook.verbs.abtest.scored import split_exam

    exam = split_exam(book.data, "validation", state_file.state.spec.metric)
    context = RaceContext(book, state_file, meter, line_up(book, state_file, *start, meter), exam)
    _affords(context)
    _begins(context)
    with explained(start[0].params):
        try:
            buy_baselines(context)
            winner = _raced(context)
            prove(context, winner, start[1])
        except OutOfTimeError:
            meter.unwind()
    needed = 0.0 if state_file.state.ended else _lacking(context)
    state_file.write(seconds=meter.spent, needed=needed, stopped=False)


def _raced(context: RaceContext) -> Candidate | None:
    """The winner of the race; what it has told is written down, even where the budget ends it. Raises as `race`."""
    try:
        winner = race(context)
    except OutOfTimeError:
        _judge(context)
        raise
    _judge(context)
    return winner


def _judge(context: RaceContext) -> None:
    measure_leads(context)
    hold_against(context)
    context.state_file.write(luck=measure_best_of_n(context))


def _affords(context: RaceContext) -> None:
    """Refuse a budget that buys no training at all, before anything is written.

    Raises:
        PlanError: `auto.budget`.
    """
    state = context.state_file.state
    if state.bought or state.rung or not state.field:
        return
    least = cost(context, state.field[:1], 1)
    if least > context.meter.limit:
        whole = least + context.proof(state.field[0].name)
        raise PlanError(
            "auto.budget",
            key="--minutes",
            value=context.meter.limit / 60,
            allowed=f">= {_up(least)}",
            first=_up(least),
            whole=_up(whole),
        )


def _begins(context: RaceContext) -> None:
    """Tell a watcher that wants to know what the work will cost."""
    state = context.state_file.state
    if isinstance(context.meter.inner, PurchaseWatcher) and state.field:
        rung = cost(context, state.field, RUNGS[0])
        proof = max(context.proof(item.name) for item in state.field)
        context.meter.inner.begins(state, Costs(context.seconds(CHAMPION), rung, proof, context.meter.left))


def _up(seconds: float) -> float:
    """Minutes with one decimal, rounded up."""
    return math.ceil(seconds / 6) / 10


def _lacking(context: RaceContext) -> float:
    """Seconds that the budget lacks at least for the end."""
    state = context.state_file.state
    field = state.field
    if not field:
        return 0.0
    racing = 0.0 if state.finalist else cost(context, field, RUNGS[0])
    return max(racing + context.proof(field[0].name) - context.meter.left, 60.0)


def _report(book: Book, state_file: StateFile, minutes: float) -> None:
    from tunebook.report.auto import write_auto_report

    write_auto_report(state_file.folder, _result(book, state_file.state, minutes))


def _result(book: Book, state: AutoState, minutes: float) -> AutoResult:
    from tunebook.verbs.abtest.verdicts import read_verdict

    test = book.path / "tests" / state.test / "verdict.json"
    return AutoResult(
        auto=state.spec.id,
        state=state,
        champion=book.tables.champion or 0,
        before=state.spec.version,
        minutes=minutes,
        rows=book.data.rows["validation"],
        verdict=read_verdict(test) if state.test else None,
        path=book.path / FOLDER / state.spec.id,
    )


__all__ = ["FOLDER", "MINUTES", "TRIES", "auto"]

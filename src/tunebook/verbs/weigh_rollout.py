"""Weigh a rollout before it begins: what it would be, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tunebook.core.changes import listed
from tunebook.core.errors import BookError, PlanError, RefusedError, TunebookError
from tunebook.core.messages import say
from tunebook.core.operation import Rolling
from tunebook.knowledge.log import CROWNING
from tunebook.rollout.state import State, state
from tunebook.verbs.abtest.standing import read_plan_of, seats
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.calibration import cuts_in_force
from tunebook.verbs.steps.moved import rows_moved
from tunebook.verbs.steps.runs import Run


@dataclass(frozen=True)
class First:
    """The first run of a book, that may be put live.

    Attributes:
        state: where the book stands now; run: that would be live. against: what takes force; None for nothing.
    """

    state: State
    run: Run
    against: RefusedError | None


@dataclass(frozen=True)
class Weighed:
    """A rollout that may begin.

    Attributes:
        state: where the book stands now; run: that is rolled out; rules: of book.toml, with what was asked for.
        against: what takes force; None where the run is proven.
    """

    state: State
    run: Run
    rules: Rolling
    against: RefusedError | None


def weigh(book: Book, run: str, rules: Mapping[str, Any]) -> Weighed:
    """What the rollout of a run would be; nothing is written. Raises as `start`, but for what takes force."""
    now = live_state(book)
    if now.candidate is not None:
        raise RefusedError("rollout.on", key=now.candidate, stage=now.stage, share=f"{now.share:g}", book=book.path)
    chosen, live = book.run(run), book.run(str(now.live))
    if chosen.id == now.live:
        raise RefusedError("rollout.same", key=chosen.id)
    _ = chosen.model  # raises where there is none
    _alike(chosen, live)
    return Weighed(now, chosen, rules_of(book, rules), _unproven(book, chosen, live))


def weigh_first(book: Book, run: str) -> First:
    """What it would be to put the first run live; nothing is written. Raises as `deploy`, but for what takes force."""
    now = state(book)
    if now.live is not None:
        raise RefusedError("rollout.live", key=now.live, book=book.path)
    chosen = book.run(run)
    _ = chosen.model  # raises where there is none
    return First(now, chosen, _not_champion(book, chosen))


def doubts(book: Book, run: Run) -> list[str]:
    """What speaks against a run in front of users, and takes no force: it is one of a test without a verdict, nobody
    has scored it on the test rows, or they and others are no longer what it saw, its answers are not those that were
    scored, its table became champion without proof."""
    found = [say("rollout.doubt.test", **plan) for plan in _open_tests(book, run)]
    if not (run.results() / "report.json").is_file():
        found.append(say("rollout.doubt.score", book=book.path, run=run.id))
    found += rows_moved(book, run)
    if cuts_in_force(run) is not None:
        found.append(say("rollout.doubt.cuts"))
    crowned = book.log.entries(*CROWNING)[-1]
    if crowned.forced and run.plan.table == book.champion.values_id:
        found.append(say("rollout.doubt.forced", champion=f"v{crowned.table}", entry=crowned.number))
    return found


def _open_tests(book: Book, run: Run) -> Iterator[dict[str, Any]]:
    """The tests without a verdict that a run is of."""
    for path in sorted((book.path / "tests").glob("*/plan.json")):
        if (path.parent / "verdict.json").is_file():
            continue
        with suppress(BookError):  # of one whose plan is damaged nothing can be told
            plan = read_plan_of(book, path.parent.name)
            if any(seat.run == run for _, *pair in seats(book, plan) for seat in pair):
                yield {"test": plan.id, "a": f"v{plan.a}", "b": f"v{plan.b}"}


def typed_rules(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of the rules as people type them: `stages` with commas, the others as they are; None is left out.

    Raises:
        TunebookError: `cli.option`, stages that are no numbers.
    """
    found = {name: value for name, value in typed.items() if value is not None}
    if "stages" in found:
        try:
            found["stages"] = [float(part.rstrip("%")) for part in listed(found["stages"])]
        except ValueError:
            allowed = "0,5,25,50,100"
            raise TunebookError("cli.option", key="--stages", value=found["stages"], allowed=allowed) from None
    return found


def rules_of(book: Book, changes: Mapping[str, Any]) -> Rolling:
    """The rules of book.toml with changes.

    Raises:
        PlanError: `rollout.rules`, one of them is not possible.
    """
    try:
        return Rolling.model_validate({**book.file.rollout.model_dump(), **changes})
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else "highest"
        raise PlanError("rollout.rules", key=key, value=changes.get(key, first["input"]), reason=first["msg"]) from None


def _unproven(book: Book, chosen: Run, live: Run) -> RefusedError | None:
    """What takes force to roll this run out: it is none of the champion, or was trained on other rows than the live one
    and no verdict of a retraining speaks for it, be its seed ever so near to one that was judged."""
    verdicts = [entry.evidence for entry in book.log.entries("retrain") if entry.evidence.get("event") == "verdict"]
    of_it = [said["verdict"] for said in verdicts if said.get("challenger") == chosen.id]
    if (fault := _not_champion(book, chosen)) is not None:
        return fault
    if chosen.plan.data != live.plan.data and of_it[-1:] != ["PROMOTE"]:
        verdict = of_it[-1] if of_it else "–"
        return RefusedError("rollout.unjudged", key=chosen.id, book=book.path, live=live.id, verdict=verdict)
    return None


def _not_champion(book: Book, chosen: Run) -> RefusedError | None:
    if chosen.plan.table == book.champion.values_id:
        return None
    return RefusedError("rollout.unproven", key=chosen.id, book=book.path, champion=f"v{book.champion.version}")


def _alike(new: Run, live: Run) -> None:
    """Refuse a run that answers another question than the live one."""
    parts = {"task": (new.plan.task, live.plan.task), "labels": (_labels(new), _labels(live))}
    for name, (of_new, of_live) in parts.items():
        if of_new != of_live:
            raise PlanError("rollout.other", key=new.id, part=name, value=of_new, allowed=str(of_live), live=live.id)


def _labels(run: Run) -> Any:
    labels = run.plan.labels
    return sorted(labels.names) or labels.problem


def live_state(book: Book) -> State:
    """Where a book stands of which a run is live. Raises a BookError, `rollout.nothing_live`."""
    from tunebook.rollout.router import HashRouter

    now = state(book)
    HashRouter(now)  # raises where nothing is live
    return now


__all__ = ["First", "Weighed", "doubts", "live_state", "rules_of", "typed_rules", "weigh", "weigh_first"]

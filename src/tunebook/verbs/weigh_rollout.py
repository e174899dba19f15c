"""Weigh a rollout before it begins: what it would be, and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tunebook.core.changes import listed
from tunebook.core.errors import PlanError, RefusedError, TunebookError
from tunebook.core.operation import Rolling
from tunebook.rollout.state import State, state
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run


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
    if chosen.plan.table != book.champion.values_id:
        champion = f"v{book.champion.version}"
        return RefusedError("rollout.unproven", key=chosen.id, book=book.path, champion=champion)
    if chosen.plan.data != live.plan.data and of_it[-1:] != ["PROMOTE"]:
        verdict = of_it[-1] if of_it else "–"
        return RefusedError("rollout.unjudged", key=chosen.id, book=book.path, live=live.id, verdict=verdict)
    return None


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


__all__ = ["Weighed", "live_state", "rules_of", "typed_rules", "weigh"]

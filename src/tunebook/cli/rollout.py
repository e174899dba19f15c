"""tunebook rollout: a new run in front of users by stages, what speaks for and against it, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, warn
from tunebook.cli.options import Books, argument, option
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.rollout.evidence import Evidence
    from tunebook.rollout.state import State
    from tunebook.rollout.step import Look


@dataclass(frozen=True)
class Who:
    """Who does it, and why."""

    reason: Annotated[str, option("why", "--reason", metavar="TEXT")] = ""
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = ""

    def by(self, *, force: bool = False) -> Any:
        """As the verbs take it."""
        return {"actor": self.owner, "reason": self.reason, "force": force}


@dataclass(frozen=True)
class Rules:
    """What differs from `[rollout]` of book.toml."""

    stages: Annotated[str | None, option("rollout_stages", "--stages", metavar="0,5,25,50,100")] = None
    min_requests: Annotated[int | None, option("rollout_requests", "--min-requests", metavar="N")] = None
    min_minutes: Annotated[float | None, option("rollout_minutes", "--min-minutes", metavar="N")] = None
    metric: Annotated[str | None, option("rollout_metric", "--metric", metavar="COL")] = None


Force = Annotated[bool, option("rollout_force", "--force")]


def rollout_start(
    book: Books, run: Annotated[str, argument("rollout_run", "RUN")], rules: Rules, who: Who, force: Force = False
) -> Answer:
    """Begin a rollout."""
    from tunebook.serve.sources import bundled
    from tunebook.verbs.rollout import start
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.weigh_rollout import doubts, typed_rules

    opened = open_book(book)
    begun = start(opened, run, typed_rules(vars(rules)), bundled, **who.by(force=force))
    return _moved(book, begun, doubts(opened, opened.run(str(begun.candidate))))


def rollout_deploy(
    book: Books, run: Annotated[str, argument("rollout_first", "RUN")] = "champion", *, who: Who, force: Force = False
) -> Answer:
    """Put the first run live."""
    from tunebook.verbs.rollout import deploy
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.weigh_rollout import doubts

    opened = open_book(book)
    put = deploy(opened, run, **who.by(force=force))
    return _moved(book, put, doubts(opened, opened.run(str(put.live))))


def rollout_next(book: Books, who: Who, force: Force = False) -> Answer:
    """Go to the next stage."""
    from tunebook.verbs.rollout import next_stage
    from tunebook.verbs.steps.book import open_book

    return _moved(book, next_stage(open_book(book), **who.by(force=force)))


def rollout_finish(book: Books, who: Who, force: Force = False) -> Answer:
    """Make the new run the live one."""
    from tunebook.verbs.rollout import finish
    from tunebook.verbs.steps.book import open_book

    return _moved(book, finish(open_book(book), **who.by(force=force)))


def rollout_abort(book: Books, who: Who) -> Answer:
    """End a rollout."""
    from tunebook.verbs.rollout import abort
    from tunebook.verbs.steps.book import open_book

    return _moved(book, abort(open_book(book), **who.by()))


def rollout_back(book: Books, who: Who) -> Answer:
    """Let the run before answer."""
    from tunebook.verbs.rollout import back
    from tunebook.verbs.steps.book import open_book

    return _moved(book, back(open_book(book), **who.by()))


def rollout_step(book: Books) -> Answer:
    """Look once and do what follows, as a server does all the time."""
    from tunebook.rollout.step import act
    from tunebook.verbs.rollout import status
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    seen = status(opened)
    return _looked(book, seen, act(opened, seen))


def rollout_status(
    book: Books, html: Annotated[Path | None, option("rollout_html", "--html", metavar="FILE")] = None
) -> Answer:
    """What a rollout has come to."""
    from tunebook.verbs.rollout import page, status
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    seen = status(opened)
    written = page(opened, html) if html else None
    return _looked(book, seen, seen.state, written)


def rollout_log(book: Books) -> Answer:
    """What happened to the rollouts of a book."""
    from tunebook.verbs.rollout import history
    from tunebook.verbs.steps.book import open_book

    entries = history(open_book(book))
    data = {"entries": [entry.model_dump(mode="json") for entry in entries]}

    def tell(screen: Console) -> None:
        from tunebook.core.formatting import phrase
        from tunebook.report.history import moment

        if not entries:
            screen.print(say("rollout.never"))
            return
        lines = []
        for entry in entries:
            said = entry.evidence
            marks = [say("rollout.forced")] if entry.forced else []
            why = " · ".join([*marks, *([entry.reason] if entry.reason else [])])
            event, what = phrase("rollout.event", said["event"]), str(said.get("run", "–"))
            lines.append((entry.number, moment(entry.time), event, what, entry.actor, why))
        heads = [say(f"history.{name}") for name in ("entry", "when", "action")]
        heads += [say("cli.run"), say("history.who"), say("history.why")]
        screen.print(grid(heads, lines, right=(0,), whole=(0, 1, 2)))

    return Answer(data, tell)


def _data(state: State) -> dict[str, Any]:
    return {
        "live": state.live,
        "candidate": state.candidate,
        "stage": state.stage,
        "share": state.share,
        "stages": state.rules.stages if state.candidate else [],
        "event": state.event,
        "entry": state.entry,
        "forced": state.forced,
    }


def _moved(book: Path, state: State, doubts: Sequence[str] = ()) -> Answer:
    """What an event has led to, and what speaks against the run that it is about."""

    def tell(screen: Console) -> None:
        screen.print(f"✓ {_standing(state)}", style="green")
        warn(screen, [*([say("rollout.forced_note")] if state.forced else []), *doubts])

    more = () if state.candidate is None else (command("rollout", "status", book),)
    return Answer({**_data(state), "doubts": list(doubts)}, tell, more)


def _standing(state: State) -> str:
    if state.candidate is None:
        return say("rollout.stands.live", live=state.live)
    about = {"candidate": state.candidate, "stage": state.stage, "stages": len(state.rules.stages)}
    if state.shadow:
        return say("rollout.stands.shadow", live=state.live, **about)
    return say("rollout.stands.share", live=state.live, share=f"{state.share:g}", **about)


def _looked(book: Path, seen: Look, after: State, written: Path | None = None) -> Answer:
    """What a look has found, and where the rollout stands after it."""
    why = str(seen.why) if seen.why is not None else ""
    data = {**_data(after), **seen.to_json(), "why": why, "event": after.event}
    data |= {"html": str(written)} if written else {}

    def tell(screen: Console) -> None:
        screen.print(_standing(seen.state), style="bold")
        if written:
            screen.print(f"✓ {say('rollout.page.written', path=written)}", style="green", soft_wrap=True)
        if seen.state.candidate is None:
            return
        rules = seen.state.rules
        screen.print(facts([(say("rollout.requests"), f"{seen.requests} / {rules.min_requests}")]))
        if not seen.requests:
            warn(screen, [_silent(book, str(seen.state.candidate))])
        screen.print()
        heads = [say(f"rollout.head.{name}") for name in ("item", "old", "new", "count", "evidence", "says")]
        screen.print(grid(heads, map(_line, seen.evidence), right=(1, 2, 3, 4), whole=(1, 2, 3, 4)))
        screen.print(say("rollout.gates", gates=sum(bool(item.stops) for item in seen.evidence)), soft_wrap=True)
        screen.print()
        decision = seen.decision.replace(" ", "_")
        style = {"abort": "bold red", "hold": "yellow"}.get(seen.decision, "green")
        screen.print(f"{say(f'rollout.decision.{decision}')} {why}", style=style, soft_wrap=True)
        if after != seen.state:
            screen.print(_standing(after), style="bold")

    more = _next(book, seen) if after == seen.state else ()
    return Answer(data, tell, more, 1 if seen.decision == "abort" else 0)


def _silent(book: Path, candidate: str) -> str:
    """Why a new run may have answered nobody."""
    from tunebook.serve.sources import bundle_of

    run = book / "runs" / candidate
    return say("rollout.no_answer") if bundle_of(run).is_dir() else say("rollout.no_bundle", run=run)


def _next(book: Path, seen: Look) -> tuple[str, ...]:
    if seen.decision == "ready":
        stop = command("rollout", "abort", book, "--reason", say("rollout.reason_is"))
        return command("rollout", "finish", book), stop
    return (command("rollout", "log", book),) if seen.state.candidate is None else ()


def _line(item: Evidence) -> tuple[str, ...]:
    from tunebook.report.rollout import line

    found = line(item)
    ends = f" ({found['ends']})" if found["ends"] else ""
    return found["name"], found["old"], found["new"], found["count"], found["evidence"], found["says"] + ends


__all__ = [
    "Rules",
    "Who",
    "rollout_abort",
    "rollout_back",
    "rollout_deploy",
    "rollout_finish",
    "rollout_log",
    "rollout_next",
    "rollout_start",
    "rollout_status",
    "rollout_step",
]

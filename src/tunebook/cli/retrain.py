"""tunebook retrain: a challenger on new rows, judged against the run in service; now, or when it is time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tunebook.cli.answer import Answer, command, facts, grid, json_line, note, prose
from tunebook.cli.bars import Bars
from tunebook.cli.options import Allowed, Books, option, repeated_options, wrong
from tunebook.core.errors import TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.retrain import Asked, Proposal, Retrained
    from tunebook.verbs.retrain_when import Due
    from tunebook.verbs.steps.book import Book


@dataclass(frozen=True)
class Rows:
    """From what a challenger learns."""

    new: Annotated[list[Path] | None, option("retrain_new", "--new", metavar="FILE")] = None
    from_log: Annotated[bool, option("retrain_from_log", "--from-log")] = False
    seeds: Annotated[int | None, option("retrain_seeds", "--seeds", metavar="N")] = None


@dataclass(frozen=True)
class Whenever:
    """When."""

    when: Annotated[str | None, option("retrain_when", "--when", metavar="WORDS")] = None
    if_needed: Annotated[bool, option("retrain_if_needed", "--if-needed")] = False
    schedule: Annotated[bool, option("retrain_schedule", "--schedule")] = False
    print_cron: Annotated[bool, option("retrain_cron", "--print-cron")] = False
    print_systemd: Annotated[bool, option("retrain_systemd", "--print-systemd")] = False


def retrain(
    book: Books,
    rows: Rows,
    whenever: Whenever,
    allowed: Allowed,
    dry_run: Annotated[bool, option("retrain_dry_run", "--dry-run")] = False,
    adopt: Annotated[str | None, option("retrain_adopt", "--adopt", metavar="vN")] = None,
) -> Answer:
    """Train a challenger on new rows and judge it."""
    from tunebook.verbs.retrain import Asked
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    if adopt is not None:
        return _adopted(opened, adopt)
    asked = Asked(tuple(rows.new or ()), rows.from_log, rows.seeds, allowed.names)
    own = [*repeated_options(rows, allowed), *(["--if-needed"] if whenever.if_needed else [])]
    if whenever.print_cron or whenever.print_systemd:
        return _printed(opened, whenever, own)
    if whenever.schedule:
        return _scheduled(opened, whenever, asked)
    return _once(opened, asked, whenever.if_needed, dry_run, own)


def _once(opened: Book, asked: Asked, if_needed: bool, dry_run: bool, own: list[str]) -> Answer:
    """Retrain now, where there is reason to."""
    from tunebook.verbs.retrain import propose
    from tunebook.verbs.retrain import retrain as act
    from tunebook.verbs.retrain_when import due

    found = due(opened) if if_needed else None
    if found is not None and not found.reasons:
        return _not_needed(found)
    if dry_run:
        seen = propose(opened, asked)
        again = command("retrain", opened.path, *own)
        data = {"dry_run": True, "reasons": found.reasons if found else [], **asdict(seen)}
        return Answer(data, lambda screen: _tell_proposal(screen, seen), (again,))
    with Bars() as bars:
        done = act(opened, asked, bars)
    return _told(opened, done)


def _told(opened: Book, done: Retrained) -> Answer:
    from tunebook.core.formatting import amount, metric_name

    judged, seen = done.judgement, done.proposal
    data = {
        "data_version": seen.version,
        "challenger": judged.challenger,
        "verdict": judged.verdict,
        "judgement": judged.data(),
        "rows": seen.rows,
        "dropped": seen.dropped,
        "rollout": done.started,
        "path": str(done.path),
    }

    def tell(screen: Console) -> None:
        _tell_proposal(screen, seen)
        lines = []
        for name, side in (("old", judged.old), ("new", judged.new)):
            gain, ends = amount(side.gain, judged.metric), (side.lower, side.upper)
            between = " … ".join(amount(end, judged.metric) for end in ends)
            mark = "✓" if side.ok else "✗" if side.worse else "?"
            lines.append((f"{mark} {say(f'retrain.side.{name}')}", side.rows, gain, between))
        heads = (say("retrain.head.test"), say("cli.rows"), metric_name(judged.metric), say("retrain.head.interval"))
        screen.print(grid(heads, lines, right={1, 2}))
        prose(screen, say(f"retrain.said.{judged.verdict.lower()}", run=judged.challenger, live=judged.live))
        if done.started:
            prose(screen, say("retrain.started", run=judged.challenger))

    go: tuple[str, ...] = ()
    if judged.verdict == "PROMOTE":
        first = command("rollout", "start", opened.path, judged.challenger)
        if done.started:
            first = command("rollout", "status", opened.path)
        go = (first, command("retrain", opened.path, "--adopt", f"v{seen.version}"))
    return Answer(data, tell, go, code=0 if judged.verdict == "PROMOTE" else 1)


def _tell_proposal(screen: Console, seen: Proposal) -> None:
    from tunebook.core.formatting import duration

    new = ", ".join(f"{say(f'split.{name}')} {count}" for name, count in seen.rows.items())
    left = ", ".join(f"{say(f'ledger.{reason}')} {count}" for reason, count in seen.dropped.items())
    pairs = [
        (say("retrain.data"), f"v{seen.version} ({say('retrain.follows', base=f'v{seen.base}')})"),
        (say("retrain.new_rows"), new),
        (say("retrain.left_out"), left or "–"),
        (say("retrain.live"), seen.live),
        (say("retrain.trains"), say("retrain.plan", table=f"v{seen.table}", seeds=len(seen.seeds))),
        (say("retrain.takes"), duration(seen.seconds)),
    ]
    screen.print(facts(pairs))
    if seen.unknown:
        screen.print(say("retrain.unknown", count=seen.unknown), style="yellow", soft_wrap=True)


def _not_needed(found: Due) -> Answer:
    data = {"needed": False, "labels": found.labels, "wanted": found.wanted, "drift": found.drift}

    def tell(screen: Console) -> None:
        prose(screen, say("retrain.not_needed", labels=found.labels, wanted=found.wanted or "–"))

    return Answer(data, tell)


def _adopted(opened: Book, name: str) -> Answer:
    from tunebook.verbs.steps.book_data import adopt

    number = name.lower().removeprefix("v")
    if not (number.isascii() and number.isdigit()):
        raise wrong("--adopt", name, "v2")
    now = adopt(opened, int(number))
    done = say("retrain.adopted", version=f"v{number}", rows=sum(now.data.rows.values()))
    data = {"data_version": int(number), "rows": now.data.rows, "content": now.data.content}
    return Answer(data, lambda screen: screen.print(f"✓ {done}", style="green", soft_wrap=True))


def _printed(opened: Book, whenever: Whenever, own: list[str]) -> Answer:
    """What cron or systemd is to be given."""
    from tunebook.verbs.retrain_when import calendar, crontab, units

    when = calendar(opened, whenever.when)
    _needs_rows(own)
    if whenever.print_cron:
        line = crontab(opened, when, own)
        return Answer({"crontab": line}, lambda screen: screen.print(line, soft_wrap=True))
    files = units(opened, when, own)

    def tell(screen: Console) -> None:
        for name, text in files.items():
            screen.print(f"# {name}\n{text}", soft_wrap=True)

    return Answer({"units": files}, tell)


def _needs_rows(own: list[str]) -> None:
    if not {"--new", "--from-log"} & set(own):
        raise TunebookError("retrain.no_rows", key="--new")


def _scheduled(opened: Book, whenever: Whenever, asked: Asked) -> Answer:
    """Stay, and retrain whenever it is time; a failure is told, and the next time comes."""
    from tunebook.verbs.retrain_when import calendar, next_time, run_scheduled

    if not (asked.new or asked.from_log):
        raise TunebookError("retrain.no_rows", key="--new")
    when, times = calendar(opened, whenever.when), 0

    def work() -> None:
        nonlocal times
        times += 1
        _guarded(lambda: _once(opened, asked, whenever.if_needed, False, []))
        note(say("retrain.next", time=next_time(when)))

    note(say("retrain.next", time=next_time(when)))
    run_scheduled(when, work)
    return Answer({"times": times}, lambda screen: screen.print(say("retrain.over", times=times)))


def _guarded(act: Callable[[], Answer]) -> None:
    """Print an answer as a line of JSON, or the error."""
    try:
        answer = act()
    except TunebookError as error:
        note(str(error), style="red")
        return
    note(json_line(answer.data), style="none")


__all__ = ["Rows", "Whenever", "retrain"]

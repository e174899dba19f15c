"""tunebook promote, rollback, table log and history: which version is in force, and who changed what, when and why."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tunebook.cli.answer import Answer, command, grid, note, warn
from tunebook.cli.bars import Bars
from tunebook.cli.engines import Where
from tunebook.cli.options import Books, argument, option, wrong
from tunebook.core.errors import BookError, RefusedError, TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import ParamTable
    from tunebook.core.verdict import Verdict
    from tunebook.knowledge.chain import Check
    from tunebook.knowledge.log import Entry
    from tunebook.verbs.abtest.final_exam import Trial
    from tunebook.verbs.promote import Promotion
    from tunebook.verbs.steps.book import Book


Version = Annotated[str, argument("promoted", "vN")]
Reason = Annotated[str, option("why", "--reason", metavar="TEXT")]
Owner = Annotated[str, option("owner", "--owner", metavar="NAME")]
_FORMS = ("md", "html")
_MOST = 50  # entries that are shown unless all are asked for


def promote(
    book: Books,
    version: Version,
    reason: Reason = "",
    force: Annotated[bool, option("force", "--force")] = False,
    owner: Owner = "",
) -> Answer:
    """Make a proven version the champion."""
    from tunebook.verbs.promote import enact, weigh
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    weighed = weigh(opened, version, actor=owner, reason=reason, force=force)
    with Bars() as bars, Where().used(bars):
        promotion = proven(opened, weighed)
    return _answer(book, lambda: enact(opened, promotion))


def proven(book: Book, promotion: Promotion) -> Promotion:
    """Say what the last proof of a promotion costs and could see, and bring it."""
    from tunebook.verbs.promote import tried

    trial = promotion.trial
    if trial is None:
        return promotion
    _announce(book, trial, promotion.change.evidence["test_split"])
    with Bars(trial.metric) as bars:
        return tried(book, promotion, bars)


def _announce(book: Book, trial: Trial, before: dict[str, int]) -> None:
    from tunebook.core.formatting import amount
    from tunebook.report.plan_words import time_text
    from tunebook.verbs.steps.pace import pace_of

    time = time_text(trial.seconds, pace_of(book.path / "runs"))
    about = {"seeds": len(trial.seeds), "runs": trial.missing, "time": time}
    count = {"n": len(trial.exam.rows), "number": before["logged"] + 1, "most": book.file.gate.openings}
    note(say("promote.begins", name=f"v{trial.arms[1].table.version}", **about, **count))
    if before["runs"]:
        note(say("promote.reports", count=before["runs"]))
    if trial.least is None:
        return
    note(say("promote.could_see", least=amount(trial.least, trial.metric), gain=amount(trial.gain, trial.metric)))
    if trial.least > trial.gain:
        note(say("promote.few_test_rows"), style="yellow")


def promoted(book: Book, verdict: Verdict, owner: str = "") -> dict[str, Any]:
    """What became of a promotion after a test: the champion with its scores on the test rows, or why it was refused."""
    from tunebook.verbs.promote import enact, weigh

    try:
        weighed = weigh(book, verdict.b, verdict=verdict, actor=owner, reason=verdict.reason)
        entry = enact(book, proven(book, weighed))
    except RefusedError as error:
        return {"error": error.to_json()}
    evidence, looks = entry.evidence, opened_before(entry) + 1
    return {"champion": f"v{entry.table}", "test_scores": evidence["test_scores"], "test_looks": looks}


def rollback(
    book: Books,
    to: Annotated[str | None, option("rollback_to", "--to", metavar="vN")] = None,
    reason: Reason = "",
    owner: Owner = "",
) -> Answer:
    """Bring a former champion back."""
    from tunebook.verbs.promote import rollback as act
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    return _answer(book, lambda: act(opened, to=to, actor=owner, reason=reason))


def _answer(book: Path, act: Callable[[], Entry]) -> Answer:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        entry = act()
    said = [str(item.message) for item in caught if item.category is UserWarning]
    previous = entry.evidence.get("from")
    data: dict[str, Any] = {
        "champion": f"v{entry.table}",
        "previous": f"v{previous}" if previous else None,
        "entry": entry.number,
        "forced": entry.forced,
    }
    data |= {name: entry.evidence[name] for name in ("test_scores",) if name in entry.evidence}

    def tell(screen: Console) -> None:
        done = say("promote.done", champion=data["champion"], previous=data["previous"] or "–", entry=entry.number)
        screen.print(f"✓ {done}", style="green")
        if "test_scores" in data:
            screen.print(test_rows_text(data["test_scores"], opened_before(entry) + 1))
        if entry.forced:
            warn(screen, [say("promote.forced_note", why=entry.reason)])
        warn(screen, said)

    return Answer(data, tell, (command("table", "log", book), _use(book)))


def _use(book: Path) -> str:
    """What one does with a champion: train it, or, once it is, put it in front of users."""
    from tunebook.rollout.state import state
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    try:
        run = opened.run("champion")
    except BookError:
        return command("train", book)
    live = state(opened).live
    return command("serve", book) if live is None else command("rollout", "start", book, run.id)


def test_rows_text(found: dict[str, Any], times: int) -> str:
    """What the test rows say of a promotion, and how often they were opened by now."""
    from tunebook.core.formatting import amount, metric_name, score_text

    scores = {name: score_text(found[name]) for name in ("a", "b")}
    points = {name: amount(found[name], found["metric"]) for name in ("gain", "lower", "upper")}
    about = {"metric": metric_name(found["metric"]), "n": found["n"], "seeds": found["seeds"], "times": times}
    return say("promote.test_rows", **about, **scores, **points)


def opened_before(entry: Entry) -> int:
    """How often the test rows had been opened for promotions and tests before this one."""
    return int((entry.evidence.get("test_split") or {}).get("logged", 0))


def table_log(
    book: Books,
    verify: Annotated[bool, option("verify", "--verify")] = False,
    every: Annotated[bool, option("all_entries", "--all")] = False,
) -> Answer:
    """The entries of the log, or whether it is what was written."""
    from tunebook.verbs.abtest.binding import loosened
    from tunebook.verbs.steps.book import open_book

    log = open_book(book).log
    if verify:
        return _verified(log.verify())
    champion = log.champion
    entries = log.entries()
    shown = entries if every else entries[-_MOST:]
    earlier = shown[0].number - 1 if shown else 0
    more = [command("table", "log", book, "--verify")]
    if earlier and not every:
        more.insert(0, command("table", "log", book, "--all"))

    def data() -> dict[str, Any]:
        told = [entry.model_dump(mode="json") for entry in entries]
        return {"champion": f"v{champion}" if champion else None, "entries": told}

    return Answer(data, lambda screen: _tell(screen, shown, earlier, loosened(entries)), tuple(more))


def _verified(found: Check) -> Answer:
    data = {"ok": found.ok, "entries": found.entries, "broken": found.broken, "head": found.head}

    def tell(screen: Console) -> None:
        if found.ok:
            screen.print(f"✓ {say('log.ok', entries=found.entries)}", style="green")
        else:
            screen.print(f"✗ {say('log.broken', entries=found.entries)}", style="bold red")
            for fault in found.faults:
                screen.print(f"  {say(f'log.fault.{fault.kind}', number=fault.number)}")
        screen.print(say("log.head_hash", hash=found.head or "–"), style="dim", soft_wrap=True)

    return Answer(data, tell, code=0 if found.ok else 1)


def _tell(screen: Console, entries: list[Entry], earlier: int, looser: dict[int, list[str]]) -> None:
    from tunebook.report.history import action_text, moment, oddities

    if not entries:
        screen.print(say("log.empty"))
        return
    if earlier:
        screen.print(say("log.earlier", count=f"{earlier:,}"), style="dim")
    lines: list[tuple[Any, ...]] = [
        (
            entry.number,
            moment(entry.time),
            action_text(entry),
            f"v{entry.table}" if entry.table else "–",
            entry.actor,
            " · ".join(
                [*oddities(entry), *_looser(looser.get(entry.number)), *([entry.reason] if entry.reason else [])]
            ),
        )
        for entry in entries
    ]
    names = ("entry", "when", "action", "version", "who", "why")
    screen.print(grid([say(f"history.{name}") for name in names], lines, right=(0,), whole=(0, 1, 2, 3)))


def _looser(rows: list[str] | None) -> list[str]:
    return [say("log.looser", rows=", ".join(rows))] if rows else []


def table_history(
    book: Books,
    format: Annotated[str | None, option("history_format", "--format", metavar="md|html")] = None,
    out: Annotated[Path | None, option("history_out", "--out", metavar="FILE")] = None,
) -> Answer:
    """The change document."""
    from tunebook.report.history import render_history
    from tunebook.report.page import place_of
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    form = _form(format, out)
    log = opened.log
    name, place = opened.path.resolve().name, place_of(opened.path / "history")
    text = render_history(form, name, _tables(opened), log.entries(), log.verify(), place)
    if out is None:
        return Answer({"format": form, "text": text}, lambda screen: screen.print(text, soft_wrap=True, end=""))
    _write(out, text)
    done = say("history.written", path=out)
    return Answer(
        {"format": form, "path": str(out)}, lambda screen: screen.print(f"✓ {done}", style="green", soft_wrap=True)
    )


def _form(given: str | None, out: Path | None) -> Literal["md", "html"]:
    name = given or (out.suffix.lower().lstrip(".") if out else "") or "md"
    name = {"htm": "html", "markdown": "md"}.get(name.lower(), name.lower())
    if name == "md":
        return "md"
    if name == "html":
        return "html"
    raise wrong("--format" if given else "--out", given or str(out), " | ".join(_FORMS))


def _tables(book: Book) -> dict[int, ParamTable | None]:
    """Every version that there is; None for one that cannot be read."""
    found: dict[int, ParamTable | None] = {}
    for number in book.tables.versions():
        try:
            found[number] = book.tables.get(number)
        except TunebookError:
            found[number] = None
    return found


def _write(path: Path, text: str) -> None:
    from tunebook.tables.files import publish

    if not path.resolve().parent.is_dir():
        raise TunebookError("cli.out_folder", key="--out", value=str(path.parent))
    try:
        publish(path, text.encode())
    except FileExistsError as error:
        raise TunebookError("cli.out_exists", key="--out", value=str(path)) from error


__all__ = ["opened_before", "promote", "promoted", "proven", "rollback", "table_history", "table_log", "test_rows_text"]

"""tunebook table log and history: who changed what, when, why, and on what evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tunebook.cli.answer import Answer, command, grid
from tunebook.cli.options import Books, option, wrong
from tunebook.core.errors import TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import ParamTable
    from tunebook.knowledge.chain import Check
    from tunebook.knowledge.log import Entry
    from tunebook.verbs.steps.book import Book

_FORMS = ("md", "html")
_MOST = 50  # entries that are shown unless all are asked for


def table_log(
    book: Books,
    verify: Annotated[bool, option("verify", "--verify")] = False,
    every: Annotated[bool, option("all_entries", "--all")] = False,
) -> Answer:
    """The entries of the log, or whether it is what was written."""
    from tunebook.verbs.abtest.loosened import loosened
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
    from tunebook.core.words import phrase
    from tunebook.report.history import marks, moment

    if not entries:
        screen.print(say("log.empty"))
        return
    if earlier:
        screen.print(say("log.earlier", count=f"{earlier:,}"), style="dim")
    lines: list[tuple[Any, ...]] = [
        (
            entry.number,
            moment(entry.time),
            phrase("log.action", entry.action),
            f"v{entry.table}" if entry.table else "–",
            entry.actor,
            " · ".join([*marks(entry), *_looser(looser.get(entry.number)), *([entry.reason] if entry.reason else [])]),
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


__all__ = ["table_history", "table_log"]

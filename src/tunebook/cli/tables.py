"""tunebook table: look at the versions of a book's table, change them, carry them in and out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, grid, warn
from tunebook.cli.choose import named_table, read_changes
from tunebook.cli.layout import below, padded, wrap
from tunebook.cli.options import Books, argument, option
from tunebook.core.errors import BookError, TableError, TunebookError
from tunebook.core.messages import columns_of, say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import ParamTable, TableRow
    from tunebook.core.verdict import RowEffect
    from tunebook.tables.store import TableStore
    from tunebook.verbs.change_table import Added
    from tunebook.verbs.steps.book import Book

Which = Annotated[str, option("table_version", "--table", metavar="vN|FILE")]
Note = Annotated[str, option("note", "--note", metavar="TEXT")]
Files = Annotated[Path, argument("table_file", "FILE")]
Old = Annotated[str, argument("diff_old", "vOLD|FILE")]
New = Annotated[str, argument("diff_new", "vNEW|FILE")]


def table_show(book: Books, table: Which = "champion") -> Answer:
    """Every row of a version."""
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    found = named_table(opened, table)
    effects = _effects(opened, found)
    data = found.model_dump(mode="json") | {"effects": [item.model_dump(mode="json") for item, _ in effects.values()]}
    words = {name: text for name, (_, text) in effects.items()}
    return Answer(data, lambda screen: _tell_rows(screen, found, words), (_set(book),))


def _effects(book: Book, table: ParamTable) -> dict[str, tuple[RowEffect, str]]:
    """Row -> what a test found it to be worth, and that in words; of a technique switched as a whole, its first row."""
    from tunebook.report.ab_words import effect_text
    from tunebook.verbs.abtest.verdicts import effects_for, tested_effects

    verdict = tested_effects(book, table.version) if table.version else None
    if verdict is None:
        return {}
    found = {}
    for name, effect in effects_for(book, table.version).items():
        rows = [row for row in table.rows if row == name or row.startswith(f"{name}.")]
        found[rows[0] if rows else name] = (effect, effect_text(effect, verdict.metric))
    return found


def _set(book: Path) -> str:
    return command("table", "set", book, "learning_rate=5e-5", "--note", say("cli.some_note"))


def _tell_rows(screen: Console, table: ParamTable, effects: Mapping[str, str]) -> None:
    from tunebook.core.formatting import moment, shown
    from tunebook.report.history import described

    title = f"v{table.version}" if table.version else say("cli.runs.unsaved")
    about = " · ".join(part for part in (title, table.owner, moment(table.created), table.note) if part)
    screen.print(about, style="bold")
    screen.print()
    cells = [
        (f"{'•' if row.value != row.default else ' '} {name}", shown(row.value), shown(row.default), _proposed(row))
        for name, row in table.rows.items()
    ]
    heads = [f"  {say('cli.name')}", *(say(f"cli.{name}") for name in ("value", "default", "recommended"))]
    widths = [max(map(columns_of, column)) + 2 for column in zip(heads, *cells, strict=True)]
    side = widths[0] + sum(map(columns_of, heads[1:])) + 2 * len(heads) <= screen.width
    if side:
        screen.print(padded(heads, widths), style="bold", soft_wrap=True)
    for (name, row), line in zip(table.rows.items(), cells, strict=True):
        screen.print(padded(line, widths) if side else below(line, heads, screen.width), soft_wrap=True)
        if name in effects:
            screen.print(f"    {say('ab.effect')}: {effects[name]}", style="bold", soft_wrap=True)
        told = [row.reason] if row.reason and row.value is not None else [row.reason, described(name, row.description)]
        for words in (line for text in told for line in wrap(text, screen.width - 6)):  # what none means is said anyhow
            screen.print(f"    {words}", style="dim", soft_wrap=True)
    screen.print(f"• {say('cli.table.changed')}")


def _proposed(row: TableRow) -> str:
    from tunebook.core.formatting import shown

    return "–" if row.recommended is None else shown(row.recommended)


def table_list(book: Books) -> Answer:
    """The versions of a book's table; a damaged one is marked."""
    from tunebook.core.formatting import moment
    from tunebook.verbs.steps.book import open_book

    found, problems = _versions(open_book(book).tables)

    def tell(screen: Console) -> None:
        lines = [
            (item["version"], _state(item), item["parent"] or "–", moment(item["created"]), item["owner"], item["note"])
            for item in found
        ]
        names = ("table", "state", "parent", "created", "owner", "note")
        screen.print(grid([say(f"cli.{name}") for name in names], lines, whole=(0, 1, 2, 3)))
        warn(screen, problems)

    return Answer({"versions": found, "problems": problems}, tell, (command("table", "show", book), _set(book)))


def _versions(store: TableStore) -> tuple[list[dict[str, Any]], list[str]]:
    """Facts of each version, and what is wrong with those that cannot be read."""
    problems: list[str] = []
    try:
        champion = store.champion
    except BookError as error:
        champion = None
        problems.append(f"{error.message} {error.advice}")
    found = []
    for number in store.versions():
        item = {"version": f"v{number}", "parent": None, "champion": number == champion, "damaged": False}
        try:
            table = store.get(number)
        except (BookError, TableError) as error:
            problems.append(f"{error.message} {error.advice}")
            item |= {"damaged": True, "owner": "", "created": "", "note": ""}
        else:
            parent = f"v{table.parent}" if table.parent else None
            item |= {"parent": parent, "owner": table.owner, "created": table.created, "note": table.note}
        found.append(item)
    return found, problems


def _state(item: Mapping[str, Any]) -> str:
    marks = [say("cli.champion")] if item["champion"] else []
    return say("cli.comma").join(marks + ([say("cli.table.damaged")] if item["damaged"] else []))


def table_set(
    book: Books,
    changes: Annotated[list[str], argument("changes", "ROW=VALUE")],
    table: Which = "champion",
    note: Note = "",
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = "",
) -> Answer:
    """A child of a version, with some rows changed."""
    from tunebook.verbs.change_table import change_table
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    parent = named_table(opened, table)
    made = change_table(opened, parent, read_changes(changes, "ROW=VALUE"), note=note, owner=owner)
    again = command("table", "set", book, *changes, "--table", table, "--note", say("cli.some_note"))
    return _added(opened, made, again="" if note.strip() else again)


def table_import(book: Books, file: Files, note: Note = "") -> Answer:
    """A file as the next version."""
    from tunebook.tables.files import read_table
    from tunebook.tables.make import inherit
    from tunebook.verbs.change_table import add_table
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    read = read_table(file)
    parent, edited = _origin(opened.tables, read, file)
    words = note or read.note or say("cli.table.imported", file=file.name)
    owner = read.owner or (parent.owner if parent else "")
    known = {"note": words, "owner": owner, "parent": parent.version if parent else None}
    table = read.model_copy(update=known)
    if parent is None:
        return _added(opened, add_table(opened, None, table, []))
    if read.values() == parent.values():
        raise TunebookError("cli.no_change", key=f"v{parent.version}")
    said = [name for name, row in read.rows.items() if row.value != row.default]
    return _added(opened, add_table(opened, parent, inherit(table, parent, note), said), edited)


def _origin(store: TableStore, table: ParamTable, file: Path) -> tuple[ParamTable | None, str]:
    """The version that a file's table is a child of, and the name of the file where it is an edited version.

    An edited version is a child of what it was made from; everything else of the champion. None where neither can be
    read: the champion itself may be the version that was edited.
    """
    edited = bool(table.version) and file.resolve() == store.path(table.version).resolve()
    for which in (table.parent, "champion") if edited else ("champion", table.parent):
        try:
            return store.get(which or 0), file.name if edited else ""
        except (BookError, TableError):
            continue
    return None, file.name if edited else ""


def _added(book: Book, made: Added, edited: str = "", again: str = "") -> Answer:
    """Say what differs in a version that was added from its parent.

    Args:
        edited: the file of a version that was edited; again: how to say it with a reason, where none was given.
    """
    added, parent = made.table, made.parent
    name = f"v{added.version}"

    def tell(screen: Console) -> None:
        screen.print(f"✓ {say('cli.table.added', version=name)}", style="green")
        if again:
            screen.print(say("cli.table.no_note", version=name, command=again), style="yellow", soft_wrap=True)
        if edited:
            screen.print(say("table.edited", file=edited, version=name), style="yellow")
        if parent:
            tell_changes(screen, (parent, added), (f"v{parent.version}", name))
        warn(screen, [item["message"] for item in made.warnings])

    data = {"version": name, "parent": f"v{parent.version}" if parent else None, "changes": made.changes}
    data |= {"warnings": made.warnings, "note": added.note}
    tried = (command("check", book.path, "--table", name), command("train", book.path, "--table", name))
    return Answer(data, tell, (*tried, command("ab", book.path, "champion", name)))


def table_diff(
    book: Books,
    old: Old,
    new: New,
    html: Annotated[Path | None, option("html", "--html", metavar="FILE")] = None,
) -> Answer:
    """The rows whose values differ."""
    from tunebook.tables.in_force import diff
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    tables = (named_table(opened, old), named_table(opened, new))
    if html is not None:
        _write_page(html, tables, (old, new))

    def tell(screen: Console) -> None:
        tell_changes(screen, tables, (old, new))
        if html is not None:
            screen.print(f"✓ {say('cli.table.page', path=html)}", style="green", soft_wrap=True)

    return Answer(diff(*tables), tell)


def _write_page(path: Path, tables: tuple[ParamTable, ParamTable], names: tuple[str, str]) -> None:
    from tunebook.report.history import table_diff_page
    from tunebook.tables.files import publish

    try:
        publish(path, table_diff_page(*tables, names).encode())
    except FileExistsError as error:
        raise TableError("table.exists", key=str(path)) from error


def tell_changes(screen: Console, tables: tuple[ParamTable, ParamTable], names: tuple[str, str]) -> None:
    """Print the rows in which two tables differ."""
    from tunebook.report.history import row_view
    from tunebook.tables.in_force import diff

    rows = [row_view(*tables, item["row"]) for item in diff(*tables)]
    if not rows:
        screen.print(say("cli.table.same"))
        return
    lines = [(*(row[part] for part in ("name", "from", "to", "default", "recommended", "reason")),) for row in rows]
    heads = (say("cli.name"), *names, *(say(f"cli.{part}") for part in ("default", "recommended", "reason")))
    screen.print(grid(heads, lines, whole=(0,)))


def table_export(
    book: Books,
    file: Files,
    table: Which = "champion",
    flat: Annotated[bool, option("flat", "--flat")] = False,
) -> Answer:
    """A version as a file."""
    from tunebook.tables.files import write_table
    from tunebook.verbs.steps.book import open_book

    found = named_table(open_book(book), table)
    path = write_table(found, file, flat=flat)
    done = say("cli.table.exported", version=f"v{found.version}", path=path)
    data = {"version": f"v{found.version}", "path": str(path)}

    def tell(screen: Console) -> None:
        screen.print(f"✓ {done}", style="green", soft_wrap=True)
        screen.print(say("cli.table.edit"))

    return Answer(data, tell, (command("table", "import", book, path),))


__all__ = ["table_diff", "table_export", "table_import", "table_list", "table_set", "table_show", "tell_changes"]

"""tunebook table: look at the versions of a book's table, change them, carry them in and out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunebook.cli.answer import Answer, command, grid
from tunebook.cli.choose import named_table, read_changes
from tunebook.cli.help import cells as columns_of
from tunebook.cli.help import wrap
from tunebook.cli.options import Books, option
from tunebook.core.errors import TunebookError
from tunebook.core.messages import language, say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import ParamTable, TableRow
    from tunebook.verbs.book import Book

Which = Annotated[str, option("table_version", "--table", metavar="vN|FILE")]
Note = Annotated[str, option("note", "--note", metavar="TEXT")]
Files = Annotated[Path, typer.Argument(metavar="FILE", help=say("cli.opt.table_file"))]
Sides = Annotated[str, typer.Argument(metavar="vN|FILE", help=say("cli.opt.side"))]


def table_show(book: Books, table: Which = "champion") -> Answer:
    """Every row of a version."""
    from tunebook.verbs.book import open_book

    opened = open_book(book)
    found = named_table(opened, table)
    return Answer(found.model_dump(mode="json"), lambda screen: _tell_rows(screen, found), (_set(book),))


def _set(book: Path) -> str:
    return command("table", "set", book, "learning_rate=5e-5", "--note", say("cli.some_note"))


def _tell_rows(screen: Console, table: ParamTable) -> None:
    from tunebook.report.words import shown

    title = f"v{table.version}" if table.version else say("cli.runs.unsaved")
    about = " · ".join(part for part in (title, table.owner, _when(table.created), table.note) if part)
    screen.print(about, style="bold")
    screen.print()
    cells = [
        (f"{'•' if row.value != row.default else ' '} {name}", shown(row.value), shown(row.default), _proposed(row))
        for name, row in table.rows.items()
    ]
    heads = [f"  {say('cli.name')}", *(say(f"cli.{name}") for name in ("value", "default", "recommended"))]
    widths = [max(map(columns_of, column)) + 2 for column in zip(heads, *cells, strict=True)]
    screen.print(_padded(heads, widths), style="bold", soft_wrap=True)
    for (name, row), line in zip(table.rows.items(), cells, strict=True):
        screen.print(_padded(line, widths), soft_wrap=True)
        for words in wrap(row.reason or _description(name, row), screen.width - 6):
            screen.print(f"    {words}", style="dim", soft_wrap=True)
    screen.print(f"• {say('cli.table.changed')}")


def _padded(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "".join(cell + " " * (width - columns_of(cell)) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _proposed(row: TableRow) -> str:
    from tunebook.report.words import shown

    return "–" if row.recommended is None else shown(row.recommended)


def _description(name: str, row: TableRow) -> str:
    """What a row is, in the user's language; the owner's own words stay as they are."""
    from tunebook.tables.declared import find

    declared = find(name)
    if declared is None or row.description not in (declared.row.text, declared.row.zh):
        return row.description
    return declared.row.zh if language() == "zh" else declared.row.text


def _when(created: str) -> str:
    """A moment in the user's time zone, without seconds."""
    try:
        return f"{datetime.fromisoformat(created).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return created


def table_list(book: Books) -> Answer:
    """The versions of a book's table."""
    from tunebook.verbs.book import open_book

    store = open_book(book).tables
    found = [
        {
            "version": f"v{table.version}",
            "parent": f"v{table.parent}" if table.parent else None,
            "champion": table.version == store.champion,
            "owner": table.owner,
            "created": table.created,
            "note": table.note,
        }
        for table in map(store.get, store.versions())
    ]

    def tell(screen: Console) -> None:
        marks = [say("cli.champion") if item["champion"] else "" for item in found]
        lines = [
            (item["version"], mark, item["parent"] or "–", _when(str(item["created"])), item["owner"], item["note"])
            for item, mark in zip(found, marks, strict=True)
        ]
        names = ("table", "state", "parent", "created", "owner", "note")
        screen.print(grid([say(f"cli.{name}") for name in names], lines, whole=(0, 1, 2, 3)))

    return Answer({"versions": found}, tell, (command("table", "show", book), _set(book)))


def table_set(
    book: Books,
    changes: Annotated[list[str], typer.Argument(metavar="ROW=VALUE", help=say("cli.opt.changes"))],
    table: Which = "champion",
    note: Note = "",
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = "",
) -> Answer:
    """A child of a version, with some rows changed."""
    from tunebook.tables.make import child
    from tunebook.verbs.book import open_book

    opened = open_book(book)
    parent = named_table(opened, table)
    changed = child(parent, read_changes(changes, "ROW=VALUE"), note=note, owner=owner or parent.owner)
    if changed.values() == parent.values():
        raise TunebookError("cli.no_change", key=table)
    return _added(opened, parent, changed)


def table_import(book: Books, file: Files, note: Note = "") -> Answer:
    """A file as the next version."""
    from tunebook.tables.read import read_table
    from tunebook.verbs.book import open_book

    opened = open_book(book)
    read = read_table(file)
    parent = opened.champion
    words = note or read.note or say("cli.table.imported", file=file.name)
    return _added(opened, parent, read.model_copy(update={"note": words, "parent": parent.version}))


def _added(book: Book, parent: ParamTable, table: ParamTable) -> Answer:
    """Keep a table as the next version and say what differs from its parent."""
    from tunebook.tables.diff import diff

    added = book.tables.add(table)
    changes = diff(parent, added)
    name = f"v{added.version}"

    def tell(screen: Console) -> None:
        screen.print(f"✓ {say('cli.table.added', version=name)}", style="green")
        _tell_changes(screen, changes, (f"v{parent.version}", name))

    data = {"version": name, "parent": f"v{parent.version}" if parent.version else None, "changes": changes}
    return Answer(
        data, tell, (command("check", book.path, "--table", name), command("train", book.path, "--table", name))
    )


def table_diff(book: Books, old: Sides, new: Sides) -> Answer:
    """The rows whose values differ."""
    from tunebook.tables.diff import diff
    from tunebook.verbs.book import open_book

    opened = open_book(book)
    changes = diff(named_table(opened, old), named_table(opened, new))
    data = {"from": old, "to": new, "changes": changes}
    return Answer(data, lambda screen: _tell_changes(screen, changes, (old, new)))


def _tell_changes(screen: Console, changes: list[dict[str, object]], names: tuple[str, str]) -> None:
    from tunebook.report.words import shown

    if not changes:
        screen.print(say("cli.table.same"))
        return
    lines = [(item["row"], shown(item["from"]), shown(item["to"])) for item in changes]
    screen.print(grid((say("cli.name"), *names), lines))


def table_export(book: Books, file: Files, table: Which = "champion") -> Answer:
    """A version as a file."""
    from tunebook.tables.write import write_table
    from tunebook.verbs.book import open_book

    found = named_table(open_book(book), table)
    path = write_table(found, file)
    done = say("cli.table.exported", version=f"v{found.version}", path=path)
    data = {"version": f"v{found.version}", "path": str(path)}
    return Answer(
        data,
        lambda screen: screen.print(f"✓ {done}", style="green", soft_wrap=True),
        (command("table", "import", book, path),),
    )


__all__ = ["table_diff", "table_export", "table_import", "table_list", "table_set", "table_show"]

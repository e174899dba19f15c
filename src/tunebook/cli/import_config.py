"""tunebook import-config: the configuration of another tool as a table, with a note for each of its keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, prose, warn
from tunebook.cli.layout import wrap
from tunebook.cli.options import argument, option
from tunebook.core.errors import TunebookError
from tunebook.core.messages import columns_of, say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import ParamTable
    from tunebook.tables.foreign import Imported, Note
    from tunebook.verbs.steps.book import Book

_LONGEST = 40
Configs = Annotated[Path, argument("config_file", "FILE")]


@dataclass(frozen=True)
class Target:
    """Where the table goes, and whose file it is."""

    book: Annotated[Path | None, option("config_book", "--book", metavar="BOOK")] = None
    out: Annotated[Path | None, option("config_out", "--out", metavar="FILE")] = None
    tool: Annotated[str | None, option("config_from", "--from", metavar="TOOL")] = None
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = ""


def import_config(file: Configs, target: Target) -> Answer:
    """Another tool's configuration as a table file, or as a child version of a book's table."""
    from tunebook.tables.foreign import read_foreign
    from tunebook.verbs.steps.book import open_book

    imported = read_foreign(file, target.tool)
    data: dict[str, Any] = {"tool": imported.tool.name, "job": _job(imported)}
    done: list[str] = []
    warnings: list[str] = []
    task = ""
    following: tuple[str, ...] = ()
    if target.book is not None:
        book = open_book(target.book)
        parent = book.champion
        added = _add(book, parent, imported, target.owner)
        version = f"v{added.version}"
        task = book.data.task
        warnings = _warnings(book, imported, parent, added)
        data |= {"table": version, "parent": f"v{added.parent}"}
        done.append(say("cli.table.added", version=version))
        following = (
            command("table", "diff", book.path, f"v{added.parent}", version),
            command("check", book.path, "--table", version),
        )
    if target.book is None or target.out is not None:
        path = _write(imported, target.out or Path(f"{file.stem}.table.yaml"), target.owner)
        data["path"] = str(path)
        done.append(say("importing.written", path=path))
        following = following or (command("table", "import", "BOOK", path),)
    data |= {"warnings": warnings, "refused": [note.key for note in imported.refused]}
    data["notes"] = [note.model_dump() for note in imported.notes]

    def tell(screen: Console) -> None:
        _tell_job(screen, imported, task)
        _tell(screen, imported)
        warn(screen, warnings)
        for text in done:
            screen.print(f"✓ {text}", style="green", soft_wrap=True)

    return Answer(data, tell, following)


def _job(imported: Imported) -> dict[str, Any] | None:
    job = imported.job
    return {"kind": job.kind, "key": job.key, "value": job.value} if job else None


def _warnings(book: Book, imported: Imported, parent: ParamTable, added: ParamTable) -> list[str]:
    """What else an import does to a book's table: another base model, techniques that go, rows that train nothing."""
    from tunebook.tables.in_force import idle

    before, after = parent.values(), added.values()
    found = []
    if after["base_model"] != before["base_model"]:
        old = before["base_model"]
        back = command("table", "set", book.path, "--table", f"v{added.version}", f"base_model={old}")
        found.append(say("importing.base_model", before=old, after=after["base_model"], command=back))
    if gone := imported.switched_off(parent):
        found.append(say("importing.switched_off", techniques=", ".join(gone), method=imported.method))
    if apart := imported.of_other_tasks(parent):
        found.append(say("importing.left_out", rows=", ".join(apart)))
    return found + [item["message"] for item in idle(after, imported.values)]


def _add(book: Book, parent: ParamTable, imported: Imported, owner: str) -> ParamTable:
    table = imported.table(parent, owner=owner)
    if table.values() == parent.values():
        raise TunebookError("cli.no_change", key=f"v{parent.version}")
    return book.tables.add(table)


def _write(imported: Imported, path: Path, owner: str) -> Path:
    from tunebook.tables.files import write_table

    return write_table(imported.table(owner=owner), path)


def _tell(screen: Console, imported: Imported) -> None:
    """What was taken or could have been, key by key; then the rest, by why it does not apply, and all refusals
    together."""
    count = len(imported.notes)
    screen.print(say("importing.read", tool=imported.tool.title, file=imported.file, count=count), style="bold")
    screen.print()
    widest = max(columns_of(say(f"imported.{note.action}")) for note in imported.notes)
    rest: dict[str, list[str]] = {}
    for note in imported.notes:
        if note.action == "not_applicable":
            rest.setdefault(note.why, []).append(note.key)
        else:
            _tell_note(screen, note, widest)
    if rest:
        screen.print()
        screen.print(say("imported.not_applicable"), style="bold")
    for why, keys in rest.items():
        prose(screen, why, "dim", first=2)
        prose(screen, ", ".join(keys), first=4)
    screen.print()
    if imported.refused:
        named = ", ".join(note.key for note in imported.refused)
        screen.print(f"✗ {say('importing.refused', count=len(imported.refused), keys=named)}", style="bold red")


def _tell_job(screen: Console, imported: Imported, task: str) -> None:
    """What the file is for, and what says so, where the book does not do the same; without a book, which ones would."""
    job = imported.job
    if job is None or task in job.tasks:
        return
    said = say("importing.said", key=job.key, value=_cut(job.value)) if job.key else ""
    told = {"file": imported.file, "job": say(f"importing.job.{job.kind}"), "said": said}
    if not job.tasks:
        warn(screen, [say("importing.no_job", **told)])
    elif task:
        warn(screen, [say("importing.other_job", **told, task=task)])
    else:
        prose(screen, say("importing.for_task", **told, tasks=", ".join(job.tasks)))


def _tell_note(screen: Console, note: Note, widest: int) -> None:
    """A key with its value, the row that it means, and why, where that does not go without saying."""
    action = say(f"imported.{note.action}")
    row = f" → {note.row}" if note.row else ""
    screen.print(f"{action}{' ' * (widest - columns_of(action))}  {note.key} = {_cut(note.value)}{row}", soft_wrap=True)
    if note.action not in ("taken", "renamed"):
        for line in wrap(note.why, screen.width - widest - 4):
            screen.print(f"{' ' * (widest + 4)}{line}", style="dim", soft_wrap=True)


def _cut(value: Any) -> str:
    from tunebook.core.formatting import shown

    text = shown(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


__all__ = ["Target", "import_config"]

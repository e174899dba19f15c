"""The versions of a book's table: files that never change. The log beside them says which one is the champion."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tunebook.core.errors import BookError, TableError, TunebookError
from tunebook.core.files import content_id
from tunebook.core.localized import STORED
from tunebook.core.nouns import ParamTable
from tunebook.knowledge.log import LOG_FILE, Change, ChangeLog, Entry
from tunebook.tables.files import publish, writable
from tunebook.tables.in_force import diff, settings_of

_NAME = re.compile(r"fine_tune_params_v([1-9]\d*)\.json")
_WAIT = 30.0


class TableStore:
    """The folder `tables` of a book.

    Version files hold the hash of their content; one that was edited by hand is refused. Writers of several processes
    take turns by a lock. Every version and every champion is an entry of the log beside the folder; an entry that a
    kill or an older Tunebook has left out is added by the next writer.

    Args:
        folder: made when the first table is added.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    @property
    def log(self) -> ChangeLog:
        """The change log of the book."""
        return ChangeLog(self.folder.parent / LOG_FILE)

    def versions(self) -> list[int]:
        """Numbers of the versions that there are, smallest first."""
        names = (item.name for item in self.folder.iterdir()) if self.folder.is_dir() else ()
        return sorted(int(match[1]) for match in map(_NAME.fullmatch, names) if match)

    def path(self, version: int) -> Path:
        """Where a version's file is, whether it exists or not."""
        return self.folder / f"fine_tune_params_v{version}.json"

    def add(self, table: ParamTable) -> ParamTable:
        """Store a table as the next version, log it, and return it with its number and time.

        Raises:
            TableError: a setting is wrong, or the parent does not exist.
            BookError: `table.locked` where another process keeps the lock.
            MachineError: `table.unwritable`, `log.unwritable`; nothing is left half-written.
        """
        settings_of(table)
        with self._locked():
            self._catch_up()
            if table.parent is not None:
                self.get(table.parent)
            number = max(self.made(), default=0) + 1
            created = datetime.now(UTC).isoformat(timespec="seconds")
            added = table.model_copy(update={"version": number, "created": created})
            content = added.model_dump(mode="json", context=STORED)
            text = json.dumps({"content": content_id(content), **content}, indent=2, ensure_ascii=False)
            path = publish(self.path(number), f"{text}\n".encode())
            path.chmod(0o444)
            try:
                self._note(added)
            except TunebookError:
                path.unlink()
                raise
        return added

    def get(self, which: int | str) -> ParamTable:
        """A version by its number (2, "2", "v2") or as "champion" or "latest".

        Raises:
            TableError: `table.no_version` with those that exist, `table.no_champion`, `table.lost`.
            BookError: `table.damaged` for a file that was changed by hand.
        """
        number = self.number(which)
        try:
            content = json.loads(self.path(number).read_text(encoding="utf-8"))
            found = content.pop("content")
            table = ParamTable.model_validate(content)
        except OSError as error:
            raise TableError("table.missing", key=str(self.path(number)), reason=error.strerror) from error
        except (ValueError, KeyError, AttributeError, TypeError) as error:  # ValidationError is a ValueError
            raise self._damaged(number) from error
        if found != content_id(content) or table.version != number or (table.parent or 0) >= number:
            raise self._damaged(number)
        return table

    def number(self, which: int | str) -> int:
        """The number of a version that exists, from any of its names.

        Raises:
            TableError: `table.no_version`, `table.no_champion`; `table.lost`, it was made, but its file is gone.
            BookError: `log.damaged`, also where the champion is asked for and the log has lost its entries.
        """
        versions = self.versions()
        name = str(which).strip().lower()
        if name == "champion":
            if self.champion is None:
                raise self._uncrowned()
            name = str(self.champion)
        elif name == "latest" and versions:
            return versions[-1]
        digits = name.removeprefix("v")
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
        if number in versions:
            return number
        allowed = ", ".join(f"v{known}" for known in versions)
        if number in self.made():
            raise TableError("table.lost", key=str(self.path(number)), value=f"v{number}", allowed=allowed)
        raise TableError("table.no_version", key=str(which), allowed=allowed, folder=str(self.folder))

    def _uncrowned(self) -> TunebookError:
        """Why there is no champion: a log that was emptied has lost it, which its head still knows."""
        found = self.log.verify()
        if found.entries or found.ok:
            return TableError("table.no_champion", key=str(self.folder))
        return BookError("log.damaged", key=str(self.log.path), reason=f"0 < {len(found.broken)}")

    def made(self) -> set[int]:
        """Numbers of all versions that were ever made, whether their files are there or not.

        Raises:
            BookError: the log is damaged or was changed by hand.
        """
        return {*self.versions(), *self.log.versions(), *filter(None, [self.champion])}

    @property
    def champion(self) -> int | None:
        """Number of the champion; None before there is one.

        Raises:
            BookError: the log is damaged or was changed by hand.
        """
        found = self.log.champion
        return self._pointed() if found is None else found

    def set_champion(self, change: Change, expected: int | None) -> Entry:
        """Make the version `change.table` the champion, if the present one is the expected one.

        Args:
            expected: what the caller believes to be the champion, None for none.

        Raises:
            BookError: `log.moved` where it is another: somebody else was faster. `table.locked`, `log.locked`.
            TableError: `table.no_version`. MachineError: `log.unwritable`; nothing was changed.
        """
        with self._locked():
            self._catch_up()
            number = self.get(str(change.table)).version
            return self.log.crown(change.model_copy(update={"table": number}), expected)

    def _note(self, table: ParamTable, **more: bool) -> None:
        """Log a version that was made."""
        evidence = {"parent": table.parent, "values": table.values_id, "changed": self._changed(table), **more}
        self.log.append("table", actor=table.owner, reason=table.note, table=table.version, evidence=evidence)

    def _changed(self, table: ParamTable) -> list[dict[str, Any]]:
        """Rows in which a version differs from its parent; none where the parent can no longer be read."""
        try:
            return [] if table.parent is None else diff(self.get(table.parent), table)
        except (TableError, BookError):
            return []

    def _catch_up(self) -> None:
        """Log what is not logged yet: by a process that was killed, or by Tunebook before it had a log."""
        log = self.log
        for number in sorted(set(self.versions()) - log.versions()):
            try:
                table = self.get(number)
            except (TableError, BookError):  # a damaged file is told when it is asked for
                continue
            self._note(table, recovered=True)
        pointed = self._pointed()
        if pointed is not None:
            if log.champion is None:
                log.crown(Change(action="init", table=pointed, evidence={"recovered": True}), None)
            self._pointer.unlink(missing_ok=True)

    def _pointed(self) -> int | None:
        """The champion by the pointer file that books had before they had a log.

        Raises:
            BookError: `table.pointer` where the file is damaged.
        """
        path = self._pointer
        if not path.exists():
            return None
        try:
            version = json.loads(path.read_text(encoding="utf-8"))["version"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BookError("table.pointer", key=str(path)) from error
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise BookError("table.pointer", key=str(path))
        return version

    @property
    def _pointer(self) -> Path:
        return self.folder / "champion.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self.folder / ".lock", timeout=_WAIT)
        with writable(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire()
            except Timeout as error:
                raise BookError("table.locked", key=str(self.folder), seconds=int(_WAIT)) from error
        try:
            yield
        finally:
            lock.release()

    def _damaged(self, number: int) -> BookError:
        return BookError("table.damaged", key=str(self.path(number)))


__all__ = ["TableStore"]

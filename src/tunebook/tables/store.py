"""The versions of a book's table: files that never change, and a pointer to the champion."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tunebook.core.errors import BookError, TableError
from tunebook.core.hashing import content_id
from tunebook.core.nouns import ParamTable
from tunebook.tables.publish import publish, replace, writable
from tunebook.tables.split import settings_of

_NAME = re.compile(r"fine_tune_params_v([1-9]\d*)\.json")
_WAIT = 30.0


class TableStore:
    """The folder `tables` of a book.

    Version files hold the hash of their content; one that was edited by hand is refused. Writers of several processes
    take turns by a lock.

    Args:
        folder: made when the first table is added.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def versions(self) -> list[int]:
        """Numbers of the versions that there are, smallest first."""
        names = (item.name for item in self.folder.iterdir()) if self.folder.is_dir() else ()
        return sorted(int(match[1]) for match in map(_NAME.fullmatch, names) if match)

    def path(self, version: int) -> Path:
        """Where a version's file is, whether it exists or not."""
        return self.folder / f"fine_tune_params_v{version}.json"

    def add(self, table: ParamTable) -> ParamTable:
        """Store a table as the next version and return it with its number and time.

        Raises:
            TableError: a setting is wrong, or the parent does not exist.
            BookError: `table.locked` where another process keeps the lock.
            MachineError: `table.unwritable`; nothing is left half-written.
        """
        settings_of(table)
        with self._locked():
            if table.parent is not None:
                self.get(table.parent)
            number = max([*self.versions(), self.champion or 0]) + 1
            created = datetime.now(UTC).isoformat(timespec="seconds")
            added = table.model_copy(update={"version": number, "created": created})
            content = added.model_dump(mode="json")
            text = json.dumps({"content": content_id(content), **content}, indent=2, ensure_ascii=False)
            publish(self.path(number), f"{text}\n".encode()).chmod(0o444)
        return added

    def get(self, which: int | str) -> ParamTable:
        """A version by its number (2, "2", "v2") or as "champion" or "latest".

        Raises:
            TableError: `table.no_version` with those that exist, `table.no_champion`.
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
            TableError: `table.no_version`, `table.no_champion`.
        """
        versions = self.versions()
        name = str(which).strip().lower()
        if name == "champion":
            if self.champion is None:
                raise TableError("table.no_champion", key=str(self.folder))
            name = str(self.champion)
        elif name == "latest" and versions:
            return versions[-1]
        digits = name.removeprefix("v")
        if not (digits.isascii() and digits.isdigit() and int(digits[:9]) in versions):
            allowed = ", ".join(f"v{number}" for number in versions)
            raise TableError("table.no_version", key=str(which), allowed=allowed, folder=str(self.folder))
        return int(digits)

    def lineage(self, which: int | str) -> list[ParamTable]:
        """A version, its parent, and so on up to the first.

        Raises:
            TableError: `table.no_version` where a parent's file is missing.
            BookError: `table.damaged`, also for a version that names itself or a later one as its parent.
        """
        line = [self.get(which)]
        while (parent := line[-1].parent) is not None:
            line.append(self.get(parent))
        return line

    @property
    def champion(self) -> int | None:
        """Number of the champion; None before there is one.

        Raises:
            BookError: `table.pointer` where the pointer's file is damaged.
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

    def set_champion(self, new: int | str, expected: int | None) -> int:
        """Point to another champion, if the present one is the expected one; returns its number.

        Args:
            expected: what the caller believes to be the champion, None for none.

        Raises:
            BookError: `table.champion_moved` where it is another: somebody else was faster. `table.locked`.
            TableError: `table.no_version`.
        """
        with self._locked():
            found = self.champion
            if found != expected:
                raise BookError("table.champion_moved", key=str(self._pointer), found=_v(found), expected=_v(expected))
            number = self.get(new).version
            pointer: dict[str, Any] = {"version": number, "since": datetime.now(UTC).isoformat(timespec="seconds")}
            replace(self._pointer, f"{json.dumps(pointer, indent=2)}\n".encode())
        return number

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


def _v(number: int | None) -> str:
    return "none" if number is None else f"v{number}"


__all__ = ["TableStore"]

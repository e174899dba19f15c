"""Ratings of a study in one SQLite file: only appended to, on the disk before they are acknowledged, chained by hashes.

A rating that is given again is no second one, a rating that is changed stands beside the old one, and the last counts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from tunebook.core.errors import BookError, MachineError
from tunebook.core.files import stamp
from tunebook.core.nouns import Record
from tunebook.knowledge.chain import Check, Head, Row, check, digest, read_head, tail, write_head
from tunebook.knowledge.database import database, keep_private

STORE = "ratings.sqlite"
Role = Literal["rater", "arbiter"]
_COLUMNS = "number, time, rater, role, item, question, value, side, source, token, previous, hash"
_REFUSE = "BEGIN SELECT RAISE(ABORT, 'ratings are only appended to'); END"
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS ratings (number INTEGER PRIMARY KEY, time TEXT NOT NULL, rater TEXT NOT NULL, "
    "role TEXT NOT NULL, item TEXT NOT NULL, question TEXT NOT NULL, value TEXT NOT NULL, side INTEGER NOT NULL, "
    "source TEXT NOT NULL, token TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS once ON ratings (token, rater, role, item, question) WHERE token != ''",
    "CREATE INDEX IF NOT EXISTS place ON ratings (rater, role, item, question)",
    f"CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON ratings {_REFUSE}",
    f"CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON ratings {_REFUSE}",
    "CREATE TRIGGER IF NOT EXISTS no_insert_between BEFORE INSERT ON ratings "
    f"WHEN NEW.number <= (SELECT max(number) FROM ratings) {_REFUSE}",
)


class Given(Record):
    """What somebody said of an item.

    Attributes:
        value: as it was pressed, `1` left, `2` right, `0` neither, or points; empty: it was taken back.
        left: which of the item's answers stood on the left.
        source: `terminal`, `page`, `api`, or the name of a file.
    """

    rater: str
    role: Role = "rater"
    item: str
    question: str
    value: str
    left: int = 0
    source: str = ""

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What there is one rating of: who, in which role, of which item, by which question."""
        return self.rater, self.role, self.item, self.question


class Rating(Given):
    """A rating that is kept; `before` are the values that it has replaced, oldest first."""

    number: int
    time: str
    before: list[str] = Field(default_factory=list)


class Kept(Record):
    """What became of ratings: `fresh` are new, `changed` replace others, `same` were there already."""

    fresh: int = 0
    changed: int = 0
    same: int = 0


class RatingStore:
    """The ratings of a study.

    Args:
        folder: of the study; the file is made at the first rating, for its user alone.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / STORE

    @property
    def head_path(self) -> Path:
        """Where number and hash of the last rating are kept."""
        return self.path.with_suffix(".head")

    def give(self, ratings: Sequence[Given], token: str = "") -> Kept:
        """Keep ratings, all or none: when this returns, neither a kill nor a loss of power takes them away.

        Args:
            token: of a form or file; what came with it before is not written again, whatever was said since.

        Raises:
            BookError: `rate.damaged`, `log.locked`. MachineError: `rate.unwritable`: nothing of them was kept.
        """
        if not ratings:
            return Kept()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            keep_private(self.path)
            with database(self.path, damaged="rate.damaged", write=True) as db:
                db.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA:
                    db.execute(statement)
                kept = self._append(db, ratings, token)
                db.execute("COMMIT")
                self._note_head(db)
        except MachineError as error:
            raise MachineError("rate.unwritable", key=str(self.path), reason=error.fields["reason"]) from error
        except OSError as error:
            raise MachineError("rate.unwritable", key=str(self.path), reason=error.strerror or str(error)) from error
        return kept

    def _append(self, db: sqlite3.Connection, ratings: Sequence[Given], token: str) -> Kept:
        head = read_head(self.head_path)
        last = db.execute("SELECT max(number) FROM ratings").fetchone()[0] or 0
        wanted = (last, head.count if head else 0)
        hashes = dict(db.execute("SELECT number, hash FROM ratings WHERE number IN (?, ?)", wanted).fetchall())
        number, previous = tail(hashes, head if head or last else Head())
        counts, now = {"fresh": 0, "changed": 0, "same": 0}, datetime.now(UTC).isoformat(timespec="milliseconds")
        for rating in ratings:
            fate = _fate(db, rating, token)
            counts[fate] += 1
            if fate == "same":
                continue
            number += 1
            content: Row = (
                number, now, rating.rater, rating.role, rating.item, rating.question, rating.value, rating.left,
                rating.source, token, previous,
            )  # fmt: skip
            previous = digest(content)
            db.execute(f"INSERT INTO ratings ({_COLUMNS}) VALUES ({', '.join('?' * 12)})", (*content, previous))
        return Kept(**counts)

    def _note_head(self, db: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error, OSError):  # the ratings are safe; a head that lags behind does no harm
            db.execute("BEGIN IMMEDIATE")
            last = db.execute("SELECT number, hash FROM ratings ORDER BY number DESC LIMIT 1").fetchone()
            write_head(self.head_path, Head(count=last[0], hash=last[1]))

    def current(self) -> list[Rating]:
        """What counts: the last of each, in the order in which it was first said; what was taken back is left out.

        Raises:
            BookError: `rate.damaged`, `log.locked`.
        """
        return list(_current(self.path, (*stamp(self.path), *stamp(self.head_path))))

    def said_by(self, rater: str) -> dict[tuple[str, str], str]:
        """Item and question -> value, of what counts of one rater: as `current`, and quicker. Raises as `current`."""
        found = {(row[0], row[1]): row[2] for row in self._rows("item, question, value", rater)}
        return {place: value for place, value in found.items() if value}

    def history(self) -> list[Rating]:
        """Everything that was ever said, oldest first. Raises as `current`."""
        return list(map(_rating, self._rows()))

    def verify(self) -> Check:
        """Look for ratings that were edited, removed, inserted or put into another order. Raises as `current`."""
        head = read_head(self.head_path)  # first, as in the change log
        return check(self._rows(), head)

    def _rows(self, columns: str = _COLUMNS, rater: str | None = None) -> list[Row]:
        """All rows, or those that one gave as a rater."""
        if not self.path.exists() or not self.path.stat().st_size:
            if (head := read_head(self.head_path)) is not None and head.count:
                raise BookError("rate.damaged", key=str(self.path), reason=f"0 < {head.count}")
            return []
        with database(self.path, damaged="rate.damaged") as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'ratings'").fetchone():
                return []  # what a process leaves that was killed before its first rating
            where, given = ("", ()) if rater is None else ("WHERE rater = ? AND role = 'rater'", (rater,))
            return db.execute(f"SELECT {columns} FROM ratings {where} ORDER BY number", given).fetchall()


def _fate(db: sqlite3.Connection, rating: Given, token: str) -> str:
    """What a rating will be: fresh, a change, or the same as what is there."""
    where = "FROM ratings WHERE rater = ? AND role = ? AND item = ? AND question = ?"
    if token and db.execute(f"SELECT 1 {where} AND token = ?", (*rating.place, token)).fetchone():
        return "same"
    last = db.execute(f"SELECT value, side {where} ORDER BY number DESC LIMIT 1", rating.place).fetchone()
    if last is None or not last[0]:
        return "fresh" if rating.value else "same"
    return "same" if last == (rating.value, rating.left) else "changed"


def _rating(row: Row) -> Rating:
    names = ("number", "time", "rater", "role", "item", "question", "value", "left", "source")
    try:
        return Rating.model_validate(dict(zip(names, row[:9], strict=True)))
    except ValueError as error:  # somebody has written into the file
        raise BookError("rate.damaged", key=f"{STORE}: {row[0]}", reason=str(error).splitlines()[0]) from error


@lru_cache(maxsize=4)
def _current(path: Path, stamped: tuple[int, ...]) -> list[Rating]:
    """What counts of a file, worked out once as long as the file is the same."""
    found: dict[tuple[str, str, str, str], Rating] = {}
    for rating in RatingStore(path.parent).history():
        if (known := found.get(rating.place)) is not None:
            rating = rating.model_copy(update={"before": [*known.before, known.value]})
        found[rating.place] = rating
    return [rating for rating in found.values() if rating.value]


def of_raters(ratings: Iterable[Rating], role: Role = "rater") -> list[Rating]:
    """Those that were given in a role."""
    return [rating for rating in ratings if rating.role == role]


__all__ = ["STORE", "Given", "Kept", "Rating", "RatingStore", "Role", "of_raters"]

"""The index over all books of a user: lessons in one SQLite file, to be searched by circumstances and in words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tunebook.core.errors import MachineError
from tunebook.core.files import user_data
from tunebook.core.localized import STORED
from tunebook.core.nouns import Record
from tunebook.knowledge.database import database, keep_private
from tunebook.knowledge.lesson import Lesson, told_last

INDEX_FILE = "knowledge.sqlite"
_LEAST_SHARE = 0.5  # of the pieces of a question that a lesson has to hold
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS lessons (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, action TEXT, date TEXT, "
    "book TEXT, task TEXT, language TEXT, rows INTEGER, model TEXT, techniques TEXT, changed TEXT, text TEXT, "
    "lesson TEXT NOT NULL)",
)
_WORDS = "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, tokenize = 'trigram')"
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PIECE = re.compile(rf"[{_HAN}]+|[^\s{_HAN}，。、；：,;]+")
_HAN_RUN = re.compile(rf"[{_HAN}]+")


class Question(Record):
    """What lessons are looked for; what is left out may be anything.

    Attributes:
        words: in English, in Chinese or both; lessons that hold most of them come first.
        least, most: training rows.
        model: part of its name.
        row: a parameter that was changed, or a technique.
        text: a string that must be there as it stands.
    """

    words: str = ""
    action: str = ""
    task: str = ""
    language: str = ""
    least: int = 0
    most: int | None = None
    model: str = ""
    technique: str = ""
    row: str = ""
    text: str = ""


class Index:
    """Lessons of all books, in a file of the user.

    Args:
        path: made when the first lesson is kept; None takes `knowledge.sqlite` of the user's data folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or user_data() / INDEX_FILE

    def add(self, lessons: Iterable[Lesson]) -> int:
        """Keep lessons and return how many were new. One that is known is left, unless it was known without its book.

        Raises:
            MachineError, BookError: the file cannot be written, is locked, or is no index (`index.damaged`).
        """
        kept = 0
        with self._open() as (db, full_text):
            db.execute("BEGIN IMMEDIATE")
            for lesson in lessons:
                known = db.execute("SELECT number, book FROM lessons WHERE key = ?", (lesson.key,)).fetchone()
                if known is None:
                    self._insert(db, lesson, None, full_text)
                    kept += 1
                elif lesson.book and not known[1]:
                    self._forget(db, known[0], full_text)
                    self._insert(db, lesson, known[0], full_text)
            db.execute("COMMIT")
        return kept

    def known(self) -> set[str]:
        """Keys of the lessons that are known with their book."""
        if not self.path.exists():
            return set()
        with self._open() as (db, _):
            return {row[0] for row in db.execute("SELECT key FROM lessons WHERE book != ''")}

    def find(self, question: Question | None = None) -> list[Lesson]:
        """Lessons that answer a question, best first, newest first among equals; a test once.

        Raises:
            BookError: `index.damaged`, `log.locked`.
        """
        if not self.path.exists():
            return []
        asked = question or Question()
        where, values = _conditions(asked)
        with self._open() as (db, full_text):
            rows = db.execute(f"SELECT number, date, lesson FROM lessons WHERE {where}", values).fetchall()
            wanted = pieces(asked.words)
            held: dict[int, int] = {}
            for piece in wanted:
                for number in _holding(db, piece, full_text):
                    held[number] = held.get(number, 0) + 1
        good = [row for row in rows if not wanted or held.get(row[0], 0) > _LEAST_SHARE * len(wanted)]
        good.sort(key=lambda row: (held.get(row[0], 0), row[1], row[0]))
        return told_last(Lesson.model_validate_json(row[2]) for row in good)[::-1]

    @contextmanager
    def _open(self) -> Iterator[tuple[sqlite3.Connection, bool]]:
        """A connection, and whether this SQLite has the index of words (by three characters)."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MachineError("log.unwritable", key=str(self.path), reason=error.strerror or error) from error
        keep_private(self.path)  # what was learnt of all books of a user
        with database(self.path, damaged="index.damaged", write=True) as db:
            for statement in _SCHEMA:
                db.execute(statement)
            yield db, _has_words(db)

    def _insert(self, db: sqlite3.Connection, lesson: Lesson, number: int | None, full_text: bool) -> None:
        row = (
            number, lesson.key, lesson.action, lesson.date, lesson.book, lesson.task, lesson.language, lesson.rows,
            lesson.model, _list(lesson.techniques), _list(_names(lesson)), lesson.text.lower(),
            lesson.model_dump_json(context=STORED),
        )  # fmt: skip
        made = db.execute(f"INSERT INTO lessons VALUES ({', '.join('?' * len(row))})", row).lastrowid
        if full_text:
            db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (made, lesson.text.lower()))

    def _forget(self, db: sqlite3.Connection, number: int, full_text: bool) -> None:
        db.execute("DELETE FROM lessons WHERE number = ?", (number,))
        if full_text:
            db.execute("DELETE FROM words WHERE rowid = ?", (number,))


def _has_words(db: sqlite3.Connection) -> bool:
    try:
        db.execute(_WORDS)
    except sqlite3.OperationalError:  # built without FTS5, or before it knew trigrams
        return False
    return True


def _holding(db: sqlite3.Connection, piece: str, full_text: bool) -> list[int]:
    """Numbers of the lessons whose text holds a piece of a question."""
    if full_text and len(piece) >= 3:
        quoted = '"' + piece.replace('"', '""') + '"'
        return [row[0] for row in db.execute("SELECT rowid FROM words WHERE text MATCH ?", (quoted,))]
    return [row[0] for row in db.execute("SELECT number FROM lessons WHERE instr(text, ?)", (piece,))]


def _conditions(asked: Question) -> tuple[str, list[Any]]:
    """The part of a question that is no matter of words, as SQL."""
    parts: list[tuple[str, Any]] = [
        ("action = ?", asked.action),
        ("task = ?", asked.task),
        ("language = ?", asked.language),
        ("rows >= ?", asked.least),
        ("instr(lower(model), ?)", asked.model.lower()),
        ("instr(techniques, ?)", _list([asked.technique]) if asked.technique else ""),
        ("instr(changed, ?)", _list([asked.row]) if asked.row else ""),
        ("instr(text, ?)", asked.text.lower()),
    ]
    chosen = [part for part in parts if part[1]]
    if asked.most is not None:
        chosen.append(("rows <= ?", asked.most))
    return " AND ".join(["1", *(sql for sql, _ in chosen)]), [value for _, value in chosen]


def _names(lesson: Lesson) -> list[str]:
    """Names of the rows that were changed, and of the techniques that they belong to."""
    rows = [str(item["row"]) for item in lesson.changed]
    return list(dict.fromkeys([*rows, *(row.partition(".")[0] for row in rows)]))


def _list(names: Iterable[str]) -> str:
    return "|" + "|".join(names) + "|"


def pieces(question: str) -> list[str]:
    """What a text must hold to answer a question; of a long Chinese word any two neighbouring characters.

    `small 中文分类` gives `small`, `中文`, `文分`, `分类`.
    """
    found: list[str] = []
    for word in _PIECE.findall(question.lower()):
        if _HAN_RUN.fullmatch(word) and len(word) > 2:
            found += [word[start : start + 2] for start in range(len(word) - 1)]
        else:
            found.append(word)
    return list(dict.fromkeys(found))


__all__ = ["INDEX_FILE", "Index", "Question", "pieces"]

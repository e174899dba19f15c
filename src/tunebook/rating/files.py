"""Ratings in files, for raters elsewhere: a row for each item and question, in the order of its rater."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from tunebook.core.errors import DataError, TunebookError, machine_error
from tunebook.core.files import content_id, delimiter_of, text_lines, write_whole
from tunebook.core.nouns import Record
from tunebook.rating.draw import Shown, check_rater
from tunebook.rating.session import Session, checked
from tunebook.rating.store import Given, Kept
from tunebook.rating.study import PAIRS

COLUMNS = (
    "study",
    "rater",
    "item",
    "question",
    "asked",
    "text",
    "second",
    "left",
    "right",
    "allowed",
    "means",
    "value",
    "check",
)
_NEEDED = ("study", "rater", "item", "question", "value")
_LINES = (".jsonl", ".ndjson")
_CELL = 30_000  # characters; spreadsheets cut a little above
_SHOWN = 60
_RISKY = "=+-@\t\r"  # with which a spreadsheet begins a formula


class Refused(Record):
    """A row of a file that was not taken: its number (1 the first below the heading), the code of the reason, and the
    reason in words."""

    row: int
    code: str
    reason: str


class Imported(Record):
    """What became of the rows of a file.

    Attributes:
        rows: in all; empty: without a value, still to be rated; twice: said once more in the same words.
        kept: of the others; refused: those that were not taken.
    """

    file: str
    rows: int
    empty: int = 0
    twice: int = 0
    kept: Kept = Kept()
    refused: list[Refused] = Field(default_factory=list)


def export_rows(session: Session, rater: str = "") -> list[dict[str, str]]:
    """What a rater, or each rater of the study, is to judge; what was said already is in `value`.

    Raises:
        DataError: `rate.who`, nobody is named, and the study names nobody.
    """
    names = [check_rater(session.study, rater)] if rater or not session.study.raters else session.study.raters
    found = []
    for name in names:
        said = session.store.said_by(name)
        for key, shown in session.assigned(name).items():
            found += [_row(session, name, shown, asked, said.get((key, asked), "")) for asked in session.study.keys]
    return found


def _row(session: Session, rater: str, shown: Shown, key: str, value: str) -> dict[str, str]:
    study, item, answers = session.study, shown.item, shown.answers
    question = study.question(key)
    return {
        "study": session.name, "rater": rater, "item": item.key, "question": key, "asked": question.text,
        "text": item.text, "second": item.pair or "", "left": answers[0],
        "right": answers[1] if item.kind == PAIRS else "", "allowed": " ".join(study.values(item, question)),
        "means": study.meant(item, question), "value": value, "check": shown.check,
    }  # fmt: skip


def write_rows(rows: Iterable[Mapping[str, str]], path: Path) -> Path:
    """Write rows as CSV, or as JSONL where the file is called so.

    In a CSV file a cell with which a spreadsheet would begin a formula has an apostrophe in front.

    Raises:
        MachineError: the file cannot be written.
    """
    if path.suffix.lower() in _LINES:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _plain(cell) for name, cell in row.items()} for row in rows)
        text = "\ufeff" + out.getvalue()
    try:
        return write_whole(path, text)
    except OSError as error:
        raise machine_error(error, path) or DataError("data.missing", key=str(path)) from error


def _plain(cell: str) -> str:
    return f"'{cell}" if cell[:1] in _RISKY and cell else cell


def _as_was(cell: str) -> str:
    """What `_plain` was given."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _RISKY and cell[1:] else cell


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a CSV, TSV or JSONL file.

    Raises:
        DataError: `rate.file`, it cannot be read; `rate.file_columns`, it lacks one. MachineError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() in _LINES:
            rows = [json.loads(line) for line in text_lines(text) if line.strip()]
            if not all(isinstance(row, dict) for row in rows):
                raise ValueError("JSONL: { ... }")
            names = {name for row in rows for name in row}
        else:
            csv.field_size_limit(sys.maxsize)  # a text may be as long as it likes
            delimiter = delimiter_of(text.partition("\n")[0])
            reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            rows, names = list(reader), set(reader.fieldnames or ())
    except (OSError, ValueError, csv.Error) as error:
        known = machine_error(error, path) if isinstance(error, OSError) else None
        reason = getattr(error, "strerror", None) or str(error)
        raise known or DataError("rate.file", key=str(path), reason=reason) from error
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise DataError("rate.file_columns", key=str(path), value=missing[0], allowed=", ".join(COLUMNS))
    return rows


def import_file(session: Session, path: Path, only: str = "") -> Imported:
    """Keep the ratings of a file that `export_rows` began; rows that cannot be taken are told with their reason.

    All good rows are kept at once or none; the same file again changes nothing.

    Args:
        only: of this rater, who was signed in; rows of others are refused as `rate.who`. Empty: of anybody.

    Raises:
        DataError: as `read_rows`; `rate.file_study`, it is of another study. MachineError, BookError.
    """
    rows, study = read_rows(path), session.name
    others = {str(row.get("study") or "").strip() for row in rows} - {study, ""}
    if others and not any(str(row.get("study") or "").strip() == study for row in rows):
        raise DataError("rate.file_study", key=str(path), value=min(others), allowed=study)
    good: dict[tuple[str, str, str, str], tuple[int, Given]] = {}
    refused: dict[int, Refused] = {}
    empty = twice = 0
    for number, row in enumerate(rows, start=1):
        if not _word(row.get("value")):
            empty += 1
            continue
        try:
            given = _given(session, row, path.name)
            if only and given.rater != only:
                raise DataError("rate.who", key="rater", value=given.rater, allowed=only)
            first, known = good.get(given.place, (number, given))
            if known != given:
                refused[first] = _refusal(first, DataError("rate.twice", key=given.item, value=known.value))
                raise DataError("rate.twice", key=given.item, value=given.value)
            twice += first != number
            good[given.place] = (first, given)
        except TunebookError as error:
            refused[number] = _refusal(number, error)
    taken = [given for number, given in good.values() if number not in refused]
    kept = session.store.give(taken, content_id([given.model_dump() for given in taken]))
    told = [refused[number] for number in sorted(refused)]
    return Imported(file=path.name, rows=len(rows), empty=empty, twice=twice, kept=kept, refused=told)


def _word(cell: Any) -> str:
    """A cell as text; 0 is one."""
    return "" if cell is None else str(cell).strip()


def _read(cell: Any) -> str:
    """A text as a spreadsheet gives it back: other spaces and line breaks, and what is long cut off."""
    return " ".join(_word(cell)[:_CELL].removeprefix("'").split())[: _CELL // 2]


def _refusal(row: int, error: TunebookError) -> Refused:
    return Refused(row=row, code=error.code, reason=error.message)


def _given(session: Session, row: Mapping[str, Any], source: str) -> Given:
    """The rating of a row.

    Raises:
        DataError: why it is none.
    """
    words = {name: _as_was(_word(row.get(name))) for name in (*_NEEDED, "check")}
    if words["study"] != session.name:
        raise DataError("rate.file_study", key=source, value=words["study"], allowed=session.name)
    rater = check_rater(session.study, words["rater"])
    shown, question = session.shown(rater, words["item"]), session.study.question(words["question"])
    if words["check"] and words["check"].removeprefix("'") != shown.check:
        raise DataError("rate.file_check", key=shown.item.key, value=words["check"], allowed=shown.check)
    own = _row(session, rater, shown, question.key, "")
    for name in ("text", "left", "right"):
        seen, meant = _read(row.get(name)), _read(own[name])
        if seen and seen != meant:  # sides or rows that have changed places: the value would be said of another answer
            raise DataError("rate.file_check", key=shown.item.key, value=seen[:_SHOWN], allowed=meant[:_SHOWN])
    value = checked(session.study, shown.item, question, words["value"].removeprefix("'"))
    place: dict[str, Any] = {"rater": rater, "item": shown.item.key, "question": question.key}
    return Given(**place, value=value, left=shown.left, source=source)


__all__ = ["COLUMNS", "Imported", "Refused", "export_rows", "import_file", "read_rows", "write_rows"]

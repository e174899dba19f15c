"""What came back of answers, from a file that names the request of each row."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tunebook.core.errors import DataError, machine_error
from tunebook.core.files import text_lines
from tunebook.requests.columns import LABEL
from tunebook.requests.record import PLACES, Feedback
from tunebook.requests.times import moment

_OWN = ("request", "number", "at", "source")


def read_feedback(path: Path, now: float) -> list[Feedback]:
    """The rows of a CSV, TSV or JSONL file: `request`, perhaps `number` (of the text, else 0), `at` and `source`; every
    other column is a name under which something is told, `label` for the true answer. Empty cells tell nothing.

    Args:
        now: when a row was told that does not say it, seconds since 1970.

    Raises:
        DataError: `requests.feedback_column`, `requests.feedback_row`, `requests.feedback_file`. MachineError.
    """
    found = []
    for place, row in _rows(path):
        request = str(row.get("request") or "").strip()
        if not request:
            raise DataError("requests.feedback_row", key=f"{path}:{place}", value=row.get("request"))
        try:
            number = int(row.get("number") or 0)
            at = row.get("at")
            when = now if at in (None, "") else float(at) if isinstance(at, int | float) else moment(str(at), now)
            source = str(row.get("source") or path.name)
            told = {name: _value(name, value) for name, value in row.items() if name not in _OWN and _told(value)}
            if not (0 <= number < PLACES and math.isfinite(when)):
                raise ValueError(number)
        except (ValueError, TypeError, OverflowError, DataError) as error:
            value = {name: str(value)[:80] for name, value in row.items()}
            raise DataError("requests.feedback_row", key=f"{path}:{place}", value=value) from error
        found += [Feedback(request, number, when, name, value, source) for name, value in told.items()]
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows by name of the column, each with its line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("requests.feedback_file", key=str(path), reason="UTF-8") from error
    except OSError as error:
        raise machine_error(error, path) or DataError("data.missing", key=str(path)) from error
    if path.suffix.lower() in (".jsonl", ".json", ".ndjson"):
        yield from _json(path, text)
        return
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    if "request" not in (reader.fieldnames or ()):
        columns = " | ".join(reader.fieldnames or ())
        raise DataError("requests.feedback_column", key=str(path), value="request", allowed=columns)
    for row in reader:
        if None in row:
            raise DataError("requests.feedback_row", key=f"{path}:{reader.line_num}", value=row[None])
        yield reader.line_num, row


def _json(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, line in enumerate(text_lines(text), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError("requests.feedback_row", key=f"{path}:{place}", value=line) from error
            if not isinstance(row, dict):
                raise DataError("requests.feedback_row", key=f"{path}:{place}", value=row)
            yield place, row


def _told(value: Any) -> bool:
    return value is not None and value != ""


def _value(name: str, value: Any) -> str | float:
    """A number where it is one, save of the true answer.

    Raises:
        ValueError, OverflowError: a number that is none, or that no float holds.
    """
    if isinstance(value, bool | int | float):
        return _finite(float(value))
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    try:
        number = float(value)
    except ValueError:
        return value
    return value if name == LABEL else _finite(number)


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number


__all__ = ["read_feedback"]

"""The row ledger: what happened to every row that was not simply kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.messages import say

Action = Literal["dropped", "changed", "truncated"]
Numbers = NDArray[np.int64]

# What stands in a file and is no row of its table.
ASIDE = ("title", "description", "heading_again", "total", "legend")
# What is done to marked places, and to answers, so that they fit their text and each other.
PUT_RIGHT = ("span_overlap", "span_crossed", "span_joined", "span_twice", "span_trimmed", "place_vanished")
ANSWERS_PUT_RIGHT = ("answer_moved", "answer_first", "answer_lost")
# Rows of these reasons are set aside on purpose: they are no sign of a damaged file.
WANTED = frozenset(
    {
        "duplicate",
        "conflict",
        "leaked",
        "rejected",
        "skipped",
        "unlabelled",
        "query_again",
        "question_again",
        "no_positives",
        *ASIDE,
    }
)
_SHOWN = 8


@dataclass(frozen=True)
class Entry:
    """Rows of one file that met the same fate for the same reason.

    Attributes:
        rows: row numbers in the file, as a person counts them (line numbers for text formats).
        details: what is worth knowing of each row, in the same order; empty where the reason says all.
    """

    action: Action
    reason: str
    file: str
    rows: Numbers
    details: Sequence[str] = ()


@final
class Ledger:
    """Collects entries while files are prepared."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.read: dict[str, int] = {}

    def count(self, file: str, rows: int) -> None:
        """Say how many rows a file holds, faulty ones included."""
        self.read[file] = self.read.get(file, 0) + rows

    def note(self, entry: Entry) -> None:
        """Add an entry; one without rows is left out."""
        if len(entry.rows):
            self.entries.append(entry)

    def note_files(self, action: Action, reason: str, files: Sequence[str], where: tuple[Numbers, Numbers]) -> None:
        """Add rows of several files: `where` holds the file number (into `files`) and the row number of each row."""
        numbers, rows = where
        for number, file in enumerate(files):
            self.note(Entry(action, reason, file, rows[numbers == number]))

    def total(self, action: Action, reason: str | None = None) -> int:
        """Number of rows of an action, or of one of its reasons. A row changed by two rules counts under both."""
        return sum(len(e.rows) for e in self.entries if e.action == action and reason in (None, e.reason))

    def counts(self, action: Action) -> dict[str, int]:
        """Reason -> number of rows."""
        found: dict[str, int] = {}
        for entry in self.entries:
            if entry.action == action:
                found[entry.reason] = found.get(entry.reason, 0) + len(entry.rows)
        return found

    def changed_rows(self) -> int:
        """Number of different rows that were changed, whatever by."""
        rows: dict[str, list[Numbers]] = {}
        for entry in self.entries:
            if entry.action == "changed":
                rows.setdefault(entry.file, []).append(entry.rows)
        return sum(len(np.unique(np.concatenate(parts))) for parts in rows.values())

    def summary(self) -> dict[str, Any]:
        """Figures for a report: rows read, kept, dropped, changed and truncated, with the counts of each reason."""
        read, dropped = sum(self.read.values()), self.total("dropped")
        return {
            "read": read,
            "kept": read - dropped,
            "dropped": self.counts("dropped"),
            "changed": self.counts("changed"),
            "changed_rows": self.changed_rows(),
            "truncated": self.total("truncated"),
        }

    def check(self, max_dropped: float) -> None:
        """Stop when too many rows were faulty.

        Raises:
            DataError: `data.dropped`, with each reason, its count and the first row numbers.
        """
        read = sum(self.read.values())
        faulty = self.total("dropped") - sum(self.total("dropped", reason) for reason in WANTED)
        if read and faulty / read > max_dropped:
            raise DataError(
                "data.dropped",
                key="max_dropped",
                value=max_dropped,
                limit=f"{max_dropped * 100:g}%",
                dropped=faulty,
                read=read,
                share=f"{faulty / read:.1%}",
                reasons="".join(f"\n  - {line}" for line in self.reasons()),
            )

    def reasons(self) -> Iterator[str]:
        """One line a reason of faulty rows: words, count and examples of row numbers."""
        counts = self.counts("dropped")
        for reason in sorted(set(counts) - WANTED, key=lambda name: (-counts[name], name)):
            detail = next(
                (item for e in self.entries if e.reason == reason for item in e.details if item.strip("0123456789")), ""
            )
            more = f"; {detail}" if detail else ""
            yield f"{say(f'ledger.{reason}')}: {counts[reason]} ({self.examples(reason)}{more})"

    def examples(self, reason: str) -> str:
        """File and first row numbers of a reason: `reviews.csv: 3, 17, 20 …`."""
        parts: dict[str, list[int]] = {}
        for entry in self.entries:
            if entry.reason == reason:
                parts.setdefault(entry.file, []).extend(int(row) for row in entry.rows[: _SHOWN + 1])
        return "; ".join(f"{file}: {shown(rows)}" for file, rows in parts.items())

    def write(self, path: Path) -> None:
        """Write one JSON object a row that was not plain, after a first line with the summary."""
        with path.open("w", encoding="utf-8") as stream:
            stream.write(json.dumps({"summary": self.summary(), "files": self.read}, ensure_ascii=False) + "\n")
            for entry in self.entries:
                head = {"file": entry.file, "action": entry.action, "reason": entry.reason}
                end = json.dumps(head, ensure_ascii=False)[1:-1]
                for place, row in enumerate(entry.rows.tolist()):
                    detail = (
                        f', "detail": {json.dumps(entry.details[place], ensure_ascii=False)}' if entry.details else ""
                    )
                    stream.write(f'{{"row": {row}, {end}{detail}}}\n')


def shown(rows: Sequence[int], limit: int = _SHOWN) -> str:
    """Row numbers for a message: the first few, with an ellipsis when there are more."""
    return ", ".join(str(row) for row in rows[:limit]) + (" …" if len(rows) > limit else "")


__all__ = ["ANSWERS_PUT_RIGHT", "ASIDE", "PUT_RIGHT", "WANTED", "Action", "Entry", "Ledger", "Numbers", "shown"]

"""Freeze challenge sets: rows by capability as files of the book, to which its gate holds every later test."""

from __future__ import annotations

import json
import math
import re
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from tunebook.challenge.changed import change
from tunebook.challenge.directions import turned_rows
from tunebook.challenge.measure import LEAST
from tunebook.core.answers import Rows
from tunebook.core.errors import BookError, DataError, PlanError
from tunebook.core.files import file_id, write_whole
from tunebook.core.folders import folder_of
from tunebook.core.locations import BOOK_FILE
from tunebook.core.nouns import DataRef, Split, write_json
from tunebook.core.registry import task_of
from tunebook.data.cells import as_text
from tunebook.data.external import external_rows
from tunebook.data.kind import column_kind
from tunebook.data.load import group_codes, group_column
from tunebook.verbs.abtest.classes import holdable
from tunebook.verbs.challenge import Prepared, Ways, prepare_challenge
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.challenge_sets import FILE, ChallengeSet, FrozenRows, set_folder
from tunebook.verbs.steps.retention import units_of
from tunebook.verbs.steps.runs import Run

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
MARGIN = 0.05  # of which a fall is held, where the rows can hold it
_LISTS = re.compile(r"^[ \t]*challenges[ \t]*=[ \t]*\[[^\]]*\]", re.MULTILINE)
_GATES = re.compile(r"^\[gate\].*$", re.MULTILINE)


def freeze_challenges(
    book: Book,
    run: Run,
    name: str,
    *,
    split: Split = "validation",
    margin: float | None = None,
    gate: bool = False,
    **ways: Unpack[Ways],
) -> ChallengeSet:
    """Write the changed rows of each capability, and those of templates and files, into `challenges/NAME` of the book.

    Each file is read back and has to be what was written. What has no right answer (praise and complaint) is left out.

    Args:
        margin: by which a new table may do worse on each; None takes five points, or what so few rows can hold.
        gate: let the book's gate hold every later test to it.
        ways: as `tunebook.verbs.challenge.Ways`.

    Raises:
        PlanError: `challenge.freeze`, a name or a margin that cannot be. BookError: `challenge.frozen`, there is such a
            set; `challenge.gate_by_hand`, it is frozen, and the gate cannot be told; `book.write`. DataError:
            `challenge.unread`, no file of the book can hold such rows; and as `challenge`.
    """
    if not _NAME.fullmatch(name):
        raise PlanError("challenge.freeze", key="--freeze", value=name, allowed="A-Z a-z 0-9 _ -")
    if margin is not None and not 0 < margin < math.inf:
        raise PlanError("challenge.freeze", key="--margin", value=margin, allowed="> 0")
    folder = set_folder(book.path, name)
    found = BookError("challenge.frozen", key=name, value=str(folder))
    if folder.exists():
        raise found
    prepared = prepare_challenge(run, split, ways)
    data = prepared.judge.data
    kept = [(key, rows) for key, rows in _capabilities(prepared) if len(rows) >= LEAST]
    if not kept:
        raise DataError("challenge.nothing_frozen", key=name, value=LEAST)
    folder.parent.mkdir(exist_ok=True)
    with folder_of(folder, used=found, busy=found) as part:
        units = {key: units_of(rows, data).count for key, rows in kept}
        files = [
            _written(rows, key, data, part, margin or _holdable(units[key], book, len(kept))) for key, rows in kept
        ]
        made = ChallengeSet(
            name=name,
            created=time.strftime("%Y-%m-%d"),
            run=run.id,
            split=split,
            content=data.content,
            seed=prepared.seed,
            files=files,
        )
        write_json(made, part / FILE)
    if gate:
        add_to_gate(book, name)
    return made


def _capabilities(prepared: Prepared) -> Iterator[tuple[str, Rows]]:
    """Name -> labelled rows."""
    for how in prepared.chosen:
        changed = change(prepared.rows, prepared.judge.data, how, prepared.seed)
        if how.expects == "kept":
            yield how.key, changed.rows
        elif how.expects == "turned" and prepared.sides is not None:
            yield how.key, turned_rows(changed, prepared.judge.labels, prepared.sides).rows
    yield from ((made.key, rows) for made, rows in prepared.others)


def _holdable(units: int, book: Book, count: int) -> float:
    """The margin of so many rows, or groups of them, where none was asked for."""
    return round(max(MARGIN, holdable(units, book.file.gate.seeds, count)), 4)


def _written(rows: Rows, key: str, data: DataRef, folder: Path, margin: float) -> FrozenRows:
    """Rows as a file with the book's columns, which is read back."""
    stem = re.sub(r"[^\w-]+", "_", key).strip("_") or "rows"
    path = folder / f"{stem}.jsonl"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.jsonl"
    assert rows.targets is not None
    kind, labels, roles = column_kind(data.labels.problem), data.labels, data.roles
    names = ("text", "label") if kind.of_words else (roles.text, str(roles.label))
    groups = rows.other.get(group_column(roles))
    lines = []
    for place, text in enumerate(rows.texts):
        record: dict[str, Any] = {names[0]: text}
        if rows.pairs is not None:
            record[str(roles.text_pair)] = rows.pairs[place]
        if groups is not None:
            record[str(roles.group)] = as_text(groups[place]) or ""
        record[names[1]] = kind.said(rows.targets[place], labels)
        lines.append(json.dumps(record, ensure_ascii=False))
    write_whole(path, "\n".join(lines) + "\n")
    _check(path, rows, data)
    return FrozenRows(capability=key, file=path.name, hash=file_id(path), rows=len(rows), margin=margin)


def _check(path: Path, rows: Rows, data: DataRef) -> None:
    """Refuse a file of which others would be read than were written."""
    back = external_rows(data, path)
    task, labels = task_of(data.task)(), data.labels
    true = [task.true(np.asarray(one.targets), one, labels) for one in (rows, back)]
    parts = [[list(one.texts), list(one.pairs or ()), _groups(one, data)] for one in (rows, back)]
    if parts[0] != parts[1] or true[0] != true[1]:
        raise DataError("challenge.unread", key=path.name, value=data.labels.problem)


def _groups(rows: Rows, data: DataRef) -> list[int]:
    codes = group_codes(rows, data.roles)
    return [] if codes is None else [int(code) for code in codes]


def add_to_gate(book: Book, name: str) -> Book:
    """Write into book.toml that the gate holds tests to a set; the rest of the file stays as it is.

    Raises:
        BookError: `challenge.gate_by_hand`, book.toml is written otherwise than can be added to; it stays as it is.
            `book.write`; and where book.toml cannot be read.
    """
    names = book.file.gate.challenges
    if name in names:
        return book
    path = book.path / BOOK_FILE
    text = path.read_text(encoding="utf-8")
    said = [*names, name]
    meant = tomllib.loads(text)
    meant = {**meant, "gate": {**meant.get("gate", {}), "challenges": said}}
    line = f"challenges = {json.dumps(said, ensure_ascii=False)}"
    found = next((made for made in _with_line(text, line) if _says(made, meant)), None)
    if found is None:
        raise BookError("challenge.gate_by_hand", key=str(path), value=name, line=line)
    try:
        write_whole(path, found)
    except OSError as error:
        raise BookError("book.write", key="book", value=str(book.path), reason=str(error)) from error
    return open_book(book.path)


def _with_line(text: str, line: str) -> Iterator[str]:
    """Texts of book.toml with the line in each place where it may belong: which is the right one shows when read."""
    for found in _LISTS.finditer(text):
        yield text[: found.start()] + line + text[found.end() :]
    for found in _GATES.finditer(text):
        yield f"{text[: found.end()]}\n{line}{text[found.end() :]}"
    yield f"{text.rstrip()}\n\n[gate]\n{line}\n"


def _says(text: str, meant: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == meant
    except tomllib.TOMLDecodeError:
        return False


__all__ = ["MARGIN", "add_to_gate", "freeze_challenges"]

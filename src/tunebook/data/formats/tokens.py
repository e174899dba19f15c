"""Rows with a list of words and a list of tags, one for each word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format
from tunebook.data.kind import column_kind
from tunebook.data.label_cells import read_cell
from tunebook.data.names import plain
from tunebook.data.preview import Objects, Preview
from tunebook.data.tagged_words import Sentence, tagged_export

_WORDS = ("tokens", "words", "sentence", "text")
_TAGS = ("ner_tags", "ner", "tags", "labels", "label", "ner_tag", "tag", "bio_tags", "entities", "word_labels")
_NO_WORD = re.compile(r"\S\s+\S|[\u3400-\u9fff]{6}")
_TAG = re.compile(r"O|[BIESLUMW][-_]\S+|\S+[-_][BIESLUMW]|\d+")
_JOINED = re.compile(r"(?:O|[BIESLUMW][-_][^\s,]+)(?:(?:\s*,\s*|\s+)(?:O|[BIESLUMW][-_][^\s,]+))*")
_JOINT = re.compile(r"\s*,\s*|\s+")
_ALIKE, _MOST = 0.5, 0.9
Rows = Sequence[dict[str, Any]]


class Tokens(Format):
    """Sentences in words, with a tag for each."""

    title: ClassVar[str] = "JSON"
    general: ClassVar[bool] = True

    def fits(self, preview: Preview) -> bool:
        """Lists of words and of tags stand in every row, in most of them as many; and nobody said that whole texts have
        labels."""
        problem = preview.options.problem
        if problem is not None and not column_kind(problem).of_words:
            return False
        if preview.objects and find_words(preview.objects, preview) is not None:
            return True
        grid = preview.grid if preview.grid and not preview.objects else [[]]
        sample = preview.objects or [dict(zip(grid[0], row, strict=False)) for row in grid[1:]]
        found = _with_lists(list(enumerate(sample)))
        return bool(found) and find_words([row for _, row in found], preview) is not None

    def read(self, preview: Preview) -> Export:
        """A row a sentence."""
        if preview.objects:
            rows = preview.rows()
            whole = find_words([row for _, row in rows[:200]], preview) is None
            return tagged_rows(preview, _with_lists(rows) if whole else rows)
        rows, ragged = preview.cells()
        export = tagged_rows(preview, _with_lists(rows))
        return replace(export, faults={**export.faults, "ragged": ragged}) if ragged else export


def tagged_rows(preview: Preview, rows: Objects) -> Export:
    """A row a sentence; the other columns stay, but for lists that are as long."""
    found = find_words([row for _, row in rows[:200]], preview)
    assert found is not None
    words, tags = found
    aside = {words, tags, *(_lists([row for _, row in rows[:200]]) if preview.options.text is None else ())}
    sentences = [
        Sentence(
            number,
            _letters(row.get(words)),
            row.get(tags),
            {name: value for name, value in row.items() if name not in aside},
            row[words] if isinstance(row.get(words), str) else None,
        )
        for number, row in rows
    ]
    return tagged_export(preview, sentences, tags, {})


def _with_lists(rows: Objects) -> Objects:
    """Rows with the lists that their cells write, as pandas writes them, or as tags with commas or blanks between; a
    text stands beside tags as its words, where these are as many. Empty where no column holds a tag for each word."""
    joined = _joined([row for _, row in rows[:200]])
    read = [
        (number, {name: _listed(cell, joined=name in joined) for name, cell in row.items()}) for number, row in rows
    ]
    cells = [row for _, row in read[:200]]
    lists = _lists(cells)
    tags = [name for name in lists if plain(name) in _TAGS and _are_tags(cells, name)]
    if not tags:
        return []
    if len(lists) > 1 and any(plain(name) in _WORDS for name in lists):
        return read
    name = next((name for name in cells[0] if plain(name) in _WORDS and name not in lists), None)
    if name is None or not any("O" in (row.get(tag) or ()) for row in cells for tag in tags):
        return []  # numbers may be of anything
    split = [(number, {**row, name: str(row.get(name) or "").split()}) for number, row in read]
    same = sum(len(row[name]) == len(row.get(tags[0]) or ()) for _, row in split[:200])
    return split if same >= _ALIKE * len(cells) else read  # of letters, where it has no blanks


def _joined(rows: Rows) -> set[str]:
    """Columns whose cells are tags with commas or blanks between, several of them in most rows."""
    found = set()
    for name in rows[0] if rows else ():
        cells = [str(row[name]).strip() for row in rows if row.get(name)]
        several = sum(1 for cell in cells if _JOINT.search(cell))
        if several > _ALIKE * len(cells) and all(map(_JOINED.fullmatch, cells)):
            found.add(name)
    return found


def _listed(cell: Any, *, joined: bool = False) -> Any:
    """The items of a list that a cell writes; other cells as they are."""
    if joined and isinstance(cell, str):
        return _JOINT.split(cell.strip()) if cell.strip() else cell
    found = read_cell(str(cell or "").strip()) if str(cell)[:1] in "[(" else None
    return list(found.parts) if found is not None and found.shape == "list" else cell


def _are_tags(rows: Rows, name: str) -> bool:
    """Whether a column of lists holds tags of words and nothing else."""
    tags = {str(tag) for row in rows if isinstance(row.get(name), list) for tag in row[name]}
    return bool(tags) and all(map(_TAG.fullmatch, tags))


def find_words(rows: Rows, preview: Preview) -> tuple[str, str] | None:
    """The columns of words and of tags; None where there are none.

    A text as a whole has as many tags as letters.

    Raises:
        DataError: `format.questions`, several columns may be the tags.
    """
    lists = _lists(rows)
    told = preview.options.text, preview.options.label
    known = {plain(name): name for name in reversed(rows[0])} if rows else {}
    usual = [known[name] for name in _WORDS if name in known]
    names = [name for name in usual if name in lists or isinstance(rows[0].get(name), str)]
    words = next((name for name in ([told[0]] if told[0] else names) if _are_words(rows, str(name))), None)
    if words is None:
        return None
    if told[1] is not None and any(told[1] in row for row in rows):
        return (words, told[1]) if told[1] in lists and _match(rows, words, told[1]) else None
    found = [name for name in lists if name != words and _match(rows, words, name)]
    best = next((known[name] for name in _TAGS if known.get(name) in found), None)
    if best is None and len(found) > 1:
        raise DataError("format.questions", key=str(preview.path), tool=Tokens.title, allowed=", ".join(found))
    best = best or next(iter(found), None)
    return None if best is None else (words, best)


def _lists(rows: Rows) -> list[str]:
    """Columns that hold a list in nearly every row."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [name for name in names if sum(isinstance(row.get(name), list) for row in rows) >= _MOST * len(rows)]


def _letters(words: Any) -> Any:
    return list(words) if isinstance(words, str) else words


def _match(rows: Rows, words: str, name: str) -> bool:
    """Whether a column holds tags of the words: lists as long in most rows, or nothing but tags under a usual name."""
    cells = [(_letters(row.get(words)), row.get(name)) for row in rows]
    pairs = [(one, other) for one, other in cells if isinstance(one, list) and isinstance(other, list)]
    same = sum(len(one) == len(other) for one, other in pairs) >= _ALIKE * len(pairs)
    tags = {str(tag) for _, other in pairs for tag in other if not isinstance(tag, list)}
    known = bool(tags) and all(map(_TAG.fullmatch, tags))
    same = same and (plain(name) in _TAGS or not any(tag is None for _, other in pairs for tag in other))
    if any(isinstance(row.get(words), str) for row in rows):
        return same and known  # letters: numbers may be of anything
    return (same and max(len(other) for _, other in pairs) > 1) or (
        known and plain(name) in _TAGS[:3] and bool(tags - {"O"})
    )


def _are_words(rows: Rows, name: str) -> bool:
    """Whether most items are single words, or a text stands there as a whole: a column of whole texts is a list too."""
    cells = [row.get(name) for row in rows]
    if cells and all(isinstance(cell, str) for cell in cells):
        return True
    if sum(isinstance(cell, list) for cell in cells) < _MOST * len(cells):
        return False
    items = [item for cell in cells if isinstance(cell, list) for item in cell]
    return bool(items) and 2 * sum(1 for item in items if _NO_WORD.search(str(item))) <= len(items)


__all__ = ["Tokens", "find_words", "tagged_rows"]

"""Rows with a list of words and a list of tags, one for each word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format
from tunebook.data.look import Look, Objects
from tunebook.data.words import Sentence, tagged_export

_WORDS = ("tokens", "words", "sentence", "text")
_TAGS = ("ner_tags", "ner", "tags", "labels", "label", "ner_tag", "tag", "bio_tags", "entities")
_NO_WORD = re.compile(r"\S\s+\S|[\u3400-\u9fff]{6}")
_TAG = re.compile(r"O|[BIESLUMW][-_]\S+|\S+[-_][BIESLUMW]|\d+")
_ALIKE, _MOST = 0.5, 0.9
Rows = Sequence[dict[str, Any]]


class Tokens(Format):
    """Sentences in words, with a tag for each."""

    title: ClassVar[str] = "JSON"
    general: ClassVar[bool] = True

    def fits(self, look: Look) -> bool:
        """Lists of words and of tags stand in every row, in most of them as many."""
        return find_words(look.objects, look) is not None

    def read(self, look: Look) -> Export:
        """A row a sentence."""
        return tagged_rows(look, look.rows())


def tagged_rows(look: Look, rows: Objects) -> Export:
    """A row a sentence; the other columns stay, but for lists that are as long."""
    found = find_words([row for _, row in rows[:200]], look)
    assert found is not None
    words, tags = found
    aside = {words, tags, *(_lists([row for _, row in rows[:200]]) if look.options.text is None else ())}
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
    return tagged_export(look, sentences, tags, {})


def find_words(rows: Rows, look: Look) -> tuple[str, str] | None:
    """The columns of words and of tags; None where there are none.

    A text as a whole has as many tags as letters.

    Raises:
        DataError: `format.questions`, several columns may be the tags.
    """
    lists = _lists(rows)
    told = look.options.text, look.options.label
    names = [name for name in _WORDS if name in lists or (rows and isinstance(rows[0].get(name), str))]
    words = next((name for name in ([told[0]] if told[0] else names) if _are_words(rows, str(name))), None)
    if words is None:
        return None
    if told[1] is not None and any(told[1] in row for row in rows):
        return (words, told[1]) if told[1] in lists and _match(rows, words, told[1]) else None
    found = [name for name in lists if name != words and _match(rows, words, name)]
    best = next((name for name in _TAGS if name in found), None)
    if best is None and len(found) > 1:
        raise DataError("format.questions", key=str(look.path), tool=Tokens.title, allowed=", ".join(found))
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
    same = same and (name in _TAGS or not any(tag is None for _, other in pairs for tag in other))
    if any(isinstance(row.get(words), str) for row in rows):
        return same and known  # letters: numbers may be of anything
    return (same and max(len(other) for _, other in pairs) > 1) or (known and name in _TAGS[:3] and bool(tags - {"O"}))


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

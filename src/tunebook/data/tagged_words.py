"""Words with a tag each, from whatever a file holds to a text and the places of its words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tunebook.data.columns import is_text
from tunebook.data.exports import Export, to_export
from tunebook.data.label_cells import read_cell
from tunebook.data.preview import Preview
from tunebook.data.span_columns import TAGGED

# Letters that are written without blanks between words: Chinese and Japanese, with their marks.
_DENSE = re.compile(
    "[\u2e80-\u2fdf\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_WORDS = "\0words"  # no file has a column of this name
SINGLE = 0.9  # share of words of one sign from which words are letters
_DENSE_SHARE = 0.2


@dataclass(frozen=True)
class Sentence:
    """A row of words with a tag each, as a file has them.

    Attributes:
        row: its number; columns: its other columns.
        words, tags: lists, or whatever stands in their stead.
        text: what the words were cut from, where the file says it; gaps: whether a blank follows each word, likewise.
        fault: why it cannot be used, as far as the reader of the file knows; detail: more of that.
    """

    row: int
    words: Any
    tags: Any
    columns: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    gaps: Sequence[bool] = ()
    fault: str = ""
    detail: str = ""


def tagged_export(
    preview: Preview,
    sentences: Iterable[Sentence],
    label: str,
    roles: dict[str, Any],
    notes: dict[str, str] | None = None,
) -> Export:
    """Texts of words with a tag each; a row whose words and tags do not go together is left out, with the reason.
    Without labels there is a column of the words' places alone, which plays the part `words`.

    Args:
        label: name of the column of tags.
    """
    given = list(sentences)
    reasons = [_fault(one, labelled=preview.labelled) for one in given]
    faults: dict[str, dict[int, str]] = {}
    for one, (reason, detail) in zip(given, reasons, strict=True):
        if reason:
            faults.setdefault(reason, {})[one.row] = detail
    kept = [one for one, (reason, _) in zip(given, reasons, strict=True) if not reason]
    dense = are_letters(one.words for one in kept)
    text = preview.options.text or "text"
    made = [_text_of(one, dense) for one in kept]
    rows = [
        (one.row, {text: whole, **{name: value for name, value in one.columns.items() if name not in (text, label)}})
        for one, (whole, _) in zip(kept, made, strict=True)
    ]
    export = to_export(rows, {"text": text, **roles}, faults=faults, notes=notes or {})
    if not rows:
        return export
    places = [places for _, places in made]
    if preview.labelled:
        column, part, name = _tagged(places, [one.tags for one in kept]), "label", label
    else:
        column, part, name = _tagged(places, [[""] * len(one.words) for one in kept]), "words", _WORDS
    return replace(export, table=export.table.append_column(name, column), roles={**export.roles, part: name})


def _tagged(places: list[list[tuple[int, int]]], tags: list[list[Any]]) -> pa.ListArray:
    """A column of the words' places with their tags."""
    starts, ends = (pa.array([place[end] for row in places for place in row], pa.int32()) for end in (0, 1))
    names = pa.array([_tag(tag) for row in tags for tag in row], pa.string())
    inner = pa.StructArray.from_arrays([starts, ends, names], fields=list(TAGGED.value_type))
    return pa.ListArray.from_arrays(pa.array(np.cumsum([0, *map(len, places)]), pa.int32()), inner, type=TAGGED)


def joined_words(table: pa.Table, name: str) -> tuple[pa.Table, dict[str, str]] | None:
    """A table without the column of texts, of which one column alone holds lists of words: with their texts under that
    name and the places of the words, and the parts of both columns; None for other tables."""
    table = _with_lists(table)
    lists = [item.name for item in table.schema if pa.types.is_list(item.type) and is_text(item.type.value_type)]
    if (name in table.column_names and name not in lists) or len(lists) != 1:
        return None
    rows = [[word or "" for word in row or ()] for row in table[lists[0]].to_pylist()]
    dense = are_letters(rows)
    made = [join_words(row, dense) for row in rows]
    texts = pa.array([text for text, _ in made], pa.large_string())
    table = table.drop_columns([name]) if name in lists else table
    places = _tagged([places for _, places in made], [[""] * len(row) for row in rows])
    return table.append_column(name, texts).append_column(_WORDS, places), {"text": name, "words": _WORDS}


def _with_lists(table: pa.Table) -> pa.Table:
    """A table whose columns of texts that write lists of words, as pandas does in CSV, are such lists."""
    for place, column in enumerate(table.schema):
        cells = [cell for cell in table[column.name].to_pylist() if cell] if is_text(column.type) else []
        read = {cell: read_cell(cell.strip()) for cell in dict.fromkeys(cells) if cell.lstrip()[:1] in "[("}
        if cells and set(cells) == {cell for cell, found in read.items() if found and found.shape == "list"}:
            rows = [list(read[cell].parts) if cell else None for cell in table[column.name].to_pylist()]
            table = table.set_column(place, column.name, pa.array(rows, pa.list_(pa.string())))
    return table


def _fault(one: Sentence, *, labelled: bool) -> tuple[str, str]:
    """Why a row cannot be used, and what is worth knowing beside it; empty where it can."""
    if one.fault:
        return one.fault, one.detail
    if not isinstance(one.words, list) or any(not isinstance(word, str) or not word.strip() for word in one.words):
        odd = next((word for word in one.words if not isinstance(word, str)), "") if isinstance(one.words, list) else ""
        return "word_no_text", repr(odd)[:40]
    if not labelled:
        return "", ""
    if not one.words:
        return "no_words", ""
    if not isinstance(one.tags, list) or len(one.tags) != len(one.words):
        count = len(one.tags) if isinstance(one.tags, list) else 0
        return "tags_words", f"{len(one.words)} / {count}"
    if any(isinstance(tag, list) and len(tag) > 1 for tag in one.tags):
        return "tag_twice", str(next(tag for tag in one.tags if isinstance(tag, list) and len(tag) > 1))[:60]
    wrong = next((tag for tag in one.tags if not isinstance(tag, str | int | list) or isinstance(tag, bool)), "")
    return ("tag_no_name", repr(wrong)[:40]) if wrong != "" else ("", "")


def _tag(tag: Any) -> str:
    """A tag as text; a list holds one or none."""
    return "O" if tag == [] else str(tag[0] if isinstance(tag, list) else tag).strip()


def _text_of(one: Sentence, dense: bool) -> tuple[str, list[tuple[int, int]]]:
    """The text of the words, and the place of each."""
    if one.text is not None and (places := words_in(one.words, one.text)) is not None:
        return one.text, places
    if not any(one.gaps) and not (one.gaps and len(one.words) == 1):
        return join_words(one.words, dense)
    pieces = [word + " " * gap for word, gap in zip(one.words, one.gaps, strict=True)]
    ends = np.cumsum([len(piece) for piece in pieces]).tolist()
    places = [
        (end - len(piece), end - len(piece) + len(word))
        for end, piece, word in zip(ends, pieces, one.words, strict=True)
    ]
    return "".join(pieces).rstrip(" "), places


def join_words(words: Sequence[str], dense: bool = False) -> tuple[str, list[tuple[int, int]]]:
    """The text of words, and the place of each: with a blank between two, but none between letters of Chinese or
    Japanese, and none at all where `dense`."""
    text, places = "", []
    for word in words:
        near = dense or (_DENSE.match(text[-1:]) and _DENSE.match(word))
        text += "" if near or not text else " "
        places.append((len(text), len(text) + len(word)))
        text += word
    return text, places


def are_letters(rows: Iterable[Sequence[str]]) -> bool:
    """Whether the words are letters one by one, as is usual for Chinese: then nothing stood between any of them."""
    counts: Counter[str] = Counter(word for row in rows for word in row)
    single = sum(count for word, count in counts.items() if len(word) == 1)
    dense = sum(count for word, count in counts.items() if _DENSE.match(word))
    total = sum(counts.values())
    return total > 0 and single >= SINGLE * total and dense >= _DENSE_SHARE * total


def words_in(words: Sequence[str], text: str) -> list[tuple[int, int]] | None:
    """The place of each word in the text that they were cut from; None where it is another text."""
    places, at = [], 0
    for word in words:
        start = text.find(word, at)
        if start < 0 or text[at:start].strip():
            return None
        at = start + len(word)
        places.append((start, at))
    return places if not text[at:].strip() else None


@cache
def _word() -> re.Pattern[str]:
    """A letter of Chinese or Japanese, letters with points, a word with its hyphens and the like, or any other sign."""
    marks = "".join(map(chr, (code for code in range(0x300, 0x1F000) if unicodedata.category(chr(code))[0] == "M")))
    letters = rf"(?:(?!{_DENSE.pattern})[\w{marks}])+"
    sign = rf"\S[{marks}]*"
    dense, short = rf"{_DENSE.pattern}[{marks}]*", r"(?:[^\W\d_]\.){2,}"
    return re.compile(rf"{dense}|{short}|{letters}(?:[-'’.]{letters})*|{sign}(?:\u200d{sign})*")


def cut_words(text: str) -> NDArray[np.int64]:
    """Places of the words of a text, shape (words, 2), cut as most sets of named entities are."""
    return np.array([found.span() for found in _word().finditer(text)], dtype=np.int64).reshape(-1, 2)


__all__ = ["SINGLE", "Sentence", "are_letters", "cut_words", "join_words", "joined_words", "tagged_export", "words_in"]

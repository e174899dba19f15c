"""A table with a row a word: the number of its sentence, the word, its tag; as sets of named entities on Kaggle are."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from itertools import groupby
from typing import Any, ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.names import plain
from tunebook.data.preview import Objects, Preview
from tunebook.data.tagged_words import Sentence, tagged_export

_SENTENCES = ("sentence_#", "sentence_id", "sentence", "sent_id", "sentence_number", "sentence_idx", "句子编号", "句子")
_WORDS = ("word", "token", "words", "tokens", "词", "字")
_TAGS = ("tag", "ner_tag", "ner", "bio", "label", "entity", "标签")
_TAG = re.compile(r"O|[BIESLUMW][-_]\S+|")


class WordRows(Format):
    """Words under each other in a table."""

    title: ClassVar[str] = "CSV"
    general: ClassVar[bool] = True

    def fits(self, preview: Preview) -> bool:
        """Columns of sentences, words and tags are named so, and the tags are such; to be answered, a file may lack
        tags, if its sentences have several words."""
        if preview.objects or not preview.grid:
            return False
        names = _columns(preview)
        if names is None:
            return False
        if not names[2]:
            rows = [row for _, row in _rows(preview.head, preview)[0]]
            return len({row[names[0]] for row in rows}) < len(rows) and not any(
                re.search(r"\s", row[names[1]] or "") for row in rows
            )
        tags = {row[names[2]] or "" for _, row in _rows(preview.head, preview)[0]}
        return "O" in tags and all(map(_TAG.fullmatch, tags))

    def read(self, preview: Preview) -> Export:
        """A row a sentence, by the number of its first line; an empty number means that of the word above."""
        names = _columns(preview)
        assert names is not None
        rows, ragged = max(preview.cells(), _rows(preview.text, preview), key=lambda read: len(read[0]))
        number, numbered = None, []
        for line, row in rows:
            number = row[names[0]] or number
            numbered.append((number, line, row))
        sentences = []
        for number, found in groupby(numbered, key=lambda item: item[0]):
            lines = [(line, row) for _, line, row in found]
            words = [(line, row) for line, row in lines if row[names[1]]]
            if words or (number and not preview.labelled):  # each sentence is to be answered
                line = (words or lines)[0][0]
                sentences.append(_sentence(line, str(number), [row for _, row in words], names))
        export = tagged_export(preview, sentences, names[2], {})
        return replace(export, faults={**export.faults, "ragged": ragged}) if ragged else export


def _columns(preview: Preview) -> tuple[str, str, str] | None:
    """The columns of sentences, words and tags; those of words and tags as told, where they were."""
    known = {plain(name): name for name in reversed(preview.grid[0])}
    told = (None, preview.options.text, preview.options.label)
    found = []
    for names, name in zip((_SENTENCES, _WORDS, _TAGS), told, strict=True):
        usual = next((known[one] for one in names if one in known), None)
        found.append(name if name in preview.grid[0] else usual)
    sentence, word, tag = found
    tag = tag if tag or preview.labelled else ""
    return (
        None if sentence is None or word is None or tag is None or len({*found}) < len(found) else (sentence, word, tag)
    )


def _rows(text: str, preview: Preview) -> tuple[Objects, dict[int, str]]:
    """As `Preview.cells`, but each line by itself: a word may be a quote that the next one far below does not close."""
    heading, ragged = preview.grid[0], {}
    found: Objects = []
    for line, written in enumerate(text.split("\n"), start=1):
        literal = written.split(preview.delimiter)
        quoted = (
            literal
            if preview.options.quotes == "literal"
            else next(csv.reader([written], delimiter=preview.delimiter), [])
        )
        cells = quoted if len(quoted) == len(heading) else literal
        if cells == heading and not found:
            continue
        if len(cells) == len(heading):
            found.append((line, {name: cell or None for name, cell in zip(heading, cells, strict=True)}))
        elif written:
            ragged[line] = str(len(cells))
    return found, ragged


def _sentence(line: int, number: str, words: list[dict[str, Any]], names: tuple[str, str, str]) -> Sentence:
    tags = [row.get(names[2]) for row in words]
    return Sentence(line, [row[names[1]] for row in words], tags, {names[0]: number})


__all__ = ["WordRows"]

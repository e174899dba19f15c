"""CoNLL, IOB and CoNLL-U: a word a line with its tags, a blank line after each sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format
from tunebook.data.preview import Preview
from tunebook.data.tagged_words import Sentence, tagged_export

_TAG = re.compile(r"([Oo]|[BIESLUMWbieslumw][-_]\S+|\S+[-_][BIESLUMW]|_)")
_BARE = re.compile(r"[^\W\d_][\w./&-]{0,40}")
_SURE = re.compile(r"[BIESLUMWbieslumw][-_]\S+|\S+[-_][BIESLUMW]")  # what hardly anything but a tag looks like
_ODD = 0.05  # share of lines that may hold something else: find_scheme names it, where no tag of a scheme may be so
_GAP = re.compile(r"\n[ \t]*\n")
_DOCUMENT = "-DOCSTART-"
_NUMBER = re.compile(r"\d+([-.]\d+)?")
_U = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")  # universaldependencies.org
_COLUMNS = "# global.columns ="  # of CoNLL-U Plus
_KEYS = ("NER", "Entity", "NE")
_NAME = "tag"  # of the column of tags, where nobody said it
_FEW, _TYPES, _MOST_OUTSIDE = 4, 60, 0.3
_HALF, _MOST = 0.5, 0.9  # shares of lines that have as many columns
_NAMED = (".conll", ".conllu", ".conllup", ".iob", ".iob2", ".bio", ".bioes", ".bmes")
_DOCUMENTS = 10
Line = tuple[int, list[str]]


@dataclass
class _Block:
    """The lines of a sentence, with the comments above them and the number of their document."""

    document: int
    comments: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)


class Conll(Format):
    """Words under each other."""

    title: ClassVar[str] = "CoNLL"

    def fits(self, preview: Preview) -> bool:
        """Nearly all lines have as many columns, and one of them holds tags or the name of the file says so; or the
        ten columns of CoNLL-U. To be answered, a file of such a name may hold words alone."""
        named = preview.suffix in _NAMED
        if preview.objects or preview.parts or not (named or _GAP.search(preview.head)):
            return False
        if preview.head.startswith(_COLUMNS):
            return True
        blocks = list(_blocks(preview.head, ()))
        rows = [cells for block in blocks for _, cells in block.lines]
        if not rows or (not named and (len(rows) < _FEW or len(blocks) < 2)):
            return False
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if width == 1 and count == len(rows):
            return named and not preview.labelled
        if width < 2 or count < (_HALF if named else _MOST) * len(rows):
            return False
        rows = [row for row in rows if len(row) == width]
        if width == len(_U) and all(_NUMBER.fullmatch(row[0]) for row in rows):
            return True
        return named or preview.options.scheme is not None or _tag_column(rows) is not None

    def read(self, preview: Preview) -> Export:
        """A row a sentence, by the number of its first line; documents that are told apart are groups."""
        names = _names(preview)
        blocks = [block for block in _blocks(preview.text, names) if block.lines]
        width = len(names) or Counter(len(cells) for block in blocks for _, cells in block.lines).most_common(1)[0][0]
        rows = [cells for block in blocks for _, cells in block.lines if len(cells) == width]
        word, tag = self._columns(preview, names, rows)
        if width == 1:  # words alone, of which one may begin as comments do
            blocks = [block for block in _blocks(preview.text, names, bare=True) if block.lines]
        documents = {block.document for block in blocks}
        several = _DOCUMENTS <= len(documents) < len(blocks)
        sentences = []
        for block in blocks:
            columns: dict[str, Any] = {"sent_id": block.comments["sent_id"]} if "sent_id" in block.comments else {}
            columns |= {"document": block.document} if several else {}
            one = _universal(block, tag, names) if names else _plain(block, (word, int(tag)), width)
            sentences.append(replace(one, columns=columns))
        roles = {"group": "document"} if several else {}
        return tagged_export(preview, sentences, _told(preview) or _NAME, roles)

    def _columns(self, preview: Preview, names: Sequence[str], rows: list[list[str]]) -> tuple[int, Any]:
        """The column of words, and that of tags: by its place, or of CoNLL-U by its name or the key in MISC."""
        told = _told(preview)
        if names:
            keys = Counter(key for row in rows for key in _misc(dict(zip(names, row, strict=True)).get("MISC", "_")))
            found = told or next((key for key in (*names, *keys) if key.upper() in map(str.upper, _KEYS)), None)
            if found is None and preview.labelled:
                raise self.refusal("unlabelled", preview)
            if found is not None and found not in (*names, *keys):
                raise DataError(
                    "format.tag_column", key=str(preview.path), value=found, allowed=", ".join([*names, *keys])
                )
            return 1, found
        width = len(rows[0])
        if width == 1:
            return 0, 0
        columns = [f"c{place + 1}" for place in range(width)]
        if told is not None and told not in columns:
            raise DataError("format.tag_column", key=str(preview.path), value=told, allowed=", ".join(columns))
        found_at = _tag_column(rows)
        tag = columns.index(told) if told else width - 1 if found_at is None else found_at
        words = columns.index(preview.options.text) if preview.options.text in columns else int(tag == 0)
        if words == 0 and width > 2 and all(_NUMBER.fullmatch(row[0]) for row in rows):
            words = 1  # the first column counts the words
        return words, tag


def _told(preview: Preview) -> str | None:
    """The column that was told; a book whose rows came from elsewhere calls its labels otherwise."""
    return None if preview.options.label in (_NAME, "label") else preview.options.label


def _names(preview: Preview) -> tuple[str, ...]:
    """Names of the columns of CoNLL-U; empty for other files."""
    first = preview.lines[0] if preview.lines else ""
    if first.startswith(_COLUMNS):
        return tuple(first.removeprefix(_COLUMNS).split())
    rows = [line.split("\t") for line in preview.lines if not line.startswith(("#", _DOCUMENT))]
    universal = all(len(row) == len(_U) and _NUMBER.fullmatch(row[0]) for row in rows)
    return _U if rows and universal else ()


def _blocks(text: str, names: Sequence[str], *, bare: bool = False) -> Iterator[_Block]:
    """The sentences of a file, also those without words; `bare`, a line of a single word is no comment."""
    block = _Block(0)
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip(" \t"):
            if block.lines:
                yield block
                block = _Block(block.document)
            continue
        if line.startswith(_DOCUMENT):
            if block.lines:
                yield block
            block = _Block(block.document + 1)
            continue
        cells = line.rstrip("\r").split("\t") if "\t" in line else [cell for cell in line.split(" ") if cell]
        comment = (
            line.startswith("#")
            and not block.lines
            and (names or not (_TAG.fullmatch(cells[-1]) or (bare and len(cells) == 1)))
        )
        if comment:
            key, _, value = line.lstrip("# ").partition("=")
            block.comments[key.strip()] = value.strip()
        else:
            block.lines.append((number, cells))
    if block.lines:
        yield block


def _tag_column(rows: list[list[str]]) -> int | None:
    """The column of tags: the last one that holds nothing else, or next to nothing; one that holds types alone, and O
    for most words."""
    width = len(rows[0])
    for place in sorted(range(width), key=lambda place: place < width - 1):
        tags: Counter[str] = Counter(row[place] for row in rows)
        odd = sum(count for tag, count in tags.items() if not _TAG.fullmatch(tag))
        sure = sum(count for tag, count in tags.items() if _SURE.fullmatch(tag))
        if (odd <= _ODD * len(rows) and odd < sure) if odd else set(tags) - {"_"}:
            return place
    last = Counter(row[-1] for row in rows)
    types = [tag for tag in last if tag != "O"]
    few = 0 < len(types) <= min(_TYPES, len(rows) / 4) and last["O"] >= _MOST_OUTSIDE * len(rows)
    return int(width) - 1 if few and all(map(_BARE.fullmatch, types)) else None


def _plain(block: _Block, columns: tuple[int, int], width: int) -> Sentence:
    """Words and tags of a sentence; a line with a tag alone had a blank as its word."""
    word, tag = columns
    words, tags = [], []
    for number, cells in block.lines:
        if len(cells) == width - 1 and tag == width - 1 and _TAG.fullmatch(cells[-1]):
            continue
        if len(cells) != width:
            return _broken(block, number)
        if cells[word].strip():
            words.append(cells[word].strip())
            tags.append("O" if cells[tag] == "_" else cells[tag])
    return Sentence(block.lines[0][0], words, tags)


def _broken(block: _Block, line: int) -> Sentence:
    return Sentence(block.lines[0][0], [], [], fault="tags_words", detail=str(line))


def _universal(block: _Block, tag: str | None, names: Sequence[str]) -> Sentence:
    """Words and tags of a sentence of CoNLL-U: what is written as one word is one, with the first tag inside it; words
    that are not written are left."""
    words: list[str] = []
    tags: list[str] = []
    gaps: list[bool] = []
    until = 0
    for number, cells in block.lines:
        if len(cells) != len(names):
            return _broken(block, number)
        row = dict(zip(names, cells, strict=True))
        misc = _misc(row.get("MISC", "_"))
        said = str(row.get(tag or "", misc.get(tag or "", "O")))
        first, _, last = row["ID"].partition("-")
        if "." in first:
            continue
        if not last and int(first) <= until:
            tags[-1] = said if tags[-1] == "O" and said != "_" else tags[-1]
            continue
        until = int(last) if last else until
        words.append(row["FORM"])
        tags.append("O" if said == "_" else said)
        gaps.append(misc.get("SpaceAfter") != "No")
    spaced = gaps if not all(gaps) else []
    return Sentence(block.lines[0][0], words, tags, text=block.comments.get("text"), gaps=spaced)


def _misc(cell: str) -> dict[str, str]:
    """Keys and values of the column MISC."""
    return dict(part.split("=", 1) for part in cell.split("|") if "=" in part)


__all__ = ["Conll"]

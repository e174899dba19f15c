"""Files of found entities that annotation tools and other programs read: CoNLL and brat."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tunebook.core.hooks import Writer

Span = Mapping[str, Any]
_LINE = re.compile(r"[^\r\n]+")
_NO_NAME = re.compile(r"[^\w-]")


def conll(texts: Sequence[str], answers: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A word a line with its tag in BIO (Tjong Kim Sang & De Meulder 2003), a blank line after each text.

    Words end where a span does, so that each has one tag. A text without words has one of the sign `_`, so that the
    n-th text of the file is the n-th that was asked.
    """
    blocks = ["".join(f"{word}\t{tag}\n" for word, tag in _tagged(*item)) or "_\tO\n" for item in _with(texts, answers)]
    return {"": "\n".join(blocks)}


def brat(texts: Sequence[str], answers: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A text and a file of annotations each (Stenetorp et al. 2012), by their number; a type has no blanks there.

    Places are code points. What goes over the end of a line is written in fragments, as brat has it.
    """
    digits = len(str(len(texts)))
    files = {}
    for number, (text, spans) in enumerate(_with(texts, answers), start=1):
        lines = [
            f"T{count}\t{_NO_NAME.sub('_', span['label'])} {_fragments(text, span)}"
            for count, span in enumerate(spans, start=1)
        ]
        files[f"{number:0{digits}}.txt"] = text
        files[f"{number:0{digits}}.ann"] = "".join(f"{line}\n" for line in lines)
    return files


def _with(texts: Sequence[str], answers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Span]]]:
    for text, answer in zip(texts, answers, strict=True):
        yield text, sorted(answer["spans"], key=lambda span: (span["start"], span["end"]))


def _tagged(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, str]]:
    """Words with their tags."""
    done = 0
    for span in spans:
        yield from ((word, "O") for word in _words(text[done : span["start"]]))
        inside = _words(text[span["start"] : span["end"]])
        yield from ((word, f"{'I' if place else 'B'}-{span['label']}") for place, word in enumerate(inside))
        done = span["end"]
    yield from ((word, "O") for word in _words(text[done:]))


def _words(text: str) -> list[str]:
    from tunebook.data.tagged_words import cut_words

    return [text[start:end] for start, end in cut_words(text).tolist()]


def _fragments(text: str, span: Span) -> str:
    """Places of a span in each line that it goes over, and what it says."""
    parts = list(_LINE.finditer(text, span["start"], span["end"]))
    places = ";".join(f"{part.start()} {part.end()}" for part in parts)
    return f"{places}\t{' '.join(part.group() for part in parts)}"


WRITERS = {"conll": Writer(".conll", conll), "brat": Writer("", brat)}

__all__ = ["WRITERS", "brat", "conll"]

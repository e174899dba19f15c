"""brat: texts with a file of annotations beside each."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import ClassVar

from tunebook.core.files import text_lines
from tunebook.data.annotated_spans import MarkedSpan, marked_export
from tunebook.data.exports import Export, Format
from tunebook.data.preview import Preview
from tunebook.data.votes import Answer

_LINE = re.compile(
    r"T\d+\t\S+ \d+ \d+|E\d+\t\S+:T\d+|R\d+\t\S+ \S+:[TE]\d+|[AM]\d+\t\S+ [TER]\d+|\*\t\S+ T\d+"
    r"|#\d*\t\S+ [TERAMN]\d+|N\d+\tReference [TER]\d+"
)
_SETTINGS = {"[entities]", "[relations]", "[events]", "[attributes]"}
_END = ".ann"
_MARKED = re.compile(r"(T\d+)\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?")
_TRIGGER = re.compile(r"E\d+\t\S+:(T\d+)")
# The words of events are marked as places are; they are taken where the label is called so.
EVENTS = "events"


class Brat(Format):
    """Marked places, relations and events."""

    title: ClassVar[str] = "brat"

    def fits(self, preview: Preview) -> bool:
        """A file of annotations, a text beside one, the settings, or a folder with any of them."""
        if preview.parts:
            return any(part.suffix == _END and _LINE.match(part.head) for part in preview.parts)
        beside = preview.suffix == ".txt" and preview.path.suffix == ".txt" and preview.path.with_suffix(_END).is_file()
        if beside or (preview.suffix == _END and preview.blank):
            return True
        if _SETTINGS & {line.strip() for line in preview.lines} and preview.suffix == ".conf":
            return True
        return bool(preview.lines) and all(_LINE.match(line) for line in preview.lines)

    def read(self, preview: Preview) -> Export:
        """A row a text, with the places that are marked in it; a text without a file of annotations is not done yet."""
        texts, marks = _files(preview)
        if not texts:
            raise self.refusal("no_text", preview)
        left = 0
        answers = []
        for number, (name, text) in enumerate(texts.items(), start=1):
            found, relations = _marks(marks.get(name, ""), preview.options.label == EVENTS)
            left += relations
            columns = {"document": name, "text": text}
            answers.append(Answer(name, number, columns, "", tuple(found), "" if name in marks else "unlabelled"))
        return marked_export(
            preview, answers, "text", {"row_id": "document"}, {"relations_left": str(left)} if left else {}
        )


def _files(preview: Preview) -> tuple[dict[str, str], dict[str, str]]:
    """Name of a document -> its text, and -> its annotations, of a folder, a package, or a file and the one beside it.

    Line ends stay as they are: brat counts their characters.
    """
    if preview.parts:
        data = {part.name: part.data for part in preview.parts if part.suffix in (".txt", _END)}
    else:
        pair = {preview.path.with_suffix(end) for end in (".txt", _END)}
        data = {path.name: path.read_bytes() for path in pair if path.is_file()}
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for name in sorted(data):
        path = PurePosixPath(name)
        found[path.suffix == _END][path.with_suffix("").as_posix()] = data[name].decode("utf-8-sig", "replace")
    return found


def _marks(lines: str, events: bool) -> tuple[list[MarkedSpan], int]:
    """The marked places, or the words of events, and how many relations and attributes are left."""
    triggers = set(_TRIGGER.findall(lines))
    found = [match for line in text_lines(lines) if (match := _MARKED.fullmatch(line))]
    left = sum(1 for line in text_lines(lines) if line[:1] in ("R", "E", "*"))
    return [_mark(match) for match in found if (match[1] in triggers) == events], left


def _mark(match: re.Match[str]) -> MarkedSpan:
    pieces = tuple((int(start), int(end)) for start, end in (piece.split(" ") for piece in match[3].split(";")))
    start, end = pieces[0][0], pieces[-1][1]
    return MarkedSpan(start, end, match[2], match[4], pieces if len(pieces) > 1 else ())


__all__ = ["Brat"]

"""brat: texts with a file of annotations beside each."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look
from tunebook.data.marks import Mark, marked_export
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

    def fits(self, look: Look) -> bool:
        """A file of annotations, a text beside one, the settings, or a folder with any of them."""
        if look.parts:
            return any(part.suffix == _END and _LINE.match(part.head) for part in look.parts)
        beside = look.suffix == ".txt" and look.path.suffix == ".txt" and look.path.with_suffix(_END).is_file()
        if beside or (look.suffix == _END and look.blank):
            return True
        if _SETTINGS & {line.strip() for line in look.lines} and look.suffix == ".conf":
            return True
        return bool(look.lines) and all(_LINE.match(line) for line in look.lines)

    def read(self, look: Look) -> Export:
        """A row a text, with the places that are marked in it; a text without a file of annotations is not done yet."""
        texts, marks = _files(look)
        if not texts:
            raise self.refusal("no_text", look)
        left = 0
        answers = []
        for number, (name, text) in enumerate(texts.items(), start=1):
            found, relations = _marks(marks.get(name, ""), look.options.label == EVENTS)
            left += relations
            columns = {"document": name, "text": text}
            answers.append(Answer(name, number, columns, "", tuple(found), "" if name in marks else "unlabelled"))
        return marked_export(
            look, answers, "text", {"row_id": "document"}, {"relations_left": str(left)} if left else {}
        )


def _files(look: Look) -> tuple[dict[str, str], dict[str, str]]:
    """Name of a document -> its text, and -> its annotations, of a folder, a package, or a file and the one beside it.

    Line ends stay as they are: brat counts their characters.
    """
    if look.parts:
        data = {part.name: part.data for part in look.parts if part.suffix in (".txt", _END)}
    else:
        pair = {look.path.with_suffix(end) for end in (".txt", _END)}
        data = {path.name: path.read_bytes() for path in pair if path.is_file()}
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for name in sorted(data):
        path = PurePosixPath(name)
        found[path.suffix == _END][path.with_suffix("").as_posix()] = data[name].decode("utf-8-sig", "replace")
    return found


def _marks(lines: str, events: bool) -> tuple[list[Mark], int]:
    """The marked places, or the words of events, and how many relations and attributes are left."""
    triggers = set(_TRIGGER.findall(lines))
    found = [match for line in lines.splitlines() if (match := _MARKED.fullmatch(line))]
    left = sum(1 for line in lines.splitlines() if line[:1] in ("R", "E", "*"))
    return [_mark(match) for match in found if (match[1] in triggers) == events], left


def _mark(match: re.Match[str]) -> Mark:
    pieces = tuple((int(start), int(end)) for start, end in (piece.split(" ") for piece in match[3].split(";")))
    start, end = pieces[0][0], pieces[-1][1]
    return Mark(start, end, match[2], match[4], pieces if len(pieces) > 1 else ())


__all__ = ["Brat"]

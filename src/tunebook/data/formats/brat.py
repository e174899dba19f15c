"""brat: texts with a file of annotations beside each."""

from __future__ import annotations

import re
from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look

_LINE = re.compile(
    r"T\d+\t\S+ \d+ \d+|E\d+\t\S+:T\d+|R\d+\t\S+ \S+:[TE]\d+|[AM]\d+\t\S+ [TER]\d+|\*\t\S+ T\d+"
    r"|#\d*\t\S+ [TERAMN]\d+|N\d+\tReference [TER]\d+"
)
_SETTINGS = {"[entities]", "[relations]", "[events]", "[attributes]"}
_END = ".ann"


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
        """Refused."""
        raise self.refusal("tagging", look)


__all__ = ["Brat"]

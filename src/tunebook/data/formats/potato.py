"""potato: answers by the number of the item, without its text."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look

_ROW = {"instance_id", "user_id"}
_STATE = {"user_id", "instance_id_ordering"}


class Potato(Format):
    """Answers of people to items that stand in another file."""

    title: ClassVar[str] = "potato"

    def fits(self, look: Look) -> bool:
        """Items and people by number, and no text."""
        if look.objects:
            return all(
                set(row) >= _STATE or (set(row) >= _ROW and "labels" in row and "text" not in row)
                for row in look.objects
            )
        heading = set(look.grid[0]) if look.grid else set()
        return heading >= _ROW and any("." in name for name in heading) and "text" not in heading

    def read(self, look: Look) -> Export:
        """Refused: the texts are missing."""
        raise self.refusal("no_text", look)


__all__ = ["Potato"]

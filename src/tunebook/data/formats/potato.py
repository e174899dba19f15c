"""potato: answers by the number of the item, without its text."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.preview import Preview

_ROW = {"instance_id", "user_id"}
_STATE = {"user_id", "instance_id_ordering"}


class Potato(Format):
    """Answers of people to items that stand in another file."""

    title: ClassVar[str] = "potato"

    def fits(self, preview: Preview) -> bool:
        """Items and people by number, and no text."""
        if preview.objects:
            return all(
                set(row) >= _STATE or (set(row) >= _ROW and "labels" in row and "text" not in row)
                for row in preview.objects
            )
        heading = set(preview.grid[0]) if preview.grid else set()
        return heading >= _ROW and any("." in name for name in heading) and "text" not in heading

    def read(self, preview: Preview) -> Export:
        """Refused: the texts are missing."""
        raise self.refusal("no_text", preview)


__all__ = ["Potato"]

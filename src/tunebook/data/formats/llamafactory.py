"""LLaMA-Factory's dataset_info.json: names of data sets, where they are and what their columns are called."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tunebook.core.errors import DataError
from tunebook.data.chat_rows import chat_export
from tunebook.data.exports import Export, Format
from tunebook.data.files import members
from tunebook.data.formats.preferences import preference_export
from tunebook.data.kind import wants_chats, wants_preferences
from tunebook.data.listings import WHERE, Entry, entries_of, usual
from tunebook.data.preview import Objects, Preview
from tunebook.data.read import read


class LlamaFactory(Format):
    """A list of data sets: the only one, or the one that was told, is read where conversations or preferences between
    answers are wanted."""

    title: ClassVar[str] = "LLaMA-Factory"

    def fits(self, preview: Preview) -> bool:
        """Every value says where a data set is."""
        return len(preview.objects) == 1 and bool(entries_of(preview.objects[0]))

    def read(self, preview: Preview) -> Export:
        """The rows of a data set that lies beside the list.

        Raises:
            DataError: `format.listing`, several are named, or neither is wanted; `chat.entry`, there is
                none of that name; `chat.elsewhere`, its file is not beside the list.
        """
        found, told = entries_of(preview.objects[0]), preview.options.dataset
        if told is not None and told not in found:
            allowed = ", ".join(list(found)[:10])
            raise DataError("chat.entry", key=str(preview.path), value=told, allowed=allowed)
        entry = found.get(told or "") or (next(iter(found.values())) if len(found) == 1 else None)
        liked = wants_preferences(preview.options)
        if entry is None or not (liked or wants_chats(preview.options)):
            places = [next(str(item[key]) for key in WHERE if item.get(key)) for item in preview.objects[0].values()]
            raise DataError("format.listing", key=str(preview.path), tool=self.title, allowed=", ".join(places[:10]))
        path = _beside(preview.path, entry)
        if path is None:
            raise DataError("chat.elsewhere", key=str(preview.path), value=entry.name, file=entry.file or "–")
        rows = [(number, usual(row, entry)) for number, row in _rows(path, preview)]
        if liked:
            return preference_export(rows, preview.options)
        return chat_export(rows, preview.options, path, labelled=preview.labelled)


def _beside(listing: Path, entry: Entry) -> Path | None:
    """The file of an entry, which may be packed."""
    names = (entry.file, f"{entry.file}.gz") if entry.file else ()
    return next((listing.parent / name for name in names if (listing.parent / name).is_file()), None)


def _rows(path: Path, preview: Preview) -> Objects:
    """Objects of a file as they stand, or rows of a table."""
    look = Preview(path, members(path), preview.options, labelled=preview.labelled)
    if look.objects:
        return look.rows()
    source = read(path, preview.options.model_copy(update={"task": None}), labelled=False)
    return list(zip(source.rows.tolist(), source.table.to_pylist(), strict=True))


__all__ = ["LlamaFactory"]

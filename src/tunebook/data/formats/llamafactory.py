"""LLaMA-Factory's dataset_info.json: names of data sets and where they are."""

from __future__ import annotations

from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format
from tunebook.data.preview import Preview

_WHERE = ("file_name", "hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name")


class LlamaFactory(Format):
    """A list of data sets, not one."""

    title: ClassVar[str] = "LLaMA-Factory"

    def fits(self, preview: Preview) -> bool:
        """Every value says where a data set is."""
        return len(preview.objects) == 1 and bool(_places(preview.objects[0]))

    def read(self, preview: Preview) -> Export:
        """Refused, with the files that it names."""
        places = _places(preview.objects[0])
        raise DataError("format.listing", key=str(preview.path), tool=self.title, allowed=", ".join(places[:10]))


def _places(row: dict[str, Any]) -> list[str]:
    """Where the data sets are; empty where some value does not say it."""
    found = [
        next((str(item[key]) for key in _WHERE if key in item), "") for item in row.values() if isinstance(item, dict)
    ]
    return found if all(found) and len(found) == len(row) else []


__all__ = ["LlamaFactory"]

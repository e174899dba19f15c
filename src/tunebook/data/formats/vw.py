"""Vowpal Wabbit: `label importance 'tag |namespace words`, no heading."""

from __future__ import annotations

import re
from typing import ClassVar

from tunebook.data.exports import Export, Format, to_export
from tunebook.data.preview import Objects, Preview

_NUMBER = r"-?\d+(?:\.\d+)?"
_LINE = re.compile(rf"\s*(?:({_NUMBER})(?:\s+({_NUMBER}))?(?:\s+({_NUMBER}))?(?:\s+'\S*)?\s+)?\|(.*)")
_NAMESPACE = re.compile(r"(^|\|)[^\s|]*")
_VALUE = re.compile(rf":{_NUMBER}(?=\s|$)")


class VowpalWabbit(Format):
    """Numbers as labels, perhaps the importance of the row, and the words behind the bar."""

    title: ClassVar[str] = "Vowpal Wabbit"

    def fits(self, preview: Preview) -> bool:
        """Every line is one, and most have a label set off from the bar."""
        found = [_LINE.match(line) for line in preview.lines]
        labelled = [match for match in found if match and match[1]]
        return bool(found) and all(found) and 2 * len(labelled) > len(found)

    def read(self, preview: Preview) -> Export:
        """A row a line; the importance is the weight of the row."""
        rows: Objects = []
        faults: dict[str, dict[int, str]] = {}
        for number, line in enumerate(preview.text.split("\n"), start=1):
            match = _LINE.match(line)
            if match is None:
                if line.strip():
                    faults.setdefault("ragged", {})[number] = ""
                continue
            if match[1] is None and preview.labelled:
                faults.setdefault("unlabelled", {})[number] = ""
                continue
            words = _VALUE.sub("", _NAMESPACE.sub(" ", match[4]))
            rows.append((number, {"text": " ".join(words.split()), "label": match[1], "importance": match[2] or "1"}))
        roles = {"text": "text", "label": "label"}
        if any(row["importance"] != "1" for _, row in rows):
            roles["weight"] = "importance"
        else:
            rows = [(number, {"text": row["text"], "label": row["label"]}) for number, row in rows]
        return to_export(rows, roles, faults=faults)


__all__ = ["VowpalWabbit"]

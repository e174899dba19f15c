"""Preferences: a better and a worse answer (DPO, reward models), answers judged good or bad (KTO), or ranked."""

from __future__ import annotations

from typing import ClassVar

from tunebook.core.errors import DataError
from tunebook.data.answer_pairs import (
    ANSWERS,
    BETTER,
    JUDGED,
    PROMPT,
    WORSE,
    WORSE_ALONE,
    judged_column,
    judged_table,
    pair_columns,
)
from tunebook.data.exports import Export, Format
from tunebook.data.kind import wants_preferences
from tunebook.data.options import DataOptions
from tunebook.data.preview import Objects, Preview

_ANSWER = ("response", "completion", "output", "messages")
_TALK = ("messages", "conversations", "completion", "response", "output")


class Preferences(Format):
    """Answers that people liked more or less."""

    title: ClassVar[str] = "DPO / KTO"

    def fits(self, preview: Preview) -> bool:
        """A rejected answer beside another, or an answer that is judged by true and false; where preferences are asked
        for, a judgement in other words too."""
        if not preview.objects or (preview.options.text and preview.options.label):
            return False
        names = set.intersection(*[set(row) for row in preview.objects])
        pairs = (names & set(WORSE) and names & set(BETTER)) or (names & set(WORSE_ALONE) and names & set(_ANSWER))
        judged = [name for name in JUDGED if name in names]
        if wants_preferences(preview.options):
            return bool(pairs) or bool(judged and names & set(_TALK))
        judged = [name for name in judged if all(type(row[name]) is bool for row in preview.objects)]
        return bool(pairs) or bool(judged and "prompt" in names and names & set(_ANSWER))

    def read(self, preview: Preview) -> Export:
        """Prompts with their answers, where preferences are asked for; else refused."""
        if not wants_preferences(preview.options):
            raise self.refusal("preference", preview)
        return preference_export(preview.rows(), preview.options)


def preference_export(rows: Objects, options: DataOptions) -> Export:
    """Prompts of rows with their answers.

    Raises:
        DataError: `data.no_preferences`, none of them has any that was liked or not.
    """
    import numpy as np

    names = list(dict.fromkeys(name for _, row in rows for name in row))
    if pair_columns(names) is None and judged_column(names) is None:
        raise DataError("data.no_preferences", key="label", value=names)
    table = judged_table((row for _, row in rows), options.text)
    numbers = np.array([number for number, _ in rows], dtype=np.int64)
    return Export(table, numbers, {"text": PROMPT, "label": ANSWERS})


__all__ = ["Preferences", "preference_export"]

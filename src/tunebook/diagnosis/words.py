"""The words of a text: runs of letters or digits; of Chinese, Japanese and Thai pairs of characters."""

from __future__ import annotations

import re
from collections.abc import Collection

_RUN = re.compile(r"[^\W_]+(?:[-_'][^\W_]+)*")
_CLOSE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def words_of(text: str) -> list[str]:
    """Words in lower case, in their order."""
    found: list[str] = []
    for run in _RUN.findall(text.casefold()):
        if _CLOSE.search(run):
            found += [run[at : at + 2] for at in range(max(len(run) - 1, 1))]
        else:
            found.append(run)
    return found


def without(text: str, words: Collection[str]) -> str:
    """A text without some of its words; never empty."""
    left = text
    for word in words:
        left = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)" if not _CLOSE.search(word) else re.escape(word), " ", left,
                      flags=re.IGNORECASE)  # fmt: skip
    return " ".join(left.split()) or "."


__all__ = ["without", "words_of"]

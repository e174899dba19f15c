"""What is to be minded of a rating: too few rows or raters, low agreement, a side that was preferred."""

from __future__ import annotations

import math

from tunebook.core.localized import localized
from tunebook.rating.records import Judged, RatingResult

_FEW_RATERS, _FEW_ROWS, _HANDFUL = 3, 30, 5


def _few(one: Judged) -> list[str]:
    """That there are too few rows, or too few raters."""
    notes: list[str] = []
    asked = {"question": one.question}
    if one.rows < _HANDFUL:
        notes.append(localized("rate.note.handful", rows=one.rows, **asked))
    elif one.rows < _FEW_ROWS:
        notes.append(localized("rate.note.few_rows", rows=one.rows, **asked))
    if one.raters == 1:
        notes.append(localized("rate.note.one_rater", **asked))
    elif one.raters < _FEW_RATERS:
        notes.append(localized("rate.note.few_raters", raters=one.raters, **asked))
    return notes


def notes_of(found: RatingResult) -> list[str]:
    """What is to be minded of a result."""
    notes: list[str] = [] if found.intact else [localized("rate.note.edited")]
    for one in found.judged:
        asked = {"question": one.question}
        notes += _few(one)
        if not one.agreement.units:
            notes.append(localized("rate.note.no_overlap", **asked))
        elif one.agreement.low:
            notes.append(localized("rate.note.agreement", alpha=f"{one.agreement.alpha.value:.2f}", **asked))
        elif math.isnan(one.agreement.alpha.value):
            notes.append(localized("rate.note.all_same", **asked))
        if one.left is not None and not one.left.low <= 0.5 <= one.left.high:
            notes.append(localized("rate.note.left", share=f"{one.left.value:.0%}", **asked))
        if one.penalised:
            notes.append(localized("rate.note.penalised", **asked))
    unfinished = [one for one in found.raters if one.done < one.of]
    if unfinished:
        notes.append(
            localized("rate.note.unfinished", names=", ".join(f"{r.rater} {r.done}/{r.of}" for r in unfinished))
        )
    return notes


__all__ = ["notes_of"]

"""A part of the rows that is worse than the others."""

from __future__ import annotations

from typing import ClassVar

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.core.nouns import Interval
from tunebook.diagnosis.cause import MERGE, Cause, Side, Try
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.part_words import slice_words
from tunebook.diagnosis.seen import Seen
from tunebook.diagnosis.shares import within

_NOT = {"label", "reading"}  # which other causes explain


class BadSlice(Finder):
    """The worst slice that was found, by what its rows are wrong beyond the others."""

    key: ClassVar[str] = "slice"
    side: ClassVar[Side] = "data"

    def find(self, seen: Seen) -> Cause | None:
        """Of the slices that are more than chance, the one that explains most."""
        total = float(seen.looked.mass.sum())
        known = [one for one in seen.found.slices.found if not {part.sort for part in one.parts} & _NOT]
        if not known or not total:
            return None
        worst = max(known, key=lambda one: one.rows * (one.share.value - one.rest.value))
        rest = worst.rest.value
        ends = [worst.rows * (end - rest) / total for end in (worst.share.value, worst.share.low, worst.share.high)]
        return self.cause(
            seen,
            worst.ids,
            share=within(Interval(value=ends[0], low=ends[1], high=ends[2])),
            p_value=worst.p_value,
            what=localized("causes.slice.summary", name=slice_words(worst)),
            evidence=[
                localized(
                    "causes.slice.errors",
                    rows=worst.rows,
                    wrong=share_text(worst.share.value),
                    rest=share_text(rest),
                    searched=seen.found.slices.searched,
                )
            ],
            next=[Try(kind="data", why=localized("causes.slice.look"), command=MERGE)],
        )


__all__ = ["BadSlice"]

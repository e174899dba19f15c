"""Causes of errors: one file a cause, found by scanning this folder; and what they come to."""

from __future__ import annotations

from tunebook.core.nouns import Labels
from tunebook.core.plugins import found_in
from tunebook.core.progress import Silent
from tunebook.diagnosis.cause import Cause, Try
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.looked import has_classes
from tunebook.diagnosis.seen import Seen
from tunebook.diagnosis.shares import scaled

_LEAST = 0.02  # share of the errors from which on a cause is named
_MAYBE = 0.05  # p-value up to which it is


def finders() -> list[Finder]:
    """All of them, by their keys: those of this folder and of the entry points `tunebook.diagnosis.causes`."""
    return sorted((item() for item in found_in(__name__, Finder)), key=lambda one: one.key)


def unasked(labels: Labels) -> list[str]:
    """Keys of the causes that are not looked for: those that need rows with one class each, where these are others."""
    return [] if has_classes(labels) else [one.key for one in finders() if one.classes]


def attributed(seen: Seen) -> list[Cause]:
    """The causes of a run's errors on a split, by the share that they explain, the largest first.

    P-values are corrected for the number of causes. What a cause hides counts as error: where a leak hides half of the
    errors, the others explain half as much.
    """
    watch = seen.progress or Silent()
    without = unasked(seen.looked.labels)
    asked = [one for one in finders() if one.key not in without]
    watch.start("causes", len(asked))
    causes = []
    for one in asked if seen.errors else ():
        cause = one.find(seen)
        if cause is not None:
            steps = [step for step in cause.next if _differs(step, seen)]
            causes.append(cause.model_copy(update={"p_value": min(1.0, cause.p_value * len(asked)), "next": steps}))
        watch.advance(1)
    watch.finish()
    left = 1 - max((cause.share.value for cause in causes if cause.hides and cause.serious), default=0.0)
    causes = [one if one.hides else one.model_copy(update={"share": scaled(one.share, left)}) for one in causes]
    named = [one for one in causes if one.p_value <= _MAYBE and one.share.value >= _LEAST]
    return sorted(named, key=lambda one: -one.share.value)


def _differs(step: Try, seen: Seen) -> bool:
    """Whether a step is more than what the run's table says already."""
    params, anew = seen.looked.run.plan.params, object()
    return step.kind != "table" or any(getattr(params, name, anew) != value for name, value in step.rows.items())


__all__ = ["attributed", "finders", "unasked"]

"""Gates that rest on what came back of requests: true labels, the business metric, further columns.

What never comes back never counts against anybody, unless the rules say that silence is an answer (`waits`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.rollout.answers import as_numbers, numbers
from tunebook.rollout.evidence import Evidence
from tunebook.rollout.rows import Bools, Floats, told
from tunebook.rollout.seen import Seen, means
from tunebook.rollout.streams import Measured, drawn, paired
from tunebook.stats.confidence_sequence import difference_bounds
from tunebook.stats.e_process import log_e, log_mcnemar, log_wealths

LABEL = "label"


def labels(look: Seen) -> tuple[Evidence, Evidence]:
    """Whether the new one is right less often than the old one, and whether it is so more often.

    In shadow both are judged by the same label, and only requests on which just one is right say anything. Of numbers
    it is how near they come, as a share of the range of the training rows.
    """
    said, at = told(look.log, look.rows, LABEL, look.begun, look.now)
    wrong = _wrong(look, said)
    shadow, served = look.parts(wrong, at)
    worse = Evidence("labels", _paired_log_e(look, shadow), 1 / look.alpha, "abort", *means(look.rows, shadow, served))
    worse = replace(worse, log_e=(worse.log_e or 0.0) + _drawn_log_e(look, served))
    right, turned = _turned(shadow), _turned(served)
    better = Evidence("labels_better", _paired_log_e(look, right), 1 / look.rules.alpha, "")
    better = replace(better, log_e=(better.log_e or 0.0) + _drawn_log_e(look, turned), n=worse.n)
    return _as_right(worse), better


def _wrong(look: Seen, said: NDArray[Any]) -> Floats:
    """Of each row how wrong its answer was, NaN where nobody told."""
    if numbers(look):
        width = float(look.labels.high or 0) - float(look.labels.low or 0)
        far = np.abs(as_numbers(look.rows.label) - as_numbers(said))
        return np.minimum(far / width, 1.0) if width > 0 else np.full(len(said), np.nan)
    found = np.full(len(said), np.nan)
    for place, (given, true) in enumerate(zip(look.rows.label.tolist(), said.tolist(), strict=True)):
        if true is not None and given:
            found[place] = float(given != true and _parts(given) != _parts(true))
    return found


def _parts(label: Any) -> list[str]:
    """Several labels in any order."""
    return sorted(part.strip() for part in str(label).split("|"))


def _turned(found: Measured) -> Measured:
    return replace(found, value=1 - found.value)


def _as_right(found: Evidence) -> Evidence:
    """With the means of being right instead of wrong."""
    champion, challenger = (None if mean is None else 1 - mean for mean in (found.champion, found.challenger))
    return replace(found, champion=champion, challenger=challenger)


def _paired_log_e(look: Seen, shadow: Measured) -> float:
    """Against "of the new one it is no more", in pairs: McNemar's where each is right or wrong."""
    apart = paired(look.rows, shadow).apart
    if np.isin(apart, (-1, 0, 1)).all():
        return float(log_mcnemar((apart > 0).sum(), (apart < 0).sum()))
    return log_e(log_wealths(apart, -1.0, 0.0))


def _drawn_log_e(look: Seen, served: Measured) -> float:
    return log_e(log_wealths(*drawn(served, look.rows, look.draws), 0.0))


def metric(look: Seen) -> list[Evidence]:
    """Whether the business metric falls, with an interval of the difference that holds at every look; and whether it
    rises. None where the rules name none. In shadow users hear the old one only, so nothing is weighed there."""
    rules = look.rules
    if not rules.metric:
        return []
    value, at, strange = _column(look, rules.metric, rules.lowest, rules.highest)
    if rules.waits:
        value, at = _with_silence(look, value, at)
    less = _turned_parts(look, value, at)
    found = look.harm(rules.metric, 0.0, *less)
    low, high = _bounds(look, less[1])
    scale = rules.highest - rules.lowest
    champion, challenger = (
        None if mean is None else rules.lowest + scale * (1 - mean) for mean in (found.champion, found.challenger)
    )
    found = replace(found, champion=champion, challenger=challenger, low=scale * low, high=scale * high)
    more = look.harm(f"{rules.metric}_better", 0.0, *(map(_turned, less)))
    better = replace(more, limit=1 / rules.alpha, stops="", champion=None, challenger=None)
    return [replace(found, strange=strange), better]


def _turned_parts(look: Seen, value: Floats, at: Floats) -> tuple[Measured, Measured]:
    """Requests in shadow, which are none, and those that were drawn; the less, the worse."""
    nothing = np.where(look.shadow, np.nan, 1 - value)
    return look.parts(nothing, at)


def _bounds(look: Seen, served: Measured) -> tuple[float, float]:
    """Ends for new minus old of the metric itself, as a share of its range."""
    chance = look.draws.chance[served.place]
    known = np.isfinite(chance)
    new = look.rows.new[served.place[known]]
    return difference_bounds(1 - served.value[known], new, chance[known], min(look.alpha, 0.49))


def _column(look: Seen, name: str, lowest: float, highest: float) -> tuple[Floats, Floats, int]:
    """A column of feedback between 0 and 1, when it came, and how many of its values lie outside or are no numbers."""
    said, at = told(look.log, look.rows, name, look.begun, look.now)
    value = (as_numbers(said) - lowest) / (highest - lowest)
    inside = (value >= 0) & (value <= 1)
    came = np.array([item is not None for item in said.tolist()], dtype=bool) & ~(look.shadow & look.rows.new)
    return np.where(inside, value, np.nan), at, int((came & ~inside).sum())


def _with_silence(look: Seen, value: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Requests of which nothing came in time count as the lowest, those that came too late too."""
    end = look.rows.at + look.rules.waits
    in_time = np.isfinite(value) & (at < end)
    over: Bools = end <= look.now
    return np.where(over, np.where(in_time, value, 0.0), np.nan), end


def columns(look: Seen) -> list[Evidence]:
    """Further columns, of which less or more is worse, by more than the rules allow."""
    found = []
    for name, sign in [*((name, -1) for name in look.rules.may_fall), *((name, 1) for name in look.rules.may_rise)]:
        value, at, strange = _column(look, name, 0.0, 1.0)
        worse = look.parts(np.where(look.shadow, np.nan, value if sign > 0 else 1 - value), at)
        one = replace(look.harm(name, look.rules.most_worse, *worse), strange=strange)
        found.append(one if sign > 0 else _as_right(one))
    return found


__all__ = ["LABEL", "columns", "labels", "metric"]

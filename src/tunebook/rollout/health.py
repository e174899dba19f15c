"""Gates that need neither answers nor feedback: errors, slowness, and the shares of the arms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tunebook.rollout.evidence import Evidence
from tunebook.rollout.rows import Floats
from tunebook.rollout.seen import Seen
from tunebook.rollout.streams import arm_counts, measured
from tunebook.stats.e_process import log_e, log_wealths
from tunebook.stats.sample_ratio import log_sample_ratio

REFERENCE = 200  # first requests of the champion, which say what is slow and how far numbers spread
WINDOW = 5.0
_SLOW = 0.99
_MORE = 1 - _SLOW  # share of the requests that may be slow beside those that are so with the champion
_LEAST = 1e-6


def errors(look: Seen) -> Evidence:
    """Answers that are an error of ours. Every request counts, not one of each unit: where few users ask much, a model
    that fails must be seen."""
    value = look.rows.failed.astype(np.float64)
    found = look.harm("errors", look.rules.most_errors, *look.parts(value, look.rows.at, every=True))
    last = measured(look.rows, value, look.rows.at, look.alone & look.rows.new).value
    return _at_last_stage(look, found, value, look.rules.most_errors, last)


def latency(look: Seen) -> Evidence:
    """Requests beyond `most_slower` times the 99th percentile of the champion's first ones.

    Of stages that both share: in shadow the new one works beside the live one's passes, so that even the same model is
    slower there, and nobody waits for it. What happens within `WINDOW` seconds
    counts once, as the difference of both means: other work on the machine makes many requests in a row slow, of one
    model alone if its queue grows, and says no more than a single one.
    """
    rows = look.rows
    value = np.full(len(rows), np.nan)
    usual = np.flatnonzero(~look.shadow & ~rows.new)[:REFERENCE]
    if len(usual) == REFERENCE:
        limit = look.rules.most_slower * float(np.quantile(rows.seconds[usual], _SLOW, method="higher"))
        later = ~look.shadow & (np.arange(len(rows)) > usual[-1])
        value[later] = rows.seconds[later] > limit
    apart = _windows(look, value)
    known = np.isfinite(value)
    of_old, of_new = (float(value[of].mean()) if of.any() else None for of in (known & ~rows.new, known & rows.new))
    found = Evidence("latency", log_e(log_wealths(apart, -1.0, _MORE)), 1 / look.alpha, "abort", of_old, of_new)
    alone = known & rows.new & look.alone
    window = np.floor((rows.at[alone] - look.begun) / WINDOW)
    _, which, counts = np.unique(window, return_inverse=True, return_counts=True)
    found = _at_last_stage(look, found, value, _MORE, np.bincount(which, weights=value[alone]) / counts)
    return replace(found, n=int((known & rows.new).sum()))


def _windows(look: Seen, value: Floats) -> Floats:
    """Mean of the new one minus that of the old one in each window of a stage in which both are known, by time; of
    units that were drawn their first request at the stage."""
    rows, known = look.rows, np.isfinite(value) & look.draws.first
    if not known.any():
        return np.zeros(0)
    window = np.floor((rows.at[known] - look.begun) / WINDOW) * (len(look.rules.stages) + 1) + rows.stage[known]
    _, which = np.unique(window, return_inverse=True)
    sums = [np.bincount(which, weights=value[known] * of) for of in (rows.new[known], ~rows.new[known])]
    counts = [np.bincount(which, weights=of) for of in (rows.new[known], ~rows.new[known])]
    both = (counts[0] > 0) & (counts[1] > 0)
    found: Floats = sums[0][both] / counts[0][both] - sums[1][both] / counts[1][both]
    return found


def _at_last_stage(look: Seen, found: Evidence, value: Floats, margin: float, last: Floats) -> Evidence:
    """With the last stage, which nobody shares: against what the champion's share was until then."""
    rows = look.rows
    of_old = value[~rows.new & np.isfinite(value)]
    usual = float(of_old.mean()) if len(of_old) else 0.0
    more = log_e(log_wealths(last, 0.0, min(max(usual + margin, _LEAST), 1.0)))
    return replace(found, log_e=(found.log_e or 0.0) + more, n=found.n + len(last))


def sample_ratio(look: Seen) -> Evidence:
    """Whether each arm gets the units that it should. If not, something on the way loses or moves them, and nothing
    that is compared can be trusted."""
    counts = arm_counts(look.rows, look.draws)
    found = sum(log_sample_ratio(count, (chance, 1 - chance)) for count, chance in counts)
    new, every = sum(int(count[0]) for count, _ in counts), sum(int(count.sum()) for count, _ in counts)
    due = sum(int(count.sum()) * chance for count, chance in counts)
    shares = (due / every, new / every) if every else (None, None)
    return Evidence("sample_ratio", float(found), 1 / look.alpha, "hold", shares[0], shares[1], every)


__all__ = ["REFERENCE", "WINDOW", "errors", "latency", "sample_ratio"]

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
_SLOW = 0.99
_MORE = 1 - _SLOW  # share of the requests that may be slow beside those that are so with the champion
_LEAST = 1e-6


def errors(look: Seen) -> Evidence:
    """Answers that are an error of ours. Every request counts, not one of each unit: where few users ask much, a model
    that fails must be seen."""
    value = look.rows.failed.astype(np.float64)
    return _with_last_stage(look, "errors", value, look.rules.most_errors, every=True)


def latency(look: Seen) -> Evidence:
    """Requests beyond `most_slower` times the 99th percentile of the champion's first ones.

    In shadow it is the model's own time that counts, for nobody waits for it.
    """
    rows = look.rows
    value = np.full(len(rows), np.nan)
    for among, seconds in ((look.shadow, rows.work), (~look.shadow, rows.seconds)):
        known = np.flatnonzero(among & ~rows.new)[:REFERENCE]
        if len(known) == REFERENCE:
            limit = look.rules.most_slower * float(np.quantile(seconds[known], _SLOW, method="higher"))
            later = among & (np.arange(len(rows)) > known[-1])
            value[later] = seconds[later] > limit
    return _with_last_stage(look, "latency", value, _MORE, every=False)


def _with_last_stage(look: Seen, name: str, value: Floats, margin: float, *, every: bool) -> Evidence:
    """As `Seen.harm`; at the last stage, which nobody shares, against what the champion's share was until then."""
    rows = look.rows
    found = look.harm(name, margin, *look.parts(value, rows.at, every=every))
    last = measured(rows, value, rows.at, look.alone & rows.new)
    of_old = value[~rows.new & np.isfinite(value)]
    usual = float(of_old.mean()) if len(of_old) else 0.0
    more = log_e(log_wealths(last.value, 0.0, min(max(usual + margin, _LEAST), 1.0)))
    return replace(found, log_e=(found.log_e or 0.0) + more, n=found.n + len(last.value))


def sample_ratio(look: Seen) -> Evidence:
    """Whether each arm gets the units that it should. If not, something on the way loses or moves them, and nothing
    that is compared can be trusted."""
    counts = arm_counts(look.rows, look.draws)
    found = sum(log_sample_ratio(count, (chance, 1 - chance)) for count, chance in counts)
    new, every = sum(int(count[0]) for count, _ in counts), sum(int(count.sum()) for count, _ in counts)
    due = sum(int(count.sum()) * chance for count, chance in counts)
    shares = (due / every, new / every) if every else (None, None)
    return Evidence("sample_ratio", float(found), 1 / look.alpha, "hold", shares[0], shares[1], every)


__all__ = ["REFERENCE", "errors", "latency", "sample_ratio"]

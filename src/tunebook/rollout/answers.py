"""What can be told of two models from their answers alone: whether one says the same to everybody, and how far they
agree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.rollout.evidence import Evidence
from tunebook.rollout.health import REFERENCE
from tunebook.rollout.rows import Floats, Ints
from tunebook.rollout.seen import Seen
from tunebook.rollout.streams import Pairs, measured, once, paired
from tunebook.stats.e_process import log_e, log_wealths

_BINS = 0.5  # of the standard deviation of the champion's numbers: nearer ones are alike


def spread(look: Seen) -> Evidence:
    """Two requests in a row that get the same answer, much more often than from the champion."""
    code, limit = answer_codes(look), look.rules.most_alike
    shadow = _alike_in_shadow(code, _compared(look, code))
    served = measured(look.rows, _values(code), look.rows.at, look.draws.served & (look.rows.number == 0))
    place = once(served, look.draws).place
    times, of_old = _turns(look, code, place[~look.rows.new[place]])
    when, of_new = _turns(look, code, place[look.rows.new[place]])
    before = np.searchsorted(times, when)  # what was known of the champion at that time
    usual = (np.concatenate([[0.0], np.cumsum(of_old)])[before] + 1) / (before + 1)  # nothing: all may be alike
    wealth = log_wealths(shadow, -1.0, limit) + log_wealths(of_new, 0.0, np.minimum(usual + limit, 1.0))
    champion, challenger = (float(part.mean()) if len(part) else None for part in (of_old, of_new))
    n = len(shadow) + len(of_new)
    return Evidence("spread", log_e(wealth), 1 / look.alpha, "abort", champion, challenger, n)


def answer_codes(look: Seen) -> Ints:
    """A number for each answer, the same for answers that are alike; -1 where there is none."""
    labels = look.rows.label
    if not numbers(look):
        _, code = np.unique(labels.astype(str), return_inverse=True)
        return np.where(labels == "", -1, code).astype(np.int64)
    value = as_numbers(labels)
    first = value[~look.rows.new & np.isfinite(value)][:REFERENCE]
    width = _BINS * float(first.std()) if len(first) == REFERENCE else 0.0
    if width <= 0:
        return np.full(len(labels), -1)
    bins = np.floor(np.nan_to_num(value) / width).astype(np.int64)
    return np.where(np.isfinite(value), bins - bins.min(), -1)


def numbers(look: Seen) -> bool:
    """Whether the model answers with numbers."""
    return not look.labels.names and look.labels.low is not None


def as_numbers(values: NDArray[Any]) -> Floats:
    """Texts as numbers, NaN where they are none."""
    return np.array([_number(value) for value in values.tolist()], dtype=np.float64)


def _number(value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return float("nan")
    return found if np.isfinite(found) else float("nan")


def agreement(look: Seen) -> Evidence:
    """Share of the requests in shadow that both answer alike. It is told; which of two answers is right, nobody
    knows."""
    code = answer_codes(look)
    pairs = _compared(look, code)
    same = code[pairs.new] == code[pairs.old]
    return Evidence("agreement", challenger=float(same.mean()) if len(same) else None, n=len(same))


def shares(look: Seen) -> Evidence:
    """How far the shares of the answers differ: 0 for the same, 1 for none in common. It is told, for they may well
    differ where a model is better."""
    code, new = answer_codes(look), look.rows.new
    known = code >= 0
    counts = [np.bincount(code[known & of], minlength=int(code.max(initial=0)) + 1) for of in (~new, new)]
    totals = [int(count.sum()) for count in counts]
    apart = float(np.abs(counts[0] / totals[0] - counts[1] / totals[1]).sum() / 2) if all(totals) else None
    return Evidence("answer_shares", challenger=apart, n=totals[1])


def _values(code: Ints) -> Floats:
    return np.where(code >= 0, code, np.nan)


def _compared(look: Seen, code: Ints) -> Pairs:
    """The first text of each request that both have answered in shadow."""
    return paired(look.rows, measured(look.rows, _values(code), look.rows.at, look.shadow & (look.rows.number == 0)))


def _alike_in_shadow(code: Ints, pairs: Pairs) -> Floats:
    """Of each two requests in turn that both have answered: whether the new one says the same, minus the old one."""
    two = len(pairs.old) // 2 * 2
    of_new, of_old = code[pairs.new][:two], code[pairs.old][:two]
    found: Floats = np.subtract(of_new[::2] == of_new[1::2], of_old[::2] == of_old[1::2], dtype=np.float64)
    return found


def _turns(look: Seen, code: Ints, places: Ints) -> tuple[Floats, Floats]:
    """Of each two of these rows in turn: when the second came, and whether both got the same answer."""
    two = len(places) // 2 * 2
    one, other = places[:two:2], places[1:two:2]
    return look.rows.at[other], (code[one] == code[other]).astype(np.float64)


__all__ = ["agreement", "answer_codes", "as_numbers", "numbers", "shares", "spread"]

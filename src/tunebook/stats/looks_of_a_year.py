"""How much of the chance of a false alarm a look may use up, and which signals of a look raise an alarm with it."""

from __future__ import annotations

from collections.abc import Sequence


def share_of_look(number: int, elapsed: float) -> float:
    """The share of a year's error that a look may spend: half of it goes by the clock, half by the number of the look.

    The shares of all looks of a year add up to less than 1, however many there are and whenever they are taken:
    elapsed times add up to 1 at most, and 1 / (t (t + 1)) over t = 1, 2, ... to less than 1. By the clock alone a burst
    of looks would have nothing to spend; by the number alone, the thousandth look would not.

    Args:
        number: of the look in its year, from 1.
        elapsed: since the look before, as a share of the year; below 0, of a clock that went back, counts as 0.

    Source: spending by the clock is Lan and DeMets, Discrete sequential boundaries for clinical trials, 1983.
    """
    if number < 1:
        raise ValueError(f"{number} is no number of a look")
    return (min(max(elapsed, 0.0), 1.0) + 1 / (number * (number + 1))) / 2


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses are rejected so that any false rejection at all has a chance of alpha at most, whatever the
    p-values have to do with each other.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    rejected = [False] * len(p_values)
    for rank, place in enumerate(order):
        if p_values[place] > alpha / (len(p_values) - rank):
            break
        rejected[place] = True
    return rejected


__all__ = ["holm", "share_of_look"]

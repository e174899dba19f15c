"""Whether another base model that is on this machine makes more of the rows than the run does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebook.core.formatting import share_text
from tunebook.core.localized import Text, localized
from tunebook.diagnosis.better import p_of_less
from tunebook.diagnosis.cause import SURE, Try, candidate

Wrong = NDArray[np.float64]


@dataclass(frozen=True)
class Base:
    """A base model, and where a linear probe of it is wrong, shape (N,)."""

    name: str
    wrong: Wrong


def best_base(own: str, probed: Callable[[str], Wrong]) -> Base | None:
    """Of the built-in ones that are here, nobody had to agree to terms for and the run is not made of, the one whose
    probe errs least; None where there is none.

    Args:
        own: the run's. probed: where a probe of a base model is wrong.
    """
    from tunebook.models.source import BUILTIN, TERMS, builtin_state

    names = [name for name in BUILTIN if name not in (*TERMS, own) and builtin_state(name) != "missing"]
    return min((Base(name, probed(name)) for name in names), key=lambda one: one.wrong.mean(), default=None)


def told(base: Base | None) -> Iterator[Text]:
    """What it errs, in a sentence; nothing without one."""
    if base is not None:
        yield localized("causes.base", base=base.name, wrong=share_text(float(base.wrong.mean())))


def steps(base: Base | None, run: Wrong) -> list[Try]:
    """To take it, where its probe errs less than the run; and to compare more of them."""
    more = Try(kind="command", why=localized("causes.bases"), command="tunebook bases BOOK")
    if base is None or p_of_less(run, base.wrong) > SURE:
        return [more]
    return [candidate(localized("causes.take_base"), base_model=base.name), more]


__all__ = ["Base", "best_base", "steps", "told"]

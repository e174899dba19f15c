"""Whether another base model that is on this machine makes more of the rows than the run does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.formatting import share_text
from tunebook.core.localized import Text, localized
from tunebook.diagnosis.cause import SURE, Try, candidate
from tunebook.diagnosis.probe import crossed

if TYPE_CHECKING:
    from tunebook.diagnosis.seen import Seen


@dataclass(frozen=True)
class Base:
    """A base model, and where a linear probe of it is wrong, shape (N,)."""

    name: str
    wrong: NDArray[np.float64]


def best_base(seen: Seen) -> Base | None:
    """Of the built-in ones that are here, nobody had to agree to terms for and the run is not made of, the one whose
    probe errs least; None where there is none."""
    from tunebook.models.source import BUILTIN, TERMS, builtin_state

    run = seen.looked.run
    names = [name for name in BUILTIN if name not in (*TERMS, run.plan.model) and builtin_state(name) != "missing"]
    return min((Base(name, _wrong(seen, name)) for name in names), key=lambda one: one.wrong.mean(), default=None)


def _wrong(seen: Seen, name: str) -> NDArray[Any]:
    from tunebook.diagnosis.frozen import frozen

    known, rows = (frozen(seen.looked.run, side, seen.progress, name) for side in (seen.train, seen.rows))
    said = crossed(known, seen.train_true, len(seen.names)).probe.logits(rows).argmax(1)
    return np.asarray(said != seen.true, dtype=np.float64)


def told(seen: Seen) -> Iterator[Text]:
    """What the best of them errs, in a sentence; nothing without one."""
    if seen.base is not None:
        yield localized("causes.base", base=seen.base.name, wrong=share_text(float(seen.base.wrong.mean())))


def steps(seen: Seen) -> list[Try]:
    """To take it, where its probe errs less than the run; and to compare more of them."""
    from tunebook.diagnosis.better import p_of_less

    more = Try(kind="command", why=localized("causes.bases"), command="tunebook bases BOOK")
    if seen.base is None or p_of_less(seen.mass, seen.base.wrong) > SURE:
        return [more]
    return [candidate(localized("causes.take_base"), base_model=seen.base.name), more]


__all__ = ["Base", "best_base", "steps", "told"]

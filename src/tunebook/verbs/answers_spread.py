"""Answers for many rows, shared out among the machines of a cluster where a command has one.

Rows are cut after they were read here, in the order of the file, and each machine answers its rows as this one would.
An engine's own reader of files (that of Ray Data) would read cells otherwise than books do: numbers for labels, empty
cells, encodings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from tunebook.core.task import Rows
from tunebook.verbs.asking import ROWS, Asking
from tunebook.verbs.engines.parcels import travels
from tunebook.verbs.engines.seam import Needs, Spreads, Where, chosen

_EACH = 4  # parts for each place of a machine, so that no machine waits long for the last one


@dataclass(frozen=True)
class _Part:
    """Rows, and what is asked of them."""

    asking: Asking
    rows: Rows


def answers_to(asking: Asking, rows: Rows) -> list[dict[str, Any]]:
    """An answer for each row, as `Asking.answers`; here where there is no cluster, or the model needs other runs."""
    engine = chosen()
    if not isinstance(engine, Spreads) or not _travels(asking):
        return asking.answers(rows)
    size = asking.how.get("batch_size") or ROWS
    each = max(1, -(-len(rows) // (_EACH * engine.room * size))) * size  # whole batches
    sent = replace(asking, how={**asking.how, "progress": None, "chosen": None}, run=None)
    parts = [_Part(sent, rows.at(slice(start, start + each))) for start in range(0, len(rows), each)]
    found = engine.spread(_answer, parts, _needs(asking), asking.how.get("progress"))
    return list(chain.from_iterable(found))


def _answer(part: _Part, where: Where) -> list[dict[str, Any]]:
    """The answers to a part, wherever that is."""
    asking = part.asking
    plan = asking.plan.model_copy(update={"data_path": where(asking.plan.data_path)})
    return replace(asking, folder=where(asking.folder), plan=plan).answers(part.rows)


def _travels(asking: Asking) -> bool:
    from tunebook.engine.partial_model import is_partial

    return travels(asking.plan) or not is_partial(asking.folder)


def _needs(asking: Asking) -> Needs:
    """The model, the rows of the book, among which some answers are found, and the base where it is kept apart."""
    from tunebook.engine.partial_model import is_partial

    models = (asking.plan.model,) if is_partial(asking.folder) else ()
    return Needs((asking.folder, asking.plan.data_path), models)


__all__ = ["answers_to"]

"""How a run reads rows: what is cut off, what its tokenizer does not know, and whether such rows are worse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.diagnosis.records import Halves
from tunebook.diagnosis.shares import apart, share_of
from tunebook.stats.worst_parts import parts_of, worse_parts

if TYPE_CHECKING:
    from tunebook.diagnosis.looked import Looked

Array = NDArray[Any]
Key = Literal["cut", "unknown", "strange"]
_IDS = 50


@dataclass(frozen=True)
class Reading:
    """How rows are read, shape (N,) each: whether the end is lost, and how many tokens are unknown."""

    cut: NDArray[np.bool_]
    unknown: NDArray[np.int64]


def reading(looked: Looked) -> Reading:
    """Ask the run's tokenizer, no model; nothing is cut or unknown where rows have no line of their own."""
    from tunebook.engine.load import Net
    from tunebook.models.source import load_tokenizer

    task, params = looked.task, looked.run.plan.params
    reader = load_tokenizer(looked.run.model)
    net = Net(task, None, reader, params.max_length)
    seen = task.seen(looked.rows, params)
    encoded = net.encoded(seen, looked.progress, looked.run.book / "cache")
    nothing = Reading(np.zeros(len(seen), dtype=bool), np.zeros(len(seen), dtype=np.int64))
    if "input_ids" not in encoded.flat or len(encoded) != len(seen) or not encoded.lengths.all():
        return nothing
    unknown = -1 if reader.unk_token_id is None else int(reader.unk_token_id)
    strange = np.add.reduceat(encoded.flat["input_ids"] == unknown, encoded.offsets[:-1])
    return Reading(net.cut(seen, encoded), strange.astype(np.int64))


def halves(looked: Looked, key: Key, rows: Array) -> Halves:
    """Rows with something (a mask, shape (N,)) beside those without it."""
    share = share_of(rows.astype(np.float64), looked.units)
    inside, outside = (share_of(looked.mass, looked.units, side) for side in (rows, ~rows))
    assert share is not None  # a split that is looked at has rows
    known = inside is not None and outside is not None
    tested = worse_parts(parts_of(rows[None, :]), looked.mass, looked.units) if known else None
    wrong = np.flatnonzero(rows & looked.wrong)[:_IDS]
    return Halves(
        key=key,
        rows=int(rows.sum()),
        share=share,
        errors_with=inside,
        errors_without=outside,
        difference=apart(inside, outside) if inside is not None and outside is not None else None,
        p_value=1.0 if tested is None else float(tested.p_value[0]),
        ids=[str(looked.rows.ids[row]) for row in wrong],
    )


__all__ = ["Key", "Reading", "halves", "reading"]

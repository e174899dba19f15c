"""Models of different sizes beside one another: what each takes, how quick it is, and what of the score it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.runtime import Bundle
from tunebook.core.errors import DataError, RefusedError
from tunebook.core.nouns import Interval, Record
from tunebook.export.latency import Latency, alternate
from tunebook.export.record import size_of

if TYPE_CHECKING:
    from tunebook.export.source import Source

Words = Literal["kept", "open", "lost"]
BATCHES = (1, 32)


class Change(Record):
    """The score of a smaller model less that of the original, on the same rows.

    Attributes:
        metric: the headline of the task; before, after: the score of each; gain: after less before, paired by row.
        equal: share of the rows with the same decision; rows: how many there are; limit: how much may be lost, where
            that was looked at.
    """

    metric: str
    before: float
    after: float
    gain: Interval
    equal: float
    rows: int
    limit: float | None = None

    def verdict(self, most_loss: float) -> Words:
        """`kept`: it is shown that no more than this is lost; `lost`: more was lost on these rows; `open`: neither."""
        if not self.gain.value >= -most_loss:
            return "lost"
        return "kept" if self.gain.low >= -most_loss else "open"

    def rows_needed(self, most_loss: float) -> int:
        """About so many rows would show it, if the score stayed as it is; 0 where these do."""
        room, half = self.gain.value + most_loss, self.gain.value - self.gain.low
        if half <= room:
            return 0
        return math.ceil(self.rows * (half / room) ** 2) if room > 0 else -1


class Row(Record):
    """A line of the table.

    Attributes:
        name: of the model; bytes: of its folder, zipped: of the same, compressed.
        latency: rows of a batch -> how long it takes, beside the first line's model; change: None for the original.
    """

    name: str
    bytes: int
    zipped: int
    latency: dict[int, Latency]
    change: Change | None = None


def change(source: Source, answers: NDArray[np.float32]) -> Change:
    """What answers of a smaller model to the validation rows are worth beside those of the run.

    Args:
        answers: shape (N, k), as a bundle's `matrix` gives them.

    Raises:
        DataError: `shrink.no_rows`: there are no validation rows with labels.
    """
    from tunebook.data.load import group_codes
    from tunebook.stats.bootstrap import Units
    from tunebook.verbs.steps.ahead import ahead

    rows, labels, task = source.validation, source.plan.labels, source.task
    if rows.targets is None or not len(rows):
        raise DataError("shrink.no_rows", key=source.run)
    metric = task.headline(labels)
    units = Units.of(len(rows), group_codes(rows, source.data.roles))
    gain = ahead(task, metric, (answers, rows, labels), (source.said, rows, labels), units)
    scores = [task.scores(side, rows.targets, labels)[metric] for side in (source.said, answers)]
    said = [task.decided(side, labels) for side in (source.said, answers)]
    equal = float((said[0] == said[1]).reshape(len(rows), -1).all(axis=1).mean())
    return Change(metric=metric, before=scores[0], after=scores[1], gain=gain, equal=equal, rows=len(rows))


def check(found: Change, most_loss: float, run: str) -> Words:
    """Whether a smaller model may be kept: `kept`, or `open` where too few rows say so.

    Raises:
        RefusedError: `shrink.loses`: it loses more of the score than the book allows.
    """
    word = found.verdict(most_loss)
    if word == "lost":
        value = f"{found.before:.4f} -> {found.after:.4f}"
        raise RefusedError("shrink.loses", key=run, value=value, metric=found.metric, allowed=f"{most_loss:g}")
    return word


def measure(
    bundles: Mapping[str, Bundle],
    rows: Sequence[Any],
    changes: Mapping[str, Change],
    *,
    batches: Sequence[int] = BATCHES,
    rounds: int = 60,
) -> list[Row]:
    """A line for each bundle; the first is the one that the others are compared with.

    Args:
        bundles: of one task and tokenizer but for the vocabulary; rows: texts, or pairs of them.
        changes: name -> what it costs, of all but the original.
        batches: rows that are asked for together.
    """
    asked = {name: _ask(bundle) for name, bundle in bundles.items()}
    times = {size: alternate(asked, rows, size, rounds=rounds) for size in batches}
    return [
        Row(
            name=name,
            bytes=size_of(bundle.folder),
            zipped=zipped(bundle),
            latency={size: found[name] for size, found in times.items()},
            change=changes.get(name),
        )
        for name, bundle in bundles.items()
    ]


def zipped(bundle: Bundle) -> int:
    """Bytes of the model's file when it is compressed, which is what zeros of pruned weights are good for."""
    import zlib

    packer, size = zlib.compressobj(1), 0
    for path in sorted(bundle.folder.glob("*.onnx*")):
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                size += len(packer.compress(block))
    return size + len(packer.flush())


def _ask(bundle: Bundle) -> Any:
    def ask(rows: Sequence[Any]) -> object:
        pairs = [row[1] for row in rows] if rows and isinstance(rows[0], tuple) else None
        texts = [row[0] for row in rows] if pairs is not None else list(rows)
        return bundle.outputs(bundle.read(texts, pairs))

    return ask


__all__ = ["BATCHES", "Change", "Row", "Words", "change", "check", "measure", "zipped"]

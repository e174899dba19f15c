"""Rows that models are examined on: a split of the book, or a file of challenges; and what a model answered there."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import fits
from tunebook.core.errors import DataError
from tunebook.core.files import part_of
from tunebook.core.hashing import content_id, file_id, lines_id
from tunebook.core.nouns import DataRef, Split
from tunebook.core.progress import Progress
from tunebook.core.task import Rows
from tunebook.data.groups import group_codes
from tunebook.data.outside import outside_rows
from tunebook.verbs.runs import Run

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel

Array = NDArray[Any]
_CUT = (ValueError, LookupError, EOFError, BadZipFile, zlib.error, NotImplementedError)  # of damaged files: made anew


@dataclass(frozen=True)
class Exam:
    """Rows with their labels.

    Attributes:
        name: `validation`, or the name of a file.
        place: folder in a run where the answers are kept.
        rows: texts and targets; never without targets.
        key: hash of texts and targets.
        groups: number of the group of each row, shape (N,); None where each row stands for itself.
    """

    name: str
    place: str
    rows: Rows
    key: str
    groups: Array | None = None

    @property
    def count(self) -> int:
        """Number of groups; 0 where each row stands for itself."""
        return 0 if self.groups is None else len(np.unique(self.groups))

    @property
    def units(self) -> int | Array:
        """What `multi_bootstrap` draws: so many rows, or the groups that these numbers name."""
        return len(self.rows) if self.groups is None else self.groups

    @property
    def targets(self) -> Array:
        """The true labels, as `Rows.targets`."""
        assert self.rows.targets is not None
        return self.rows.targets

    def fits(self, logits: Array) -> bool:
        """Whether these may be answers to the rows."""
        return fits(logits, len(self.rows), self.targets)


def split_exam(data: DataRef, split: Split) -> Exam:
    """The rows of a split of the book.

    Raises:
        DataError: the split is empty or damaged.
    """
    from tunebook.data.load import load

    if not data.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in data.rows.items() if n))
    rows = load(data, split)
    return Exam(split, split, rows, _key(rows), group_codes(rows, data.roles))


def file_exam(data: DataRef, path: Path) -> Exam:
    """The rows of a file, with texts and labels under the book's column names and labels as in the book's data.

    Raises:
        DataError: as `outside_rows`.
    """
    rows = outside_rows(data, path)
    return Exam(path.name, f"challenges/{file_id(path)}", rows, _key(rows))


def _key(rows: Rows) -> str:
    targets = np.ascontiguousarray(rows.targets)
    return content_id([lines_id([*rows.texts, *(rows.pairs or ())], 64), targets.shape, targets.tolist()], 24)


def kept_logits(run: Run, exam: Exam) -> Array | None:
    """What a run's model answered before on these very rows, shape (N, outputs); None where it was not asked, or
    its answers are damaged."""
    path = run.path / exam.place / "logits.npz"
    if not path.is_file():
        return None
    with suppress(OSError, *_CUT), path.open("rb") as stream:
        stored = np.load(stream)
        if str(stored["key"]) == exam.key and exam.fits(logits := np.asarray(stored["logits"])):
            return logits
    return None


def logits_of(run: Run, exam: Exam, model: Callable[[], LoadedModel], progress: Progress | None = None) -> Array:
    """What a run's model answers on these rows, kept in the run so that nothing is predicted twice.

    Args:
        model: loads the model; called where the answers are not kept yet.
    """
    known = kept_logits(run, exam)
    if known is not None:
        return known
    logits = model().logits(exam.rows, progress)
    with part_of(run.path / exam.place / "logits.npz") as part, part.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, logits=logits, key=np.array(exam.key))
    return logits


__all__ = ["Exam", "file_exam", "kept_logits", "logits_of", "split_exam"]

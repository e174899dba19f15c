"""Rows that models are examined on: a split of the book, or a file of challenges; and what a model answered there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.hashing import content_id, file_id, lines_id
from tunebook.core.nouns import DataRef, Labels, Split
from tunebook.core.progress import Progress
from tunebook.core.task import Rows
from tunebook.data.label_kind import number_of, split_label
from tunebook.verbs.runs import Run

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel

Array = NDArray[Any]


@dataclass(frozen=True)
class Exam:
    """Rows with their labels.

    Attributes:
        name: `validation`, or the name of a file.
        place: folder in a run where the answers are kept.
        rows: texts and targets; never without targets.
        key: hash of texts and targets.
    """

    name: str
    place: str
    rows: Rows
    key: str

    @property
    def targets(self) -> Array:
        """The true labels, as `Rows.targets`."""
        assert self.rows.targets is not None
        return self.rows.targets


def split_exam(data: DataRef, split: Split) -> Exam:
    """The rows of a split of the book.

    Raises:
        DataError: the split is empty or damaged.
    """
    from tunebook.data.load import load

    if not data.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in data.rows.items() if n))
    rows = load(data, split)
    return Exam(split, split, rows, _key(rows))


def file_exam(data: DataRef, path: Path) -> Exam:
    """The rows of a file, with texts and labels under the book's column names and labels as in the book's data.

    Raises:
        DataError: a row cannot be read, a column is missing, `ab.challenge_label` for a label that the book lacks.
    """
    from tunebook.data.clean import clean_text
    from tunebook.data.options import DataOptions
    from tunebook.data.read import read
    from tunebook.verbs.predict import refuse_lost_rows, text_of

    source = read(path, DataOptions())
    refuse_lost_rows(source)
    columns = source.table.to_pydict()
    roles, rules = data.roles, data.stats["cleaning"]["rules"]
    if roles.label not in columns:
        raise DataError("ab.challenge_column", key=str(path), value=roles.label, allowed=" | ".join(columns))
    texts = [clean_text(text, rules) for text in text_of(columns, roles.text, path)]
    pairs = [clean_text(text, rules) for text in text_of(columns, roles.text_pair, path)] if roles.text_pair else None
    if len(texts) < 2:
        raise DataError("ab.challenge_rows", key=str(path), value=len(texts))
    targets = _targets(columns[roles.label], data, path)
    rows = Rows(texts, pairs, targets, [str(number) for number in range(len(texts))])
    return Exam(path.name, f"challenges/{file_id(path)}", rows, _key(rows))


def _key(rows: Rows) -> str:
    targets = np.ascontiguousarray(rows.targets)
    return content_id([lines_id([*rows.texts, *(rows.pairs or ())], 64), targets.shape, targets.tolist()], 24)


def _targets(column: Sequence[Any], data: DataRef, path: Path) -> Array:
    labels = data.labels
    if labels.problem == "regression":
        numbers = [number_of(str(cell).strip()) for cell in column]
        _refuse([str(cell) for cell, number in zip(column, numbers, strict=True) if number is None], path, labels)
        return np.array(numbers, dtype=np.float32)
    several = labels.problem == "multi_label"
    cells = [_names(cell, data) if several else [_name(cell, data)] for cell in column]
    _refuse([name for names in cells for name in names if name not in labels.names], path, labels)
    if not several:
        codes = [labels.names.index(names[0]) for names in cells]
        return np.array(codes, dtype=np.int64 if labels.problem == "single_label" else np.float32)
    targets = np.zeros((len(cells), len(labels.names)), dtype=np.float32)
    for row, names in enumerate(cells):
        targets[row, [labels.names.index(name) for name in names]] = 1.0
    return targets


def _names(cell: Any, data: DataRef) -> list[str]:
    """Labels of a cell that may hold several."""
    parts = cell if isinstance(cell, list) else split_label(str(cell or ""), data.stats.get("separator"))
    return [_name(part, data) for part in parts if str(part).strip()]


def _name(cell: Any, data: DataRef) -> str:
    """A label as the book calls it."""
    written = str(cell).strip()
    given = (data.stats.get("preset") or {}).get("label_names")
    tidy = str((data.stats.get("merged_labels") or {}).get(written, written))
    named = str(given.get(tidy, tidy)) if isinstance(given, dict) else tidy
    folded = {name.casefold(): name for name in data.labels.names}
    return named if named in data.labels.names else folded.get(named.casefold(), named)


def _refuse(unknown: Sequence[str], path: Path, labels: Labels) -> None:
    if unknown:
        allowed = " | ".join(labels.names[:20]) or "0.5"
        raise DataError("ab.challenge_label", key=str(path), value=unknown[0], allowed=allowed)


def kept_logits(run: Run, exam: Exam) -> Array | None:
    """What a run's model answered before on these very rows, shape (N, outputs); None where it was not asked."""
    path = run.path / exam.place / "logits.npz"
    if not path.is_file():
        return None
    with suppress(OSError, ValueError, KeyError, EOFError, BadZipFile), path.open("rb") as stream:  # cut off: anew
        stored = np.load(stream)
        if str(stored["key"]) == exam.key:
            return np.asarray(stored["logits"])
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
    folder = run.path / exam.place
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".logits.{secrets.token_hex(4)}.part"  # another test may write the same one
    try:
        with part.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, logits=logits, key=np.array(exam.key))
        part.replace(folder / "logits.npz")
    finally:
        part.unlink(missing_ok=True)
    return logits


__all__ = ["Exam", "file_exam", "kept_logits", "logits_of", "split_exam"]

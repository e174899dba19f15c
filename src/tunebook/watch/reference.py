"""What new rows are held against: rows of the book, as a run reads and answers them, kept in the book."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tunebook.core.files import content_id
from tunebook.core.nouns import Split
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Rows, Task
from tunebook.requests.sketch import language, sketch
from tunebook.verbs.steps.answers import answers, model_key, place_of
from tunebook.verbs.steps.calibration import calibration_of
from tunebook.verbs.steps.runs import Run
from tunebook.watch.rows import Watched, joined, vectors_of, watched
from tunebook.watch.short import short, word

if TYPE_CHECKING:
    from tunebook.core.nouns import DataRef

FOLDER = "watch"
_MOST = 4000  # rows of a split
_APART = 1e-3  # p-value from which on the training rows are taken for others than the validation rows
_FORM = 1
_SPLITS: tuple[Split, ...] = ("train", "validation")
_CLASSES = {"label", "score", "scores"}


@dataclass(frozen=True)
class Reference:
    """The rows of the book that stand for what the run was proven on.

    Attributes:
        inputs: what is asked. Training and validation rows, or these alone where a classifier tells the two apart: a
            split by time or by groups makes them differ, and then the validation rows are nearer to what comes.
        answered: validation rows with answers and true labels. The training rows' answers are too sure.
        numeric: answers are numbers, neither right nor wrong; probable: scores are probabilities.
    """

    inputs: Watched
    answered: Watched
    numeric: bool = False
    probable: bool = True

    @property
    def both(self) -> bool:
        """Whether the inputs are both splits'."""
        return any(str(name).startswith("train:") for name in self.inputs.ids)


def reference(run: Run, progress: Progress | None = None) -> Reference:
    """The rows that a run is watched by: made once, and then the same for good.

    Raises:
        RunError: as `tunebook.verbs.steps.answers.answers`. DataError: the book's rows are damaged, or others.
    """
    from tunebook.data.frozen import prepared_data

    data, how = prepared_data(run.plan), calibration_of(run)
    read = [] if how is None else [how.facts]
    at = run.book / FOLDER / f"reference-{content_id([model_key(run), data.content, _FORM, *read], 16)}"
    places = (at.with_suffix(".inputs.npz"), at.with_suffix(".answers.npz"))
    with suppress(OSError, ValueError, KeyError, EOFError, BadZipFile):
        return Reference(Watched.load(places[0]), Watched.load(places[1]), *_form(run))
    made = _made(run, data, progress)
    with suppress(OSError):  # a book that may only be read
        for place, rows in zip(places, (made.inputs, made.answered), strict=True):
            rows.save(place)
    return made


def _made(run: Run, data: DataRef, progress: Progress | None) -> Reference:
    from tunebook.data.load import load
    from tunebook.stats.two_sample import classifier_test

    rng = np.random.default_rng(0)
    parts: list[Watched] = []
    for split in _SPLITS:
        rows = load(data, split)
        if split == "validation":
            said = _said(run, rows, data, progress)
        few = np.sort(rng.permutation(len(rows))[:_MOST])
        read = read_rows(run, rows.at(few.tolist()))
        parts.append(_named(read, [f"{split}:{rows.ids[place]}" for place in few]))
        if split == "validation":
            answered = _with(parts[-1], label=said[0][few], score=said[1][few], truth=said[2][few])
    train, valid = parts
    first, second = (part.vectors[~np.isnan(part.vectors[:, 0])] for part in parts)
    same = not len(valid) or classifier_test(first, second, rng).p_value > _APART
    return Reference(joined([train, valid]) if same else valid, answered, *_form(run))


def _form(run: Run) -> tuple[bool, bool]:
    labels = run.plan.labels
    return not labels.names, labels.kind.link != "identity"


def _with(rows: Watched, **columns: Any) -> Watched:
    from dataclasses import replace

    return replace(rows, **columns)


def _named(rows: Watched, names: list[str]) -> Watched:
    return _with(rows, ids=np.array(names, dtype=np.dtypes.StringDType()))


def speaks(task: Task, run: Run) -> bool:
    """Whether answers are classes or numbers with a score."""
    return set(task.blank(run.plan.labels)) >= _CLASSES


def _said(
    run: Run, rows: Rows, data: DataRef, progress: Progress | None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Label, score and true label of validation rows; nothing where answers are of no such kind."""
    task, labels = task_of(run.plan.task)(), run.plan.labels
    if not len(rows) or not speaks(task, run):
        none = np.full(len(rows), "", dtype=np.dtypes.StringDType())
        return none, np.full(len(rows), np.nan), none
    from tunebook.engine.calibrated import said_by

    logits = answers(run, rows, place_of(run.plan, data, "validation"), progress=progress)
    label, score = labelled(said_by(task, logits, rows, labels, calibration_of(run)))
    true = [""] * len(rows) if rows.targets is None else [word(item) for item in task.true(rows.targets, rows, labels)]
    return label, score, np.array(true, dtype=np.dtypes.StringDType())


def labelled(said: list[dict[str, Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels and scores of answers, shape (N,) each."""
    pairs = [short(answer) for answer in said]
    labels = np.array([label for label, _ in pairs], dtype=np.dtypes.StringDType())
    return labels, np.array([score for _, score in pairs], dtype=np.float64)


def read_rows(run: Run, rows: Rows) -> Watched:
    """Rows as a run reads them, without its answers: the tokenizer is asked, no model."""
    tokens = _tokens(run, rows) if len(rows) else {}
    pairs = rows.pairs or [""] * len(rows)
    read = [f"{text}\n{pair}" if rows.pairs else text for text, pair in zip(rows.texts, pairs, strict=True)]
    return watched(
        len(rows),
        characters=[len(text) + len(pair) for text, pair in zip(rows.texts, pairs, strict=True)],
        language=[language(text) for text in rows.texts],
        vectors=vectors_of([sketch(text) for text in read]),
        ids=rows.ids,
        texts=rows.texts,
        **tokens,
    )


def _tokens(run: Run, rows: Rows) -> dict[str, NDArray[Any]]:
    """Tokens, share of unknown ones and whether the end was lost; empty where a row has no line of its own."""
    from tunebook.engine.load import Net
    from tunebook.models.source import load_reader

    task, params = task_of(run.plan.task)(), run.plan.params
    reader = load_reader(run.model)
    net = Net(task, None, reader, params.max_length)
    seen = task.seen(rows, params)
    encoded = net.encoded(seen)
    if "input_ids" not in encoded.flat or len(encoded) != len(rows) or not encoded.lengths.all():
        return {}
    strange = np.add.reduceat(encoded.flat["input_ids"] == _unknown(reader), encoded.offsets[:-1])
    return {
        "tokens": encoded.lengths.astype(np.float64),
        "unknown": strange / encoded.lengths,
        "cut": net.cut(seen, encoded).astype(np.float64),
    }


def _unknown(reader: Any) -> int:
    """Number of the token for what cannot be read; one that no text has where there is none."""
    return -1 if reader.unk_token_id is None else int(reader.unk_token_id)


def folder_of(book: Path) -> Path:
    """Where what is known of a book in production is kept."""
    return book / FOLDER


__all__ = ["FOLDER", "Reference", "folder_of", "labelled", "read_rows", "reference", "speaks"]

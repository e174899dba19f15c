"""A bundle in memory: answers with numpy, tokenizers and onnxruntime alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.answering import Tokens
from tunebook.bundle.classes import Classes
from tunebook.bundle.form import Form, Run
from tunebook.bundle.manifest import MODEL, TOKENIZER, Manifest, check_files, read_manifest
from tunebook.bundle.reading import Feeds, Reader
from tunebook.core.errors import MachineError, ModelError

FORMS: dict[str, type[Form]] = {"text_classification": Classes}
NO_TEXT, CUT = "no_text", "cut"  # notes of answers, as `predict` gives them


class Bundle:
    """A model from a bundle's folder, an `Answering`.

    Args:
        threads: of one forward pass; 0 for as many as onnxruntime finds right.
        run: makes the forward passes, such as a server that has the model; `model.onnx` then need not be there.

    Raises:
        ModelError: as `read_manifest` and `check_files`; `bundle.task`, this version has no such task; `bundle.model`,
            onnxruntime cannot load its model. MachineError: onnxruntime or tokenizers is not installed.
    """

    def __init__(self, folder: Path | str, threads: int = 0, run: Run | None = None) -> None:
        self.folder = Path(folder)
        self.manifest: Manifest = read_manifest(self.folder)
        check_files(self.folder, self.manifest, but=MODEL if run is not None else "")
        shown = self.manifest
        self.id, self.hash, self.task, self.problem = shown.run, shown.hash, shown.task, shown.problem
        self.names: Sequence[str] = tuple(shown.names)
        if shown.kind != "onnx" or shown.task not in FORMS:
            raise ModelError("bundle.task", key=str(self.folder), value=shown.task, allowed=" | ".join(FORMS))
        self.gives = FORMS[shown.task].gives
        self._run = _session_run(self.folder / MODEL, threads) if run is None else run
        reader = Reader((self.folder / TOKENIZER).read_text(encoding="utf-8"), shown.reading)
        self._form = FORMS[shown.task](shown, reader)

    def read(self, texts: Sequence[str], pairs: Sequence[str] | None = None, *, clean: bool = False) -> list[Tokens]:
        """Clean and tokenise; nothing is run. Safe to call from several threads.

        Args:
            clean: the texts are clean already.

        Raises:
            DataError: `bundle.text`, one is no text; `bundle.pairs`.
        """
        return self._form.read(texts, pairs, clean=clean)

    def outputs(self, rows: Sequence[Tokens]) -> list[NDArray[np.float32]]:
        """One forward pass of these rows together, padded to the longest."""
        return self._form.outputs(rows, self.run) if rows else []

    def answers(
        self, rows: Sequence[Tokens], outputs: Sequence[NDArray[np.float32]], top_k: int | None = None
    ) -> list[dict[str, Any]]:
        """These in the words of `predict`; what has nothing to read has no label."""
        if not rows:
            return []
        found = self._form.answers(rows, outputs, top_k)
        return [self._form.blank() if is_blank(row) else answer for row, answer in zip(rows, found, strict=True)]

    def matrix(self, rows: Sequence[Tokens], outputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """The task's answers (N, k), as those of a run, for its metrics."""
        return self._form.matrix(rows, outputs)

    def outputs_by(self, rows: Sequence[Tokens], run: Run) -> list[NDArray[np.float32]]:
        """The outputs of these rows by another model of the same inputs."""
        return self._form.outputs(rows, run)

    def run(self, feeds: Feeds) -> NDArray[np.float32]:
        """What the graph gives first for these inputs, of which it takes what it wants."""
        return self._run(feeds)

    def outputs_of(self, rows: Sequence[Tokens], batch_size: int = 32) -> list[NDArray[np.float32]]:
        """The outputs of any number of rows, those of like length together, in the order of the rows."""
        order = np.argsort([-len(row) for row in rows], kind="stable").tolist()
        found: list[Any] = [None] * len(rows)
        for start in range(0, len(order), batch_size):
            places = order[start : start + batch_size]
            for place, output in zip(places, self.outputs([rows[place] for place in places]), strict=True):
                found[place] = output
        return found

    def predict(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None = None,
        *,
        top_k: int | None = None,
        batch_size: int = 32,
    ) -> list[dict[str, Any]]:
        """An answer for each text or pair, with `notes`: `no_text`, there was nothing to read; `cut`, it is longer than
        what the model reads and lost its end."""
        rows = self.read(texts, pairs)
        answers = self.answers(rows, self.outputs_of(rows, batch_size), top_k)
        return [{**answer, "notes": notes_of(row)} for row, answer in zip(rows, answers, strict=True)]


def open_bundle(folder: Path | str, threads: int = 0) -> Bundle:
    """The bundle of a folder, every file of which is compared with its hash. Raises as `Bundle`."""
    return Bundle(folder, threads)


def is_blank(row: Tokens) -> bool:
    """Whether there is nothing to read in a row, or in one of the texts of a pair."""
    return not row.text.strip() or (row.pair is not None and not row.pair.strip())


def notes_of(row: Tokens) -> list[str]:
    """What is to be known of its answer: `no_text`, `cut`."""
    return [NO_TEXT] if is_blank(row) else [CUT] if row.cut else []


def _session_run(path: Path, threads: int) -> Run:
    try:
        import onnxruntime
    except ImportError as error:
        raise MachineError("machine.extra", key="onnxruntime", extra="export") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen kinds
        raise ModelError("bundle.model", key=str(path), reason=str(error).splitlines()[0]) from error
    wanted = tuple(item.name for item in session.get_inputs())

    def run(feeds: Feeds) -> NDArray[np.float32]:
        found: NDArray[np.float32] = session.run(None, {name: feeds[name] for name in wanted})[0]
        return found

    return run


__all__ = ["CUT", "FORMS", "NO_TEXT", "Bundle", "is_blank", "notes_of", "open_bundle"]

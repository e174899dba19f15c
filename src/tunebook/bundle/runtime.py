"""A bundle in memory: answers with numpy, tokenizers and onnxruntime alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.answering import Tokens
from tunebook.bundle.classes import Classes
from tunebook.bundle.extracting import Extracting
from tunebook.bundle.form import Run, TaskForm
from tunebook.bundle.manifest import MODELS, TOKENIZER, Manifest, check_files, read_manifest, whole_manifest
from tunebook.bundle.reading import Feeds, Reader
from tunebook.bundle.relevance import Relevance
from tunebook.bundle.tagger import Tagger
from tunebook.bundle.vectors import Vectors
from tunebook.core.errors import DataError, MachineError, ModelError
from tunebook.core.links import sigmoid

FORMS: dict[str, type[TaskForm]] = {
    "text_classification": Classes,
    "tagging": Tagger,
    "question_answering": Extracting,
    "embedding": Vectors,
    "reranking": Relevance,
}
_MOST = {"threads": 1024, "top_k": 10**9}
NO_TEXT, CUT = "no_text", "cut"  # notes of answers, as `predict` gives them


class Bundle:
    """A model from a bundle's folder, an `Answering`.

    Args:
        threads: of one forward pass; 0 for as many as onnxruntime finds right.
        run: makes the forward passes, such as a server that has the model, whose file then need not be there.

    Raises:
        ModelError: as `read_manifest` and `check_files`; `bundle.task`, this version has no such task; `bundle.model`,
            onnxruntime cannot load its model. DataError: `bundle.bounds`. MachineError: onnxruntime or tokenizers is
            not installed.
    """

    def __init__(self, folder: Path | str, threads: int = 0, run: Run | None = None) -> None:
        check_bounds("threads", threads, 0)
        self.folder = Path(folder)
        self.manifest: Manifest = read_manifest(self.folder)
        check_files(self.folder, self.manifest, but="" if run is None else MODELS.get(self.manifest.kind, ""))
        shown = self.manifest
        self.id, self.hash, self.task, self.problem = shown.run, shown.hash, shown.task, shown.problem
        if shown.kind not in MODELS or shown.task not in FORMS:
            raise ModelError("bundle.task", key=str(self.folder), value=shown.task, allowed=" | ".join(FORMS))
        self.gives = FORMS[shown.task].gives
        with whole_manifest(self.folder):
            self.names: Sequence[str] = tuple(shown.names)
            reader = Reader((self.folder / TOKENIZER).read_text(encoding="utf-8"), shown.reading)
            self._form = FORMS[shown.task](shown, reader)
            inputs = tuple(shown.reading["inputs"])
        load = {"onnx": _session_run, "torch": _program_run}[shown.kind]
        self._run = load(self.folder / MODELS[shown.kind], threads, inputs) if run is None else run

    def read(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None, *, clean: bool = False, side: str = "passage"
    ) -> list[Tokens]:
        """Clean and tokenise; nothing is run. Safe to call from several threads.

        Args:
            clean: the texts are clean already. side: of vectors, whether they are of a `query` or of a `passage`.

        Raises:
            DataError: `bundle.text`, one is no text; `bundle.pairs`; `bundle.side`.
        """
        return self._form.read(texts, pairs, clean=clean, side=side)

    def outputs(self, rows: Sequence[Tokens]) -> list[NDArray[np.float32]]:
        """One forward pass of these rows together, padded to the longest."""
        return self._form.outputs(rows, self.run) if rows else []

    def answers(
        self, rows: Sequence[Tokens], outputs: Sequence[NDArray[np.float32]], top_k: int | None = None
    ) -> list[dict[str, Any]]:
        """These in the words of `predict`; what has nothing to read has no label.

        Raises:
            DataError: `bundle.bounds`, `top_k` is below 1.
        """
        check_bounds("top_k", top_k, 1)
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
        what the model reads and lost its end; `unsure`, its score is below the one that the model was calibrated to."""
        rows = self.read(texts, pairs)
        answers = self.answers(rows, self.outputs_of(rows, batch_size), top_k)
        return [noted(answer, row) for row, answer in zip(rows, answers, strict=True)]

    def embed(self, texts: Sequence[str], side: str = "passage", *, batch_size: int = 32) -> NDArray[np.float32]:
        """Vectors of texts, (N, width), with the prompt of a `query` or a `passage`.

        Raises:
            DataError: `bundle.not_given`, this model makes none; as `read`.
        """
        self._refuse("embed")
        rows = self.read(texts, side=side)
        return self.matrix(rows, self.outputs_of(rows, batch_size)) if rows else np.zeros((0, 0), dtype=np.float32)

    def rerank(self, query: str, passages: Sequence[str], *, top_k: int | None = None) -> list[tuple[int, float]]:
        """Places of the passages with a text, and their scores from 0 to 1, best first; equal ones in the order given.

        Raises:
            DataError: `bundle.not_given`, this model orders none; `bundle.bounds`; as `read`.
        """
        check_bounds("top_k", top_k, 1)
        self._refuse("rerank")
        rows = self.read([query] * len(passages), passages)
        there = [place for place, row in enumerate(rows) if not is_blank(row)]
        if not there:
            return []
        some = [rows[place] for place in there]
        logits = self.matrix(some, self.outputs_of(some))[:, 0]
        best = np.argsort(-logits, kind="stable")[:top_k].tolist()
        return [(there[place], float(sigmoid(logits[place]))) for place in best]

    def _refuse(self, asked: str) -> None:
        if asked not in self.gives:
            raise DataError("bundle.not_given", key=asked, value=self.task, allowed=" | ".join(sorted(self.gives)))


def open_bundle(folder: Path | str, threads: int = 0) -> Bundle:
    """The bundle of a folder, every file of which is compared with its hash. Raises as `Bundle`."""
    return Bundle(folder, threads)


def check_bounds(key: str, value: int | None, low: int) -> None:
    """Refuse a number that is no whole one, too small or larger than anything it can stand for.

    Raises:
        DataError: `bundle.bounds`.
    """
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not low <= value <= _MOST[key]):
        raise DataError("bundle.bounds", key=key, value=value, allowed=f"{low} .. {_MOST[key]}")


def is_blank(row: Tokens) -> bool:
    """Whether there is nothing to read in a row, or in one of the texts of a pair."""
    return not row.text.strip() or (row.pair is not None and not row.pair.strip())


def notes_of(row: Tokens) -> list[str]:
    """What is to be known of its answer: `no_text`, `cut`."""
    return [NO_TEXT] if is_blank(row) else [CUT] if row.cut else []


def noted(answer: dict[str, Any], row: Tokens) -> dict[str, Any]:
    """An answer with all that is to be known of it as `notes`: those that it has already, and of what was read."""
    return {**answer, "notes": [*notes_of(row), *answer.get("notes", ())]}


def _session_run(path: Path, threads: int, inputs: Sequence[str]) -> Run:
    """A graph of ONNX, by onnxruntime."""
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


def _program_run(path: Path, threads: int, inputs: Sequence[str]) -> Run:
    """A program of torch.export, on the GPU where there is one; `threads` are those of the whole process."""
    try:
        import torch
    except ImportError as error:
        raise MachineError("machine.extra", key="torch", extra="train") from error
    try:
        program = torch.export.load(str(path)).module()
    except Exception as error:  # as above
        raise ModelError("bundle.model", key=str(path), reason=str(error).splitlines()[0]) from error
    device = "cuda" if torch.cuda.is_available() else "cpu"
    program = program.to(device)
    if threads:
        torch.set_num_threads(threads)

    def run(feeds: Feeds) -> NDArray[np.float32]:
        with torch.inference_mode():
            found: NDArray[np.float32] = (
                program(*(torch.from_numpy(feeds[name]).to(device) for name in inputs)).cpu().numpy()
            )
        return found

    return run


__all__ = ["CUT", "FORMS", "NO_TEXT", "Bundle", "check_bounds", "is_blank", "noted", "notes_of", "open_bundle"]

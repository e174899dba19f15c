"""The model that a training holds its own against: what it says of rows is asked once, before the training, and kept.

It is the model that the training starts from. What it says hangs on the tokens of the rows and on its weights alone, so
these are the key under which it is kept; steps of the training then run one model instead of two.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from tunebook.core.encoded import Encoded
from tunebook.core.errors import ModelError
from tunebook.core.files import content_id, part_of
from tunebook.core.folders import read_object
from tunebook.core.nouns import Plan
from tunebook.core.progress import Progress
from tunebook.core.reference import Refers
from tunebook.core.task import Task
from tunebook.engine.infer import Inference
from tunebook.models.source import find_model, model_id

REFERENCE = "reference.json"  # in a run's model folder: names the model that it was held against
_BATCH = 32  # rows
Said = NDArray[np.float32]


class _Before:
    """A task as far as the model before is asked, for `Inference`."""

    def __init__(self, task: Task) -> None:
        self.lines, self.collate = task.lines, task.collate
        self._task = task

    def passed(self, model: Any, batch: Any) -> Any:
        """What it says of the rows of a batch."""
        assert isinstance(self._task, Refers)
        return self._task.said(model, batch)

    def read(self, outputs: Any, batch: Any, model: Any) -> Any:
        """The same."""
        return outputs


@dataclass(frozen=True)
class Reference:
    """The model of a folder, as a task asks it about rows.

    Attributes:
        plan: of the run; folder: of the model; pad: token that fills lines up.
        precision: of the arithmetic, that of the training.
    """

    task: Task
    plan: Plan
    folder: Path
    pad: int
    precision: str = "fp32"

    def beside(
        self, parts: Sequence[Encoded], cache: Path | None = None, progress: Progress | None = None
    ) -> list[Encoded]:
        """Rows with what it says of them.

        Args:
            cache: folder in which that is kept; None keeps nothing.
        """
        assert isinstance(self.task, Refers)
        named, model, found = model_id(self.folder), None, []
        for encoded in parts:
            key = content_id([named, _digest(encoded), self.task.key, self.precision], 24)
            path = None if cache is None else cache / f"reference-{key}.npy"
            said = _kept(path, len(encoded))
            if said is None:
                model = self._built() if model is None else model
                said = self._asked(model, encoded, progress)
                _keep(path, said)
            found.append(self.task.referred(encoded, said))
        return found

    def _built(self) -> Any:
        import torch
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # of its own, before any training has done so
        model: Any = self.task.build(self.folder, self.plan.labels, self.plan.params).eval()
        return model.to("cuda" if torch.cuda.is_available() else "cpu")

    def _asked(self, model: Any, encoded: Encoded, progress: Progress | None) -> Said:
        inference = Inference(_Before(self.task), self.pad, _BATCH, self.precision, what="reference")  # type: ignore[arg-type]
        return inference.run(model, encoded, progress=progress).logits


def _digest(encoded: Encoded) -> str:
    """Hash of the tokens of rows, and of what is learnt of them: all that texts, template and tokenizer decide."""
    digest = xxhash.xxh3_128(encoded.offsets.tobytes())
    for name in sorted(encoded.flat):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(encoded.flat[name]).tobytes())
    return digest.hexdigest()


def _kept(path: Path | None, rows: int) -> Said | None:
    if path is not None and path.is_file():
        with suppress(OSError, ValueError, EOFError):  # cut off by a crash: asked anew
            said: Said = np.load(path, allow_pickle=False)
            return said if len(said) == rows else None
    return None


def _keep(path: Path | None, said: Said) -> None:
    if path is None:
        return
    with suppress(OSError):  # a book that may only be read has no cache and works all the same
        path.parent.mkdir(parents=True, exist_ok=True)
        with part_of(path) as part, part.open("wb") as stream:
            np.save(stream, said, allow_pickle=False)


def name_reference(folder: Path, plan: Plan, task: Task) -> None:
    """Write into a model's folder which one it was held against, where its task does so.

    Args:
        plan: of the run, with the place of the model that it started from.
    """
    if isinstance(task, Refers):
        # The model of a stage lies in the same book, which may be moved.
        place = os.path.relpath(plan.model, folder) if plan.before is not None else plan.model
        kept = {"model": place, "model_id": model_id(find_model(plan.model, allow_pickle=True))}
        (folder / REFERENCE).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def reference_of(folder: Path, plan: Plan) -> Path:
    """The folder of the model that one of a run was held against.

    Raises:
        ModelError: `model.reference`: nothing says which it was; `model.reference_changed`: its files are others now.
            And as `find_model`.
    """
    if not (folder / REFERENCE).is_file():
        raise ModelError("model.reference", key=str(folder))
    said = read_object(folder / REFERENCE, "model")
    kept = said["model"]
    moved = plan.model if Path(plan.model).is_dir() else kept
    place = find_model(str(folder / kept if plan.before is not None else moved), allow_pickle=True)
    if (found := model_id(place)) != said.get("model_id", found):
        raise ModelError("model.reference_changed", key=str(place), found=found)
    return place


__all__ = ["REFERENCE", "Reference", "name_reference", "reference_of"]

"""What techniques may ask for beside the batch: rows of other files, models of other runs, scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from tunebook.core.answers import answered
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError, RunError
from tunebook.core.files import content_id
from tunebook.core.locations import read_plan
from tunebook.core.nouns import Plan
from tunebook.core.progress import Progress, Silent
from tunebook.core.task import OtherBook, Task
from tunebook.core.technique import Batch
from tunebook.engine.continual import ancestors, data_of, kept_for, outputs_before, past_rows, read_kept
from tunebook.engine.inputs import declared_input, find_inputs, input_id
from tunebook.engine.tokens import encode

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel


@dataclass
class BookSource:
    """Rows and models for the techniques of one training; see `tunebook.core.technique.TrainingSource`.

    Attributes:
        plan: of the training; task, tokenizer: those of its model.
        train: the book's training rows.
        scorer: scores a model on the validation rows.
        device: of the model that is trained.
        model: that model.
    """

    plan: Plan
    task: Task
    tokenizer: Any
    train: Encoded
    scorer: Callable[[Any], dict[str, float]]
    device: Callable[[], torch.device]
    model: Callable[[], Any]
    progress: Progress = field(default_factory=Silent)
    _models: dict[Path, LoadedModel] = field(default_factory=dict)
    _past: Encoded | None = None
    _books: dict[str, list[OtherBook]] = field(default_factory=dict)

    def file(self, name: str) -> Path:
        """The file that a row of the table names.

        Raises:
            RunError: `run.input`, it has changed since the plan was made.
        """
        return self._place(name)

    def rows(self, name: str, *, labelled: bool = False) -> Encoded:
        """Rows of the file that a row of the table names, read and tokenised like the book's own.

        Raises:
            DataError: it cannot be read. RunError: `run.input`, it is not the one of the plan.
        """
        from tunebook.data.external import external_rows

        data = data_of(self.plan, self.plan.labels)
        found = external_rows(data, self._place(name), labelled=labelled)
        length = self.plan.params.max_length
        cache = data.path.parent / "cache"
        found = self.task.seen(found, self.plan.params)
        encoded = encode(found, self.task, self.tokenizer, length, cache=cache, progress=self.progress)
        return encoded.with_fixed(row=np.full(len(encoded), -1))

    def books(self, name: str) -> list[OtherBook]:
        """The books that a row of the table names, in its order, tokenised like this book.

        Raises:
            PlanError: `input.task`, one of them has another task. RunError: `run.input`.
        """
        if name not in self._books:
            self._books[name] = [self._book(name, place) for place in self._places(name)]
        return self._books[name]

    def _book(self, name: str, place: Path) -> OtherBook:
        from tunebook.data.frozen import open_data
        from tunebook.data.load import load

        data = open_data(place / "data")
        if data.task != self.plan.task:
            raise PlanError("input.task", key=name, value=str(place), allowed=self.plan.task)
        length, cache = self.plan.params.max_length, self.plan.data_path.parent / "cache"
        seen = [self.task.seen(load(data, split), self.plan.params) for split in ("train", "validation")]
        rows = [encode(each, self.task, self.tokenizer, length, cache=cache, progress=self.progress) for each in seen]
        return OtherBook(place.name, self.task, data.labels, *rows)

    def teacher(self, name: str) -> Any:
        """The model of the run that a row of the table names: frozen, in evaluation mode, beside the one trained.

        Raises:
            PlanError: `input.tokens`, it reads other tokens than the model that is trained.
        """
        path = self._place(name)
        loaded = self._loaded(path)
        if loaded.tokenizer.get_vocab() != self.tokenizer.get_vocab():
            raise PlanError("input.tokens", key=name, value=path.name)
        return loaded.model.requires_grad_(False).to(self.device()).eval()

    def taught(self, name: str) -> NDArray[np.float32]:
        """What the run that a row of the table names answers on the training rows, shape (N, outputs), its outputs in
        the order of this run's labels; of several runs the mean of their probabilities, as logits. Kept in the book's
        cache.

        Raises:
            PlanError: `input.labels`, it predicts other labels.
        """
        answers = [self._taught(name, path) for path in self._places(name)]
        return answers[0] if len(answers) == 1 else self.task.mean(answers, self.plan.labels)

    def _taught(self, name: str, path: Path) -> NDArray[np.float32]:
        from tunebook.data.frozen import prepared_data
        from tunebook.data.load import load

        theirs, own = read_plan(path).labels, self.plan.labels
        named = list if own.kind.link == "identity" else set  # a scale has an order
        if theirs.kind != own.kind or named(theirs.names) != named(own.names):
            raise PlanError("input.labels", key=name, value=path.name, allowed=", ".join(own.names[:20]))
        kept = self.plan.data_path.parent / "cache" / f"taught-{content_id([self.plan.data, self._id(name, path)])}.npz"
        rows = load(prepared_data(self.plan), "train")
        found = answered(kept, rows, lambda: self._loaded(path).logits(rows, self.progress, cache=kept.parent))
        return self.task.renamed(found, theirs, own)

    def columns(self) -> Mapping[str, Sequence[Any]]:
        """Further columns of the book's training rows, in the order of the column `row`."""
        from tunebook.data.frozen import prepared_data
        from tunebook.data.load import load

        return load(prepared_data(self.plan), "train").other

    def votes(self) -> list[list[Any]]:
        """The labels that single annotators gave each of the book's training rows, in that order."""
        from tunebook.data.frozen import prepared_data
        from tunebook.data.votes import votes

        return votes(self.columns(), prepared_data(self.plan))

    def batches(self, rows: Encoded, size: int | None = None) -> Iterator[Batch]:
        """Rows in their order, `size` at a time (the table's batch_size), on the model's device."""
        each = size or self.plan.params.batch_size
        device = self.device()
        for start in range(0, len(rows), each):
            batch = self.task.collate(rows, range(start, min(start + each, len(rows))), self.tokenizer.pad_token_id)
            yield {name: value.to(device) for name, value in batch.items()}

    def score(self, model: Any) -> dict[str, float]:
        """Scores of a model on the validation rows: metric -> value."""
        return {name.removeprefix("eval_"): value for name, value in self.scorer(model).items()}

    @property
    def past(self) -> Encoded | None:
        """Training rows of the runs that this one continues from; None without one."""
        if self._past is None:
            self._past = past_rows(self.plan, self.task, self.tokenizer, self.progress)
        return self._past

    @property
    def outputs_before(self) -> int:
        """Outputs of the head that is continued; 0 without one."""
        return outputs_before(self.plan)

    def before(self) -> Any:
        """The model that is continued, with its own head: frozen, in evaluation mode, beside the one trained."""
        path, _ = next(ancestors(self.plan))
        return self._loaded(path).model.requires_grad_(False).to(self.device()).eval()

    def kept(self, key: str) -> dict[str, torch.Tensor]:
        """What a technique has left in the run that is continued; empty where that is nothing."""
        return kept_for(self.model(), read_kept(self.plan, key))

    def _place(self, name: str) -> Path:
        """The file or the folder of the run that a row of the table names.

        Raises:
            RunError: `run.input`, it has changed since the plan was made.
        """
        return self._places(name)[0]

    def _places(self, name: str) -> list[Path]:
        """All that a row names which may name several."""
        key, _, part = name.partition(".")
        value = self.plan.techniques[key][part]
        paths, found = find_inputs(declared_input(name), value, self.plan.data_path.parent)
        if found != self.plan.inputs.get(name, found):
            raise RunError("run.input", key=name, value=found, allowed=self.plan.inputs[name])
        return paths

    def _id(self, name: str, path: Path) -> str:
        return input_id(declared_input(name), path)

    def _loaded(self, path: Path) -> LoadedModel:
        from tunebook.engine.load import load_model

        if path not in self._models:
            self._models[path] = load_model(path / "model", read_plan(path))
        return self._models[path]


__all__ = ["BookSource"]

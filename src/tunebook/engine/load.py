"""A trained model with its tokenizer, ready to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tunebook.bundle.calibrated import Calibrated
from tunebook.core.encoded import Encoded
from tunebook.core.errors import ModelError, TunebookError
from tunebook.core.nouns import Plan
from tunebook.core.progress import Progress
from tunebook.core.reference import Refers
from tunebook.core.registry import task_of
from tunebook.core.task import Plain, Rows, Searches, Task, searching
from tunebook.core.writes import Manner, Writes
from tunebook.engine.calibrated import said_by
from tunebook.engine.infer import Inference, Way, vectors
from tunebook.engine.machine import keep_memory
from tunebook.engine.partial_model import is_partial
from tunebook.engine.products import quick_products
from tunebook.engine.tokens import encode
from tunebook.models.files import unreadable
from tunebook.models.source import load_reader, load_tokenizer

_NO_END = 10**6  # tokens
_AT_ONCE, _AT_ONCE_ON_CPU = 256, 32  # texts: of more, what a pass works with leaves the caches of a CPU
_MANY = 8  # texts from which it pays to get ready for quick products


@dataclass(frozen=True)
class Net:
    """A model in memory with what reads texts for it.

    Attributes:
        max_length: tokens that it reads of a text.
        before: adds to tokens what the model before its training says of them; None where it is held against none.
        way: by what rows are answered; None for torch, as below.
    """

    task: Task
    model: Any
    tokenizer: Any
    max_length: int
    before: Callable[[Encoded, Progress | None, Path | None], Encoded] | None = None
    way: Way | None = None

    def run(
        self, rows: Rows, progress: Progress | None = None, batch_size: int = 64, cache: Path | None = None
    ) -> NDArray[np.float32]:
        """The head's outputs for rows as they are seen, shape (N, outputs)."""
        return self.read(self.encoded(rows, progress, cache), progress, batch_size)

    def encoded(self, rows: Rows, progress: Progress | None = None, cache: Path | None = None) -> Encoded:
        """Tokens of rows; `cache` as `encode` takes it."""
        found = encode(rows, self.task, self.tokenizer, self.max_length, cache=cache, progress=progress)
        return found if self.before is None else self.before(found, progress, cache)

    def read(self, encoded: Encoded, progress: Progress | None = None, batch_size: int = 64) -> NDArray[np.float32]:
        """The head's outputs for tokens, shape (N, outputs); rows of the same tokens are read once."""
        inference = Inference(self.task, self.tokenizer.pad_token_id, batch_size, way=self.way)
        return inference.each_once(self.model, encoded, progress)

    def vectors(
        self, texts: Sequence[str], progress: Progress | None = None, batch_size: int | None = None
    ) -> NDArray[np.float32]:
        """What a model makes of single texts as they stand, shape (N, width); equal ones are read once.

        Args:
            batch_size: texts in one forward pass; None for what is quick here.
        """
        return self.vectors_and_cut(texts, progress, batch_size)[0]

    def vectors_and_cut(
        self, texts: Sequence[str], progress: Progress | None = None, batch_size: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The same, and whether each text was too long and lost its end, shape (N,)."""
        once = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        rows = Rows(list(once), None, None, [""] * len(once))
        encoded = self.task.encode(rows, self.tokenizer, self.max_length)
        size = batch_size or (_AT_ONCE if next(self.model.parameters()).is_cuda else _AT_ONCE_ON_CPU)
        inference = Inference(self.task, self.tokenizer.pad_token_id, size, read=vectors, what="embed", way=self.way)
        with quick_products(self.model) if len(once) >= _MANY else nullcontext():
            found = inference.outputs(self.model, encoded, progress)
        places = [once[text] for text in texts]
        return found[places], self.cut(rows, encoded)[places]

    def cut(self, rows: Rows, encoded: Encoded) -> NDArray[np.bool_]:
        """Whether each of these rows, as they are seen, has more tokens than are read, shape (N,): only the full ones
        can, so only these are told again."""
        least = 0 if isinstance(self.task, Writes) else self.max_length  # of these whole turns are left out
        full = [] if self.task.windows else np.flatnonzero(encoded.lengths >= least).tolist()
        cut = np.zeros(len(encoded), dtype=np.bool_)
        if full:
            cut[full] = self.task.encode(rows.at(full), self.tokenizer, _NO_END).lengths > encoded.lengths[full]
        return cut


@dataclass(frozen=True)
class LoadedModel:
    """A run's model in memory.

    Attributes:
        folder: of its files; untrained: these are a base model's; way: as of a `Net`.
    """

    plan: Plan
    task: Task
    model: Any
    tokenizer: Any
    folder: Path | None = None
    untrained: bool = False
    way: Way | None = None
    # The training rows and their vectors, once they were asked for; at most one pair.
    _train: list[tuple[Rows, NDArray[np.float32]]] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def net(self) -> Net:
        """The same without its plan."""
        before = self._before if isinstance(self.task, Refers) else None
        return Net(self.task, self.model, self.tokenizer, self.plan.params.max_length, before, self.way)

    def _before(self, encoded: Encoded, progress: Progress | None, cache: Path | None) -> Encoded:
        """Tokens with what the model says of them that this one was held against; itself before any training."""
        from tunebook.engine.reference import Reference, reference_of

        if self.folder is None:
            raise ModelError("model.reference", key=self.plan.id)
        folder = self.folder if self.untrained else reference_of(self.folder, self.plan)
        pad = self.tokenizer.pad_token_id
        return Reference(self.task, self.plan, folder, pad).beside([encoded], cache, progress)[0]

    def logits(
        self, rows: Rows, progress: Progress | None = None, *, cache: Path | None = None, texts: bool = True
    ) -> NDArray[np.float32]:
        """The head's outputs, shape (N, outputs), in the order of the rows.

        Args:
            cache: folder for the tokens, see `encode`.
            texts: with what the model writes itself, of tasks whose answers hold that: it takes far longer.
        """
        if searching(self.task, self.plan.labels):
            return self._found(rows, progress)
        seen = self.task.seen(rows, self.plan.params)
        if isinstance(self.task, Writes) and (texts or rows.targets is None):
            return self._written(seen, progress, cache=cache)
        return self.net.run(seen, progress, cache=cache)

    def _written(
        self, seen: Rows, progress: Progress | None, *, cache: Path | None = None, manner: Manner | None = None
    ) -> NDArray[np.float32]:
        """What the model writes, and what it says of the true answers where there are any."""
        assert isinstance(self.task, Writes)
        said = self.task.written(self.model, self.tokenizer, seen, self.plan.params, progress, manner)
        return said.matrix() if seen.targets is None else said.beside(self.net.run(seen, progress, cache=cache))

    def _found(self, rows: Rows, progress: Progress | None, batch_size: int | None = None) -> NDArray[np.float32]:
        """The passages that are nearest to each row, of all that the rows know; of rows without any what the nearest
        training rows say."""
        assert isinstance(self.task, Searches)
        seen = self.task.seen(rows, self.plan.params)
        asked = self.net.vectors(seen.texts, progress, batch_size)
        if seen.passages is not None:
            return self.task.nearest(asked, self.net.vectors(seen.passages, progress, batch_size))
        if not self._train:
            from tunebook.data.frozen import prepared_data
            from tunebook.data.load import load

            self._learn(load(prepared_data(self.plan), "train"), progress, batch_size)
        return self.task.classed((rows, asked), self._train[0], self.plan.labels)

    def beside(self, train: Rows, progress: Progress | None = None) -> LoadedModel:
        """The same, to answer rows of classes by these texts and not by those that it was trained on."""
        found = replace(self)
        found._learn(train, progress)
        return found

    def _learn(self, train: Rows, progress: Progress | None, batch_size: int | None = None) -> None:
        known = self.net.vectors(self.task.seen(train, self.plan.params).texts, progress, batch_size)
        self._train.append((train, known))

    def answers(
        self,
        rows: Rows,
        progress: Progress | None = None,
        batch_size: int = 64,
        manner: Manner | None = None,
        how: Calibrated | None = None,
    ) -> tuple[list[dict[str, Any]], list[bool]]:
        """What the task says of each row, and whether the row was too long and lost its end.

        Args:
            manner: in which a model writes that does; what scores are of is written without.
            how: answers are read, of a model that was calibrated.
        """
        seen = self.task.seen(rows, self.plan.params)
        encoded = self.net.encoded(seen, progress)
        if searching(self.task, self.plan.labels):
            logits = self._found(rows, progress, batch_size)
        elif isinstance(self.task, Writes):
            logits = self._written(seen, progress, manner=manner)
        else:
            logits = self.net.read(encoded, progress, batch_size)
        return said_by(self.task, logits, rows, self.plan.labels, how), self.net.cut(seen, encoded).tolist()


@contextmanager
def _whole(folder: Path) -> Iterator[None]:
    """Say of a model that cannot be loaded which of its files is damaged, where one is.

    Raises:
        ModelError: `model.damaged`.
    """
    try:
        yield
    except TunebookError:
        raise
    except Exception as error:  # transformers, PEFT and safetensors raise a dozen kinds
        file = unreadable(folder)
        if not file:
            raise
        raise ModelError("model.damaged", key=str(folder / file), run=folder.parent.name) from error


def load_model(folder: Path, plan: Plan) -> LoadedModel:
    """The model of a run from its `model/` folder, in fp32, on the GPU where there is one.

    Raises:
        ModelError: `model.damaged`, a file of it is missing or cut off.
    """
    return LoadedModel(plan, task_of(plan.task)(), load_net(folder, plan), load_tokenizer(folder), folder)


def load_net(folder: Path, plan: Plan) -> Any:
    """The same without its tokenizer."""
    from transformers.utils.logging import disable_progress_bar

    from tunebook.engine.stored import read_model

    keep_memory()
    disable_progress_bar()
    with _whole(folder):
        return _seated(read_model(folder, plan, task_of(plan.task)()))


def load_to_answer(folder: Path, plan: Plan) -> LoadedModel:
    """The same to answer with and nothing else: without transformers, which takes seconds to import, where the answers
    are the same to the last bit.
    """
    model = plain_net(folder, plan)
    if model is None:
        return load_model(folder, plan)
    return LoadedModel(plan, task_of(plan.task)(), model, load_reader(folder))


def plain_net(folder: Path, plan: Plan) -> Any:
    """The same without its tokenizer; None where it takes transformers."""
    task = task_of(plan.task)()
    model: Any = task.plain(folder, plan.labels) if isinstance(task, Plain) and not is_partial(folder) else None
    if model is None:
        return None
    keep_memory()
    return _seated(model)


def _seated(model: Any) -> Any:
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


__all__ = ["LoadedModel", "Net", "load_model", "load_net", "load_to_answer", "plain_net"]

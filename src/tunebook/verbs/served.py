"""Models in memory that make vectors of texts, or scores of passages, again and again: those of a run, or of a folder
of a model that stands by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.backends import EAGER, Backend
from tunebook.core.errors import DataError, ModelError, RunError
from tunebook.core.judged import Judged
from tunebook.core.locations import BOOK_FILE, PLAN
from tunebook.core.messages import say
from tunebook.core.progress import Progress, Silent, tell
from tunebook.core.registry import task_of
from tunebook.core.task import Searches
from tunebook.models.sentences import TEXT, longest_read
from tunebook.models.source import find_model
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.backends.choice import Chosen
    from tunebook.core.nouns import Plan
    from tunebook.engine.load import Net

Side = Literal["query", "passage"]
Vectors = NDArray[np.float32]
_AT_ONCE = 32  # passages that are read together


@dataclass(frozen=True)
class Held:
    """A model in memory.

    Attributes:
        name: of its run or folder; folder: of its files; plan: of its run.
        rules: by which texts are cleaned for it, as its run's rows were; run: of it; none where no run is known.
    """

    name: str
    folder: Path
    net: Net
    rules: tuple[str, ...] = ()
    plan: Plan | None = None
    run: Run | None = None

    def clean(self, texts: Sequence[Any]) -> list[str]:
        """Texts as the model's rows were cleaned; what is no text is empty."""
        from tunebook.data.cells import as_text
        from tunebook.data.clean import clean_text

        return [clean_text(as_text(text) or "", self.rules) for text in texts]


def hold(where: Run | Path | str, task: str, check: Callable[[Run], None]) -> Held:
    """The model of a run, of its folder, of that of its model or of its book; or any model of sentence-transformers.

    Args:
        task: by which a model without a run is read; check: refuses runs of others.
    """
    run = where if isinstance(where, Run) else _run_of(Path(where))
    if run is None:
        folder = find_model(str(where))
        return Held(Path(str(where)).name, folder, _net(folder, task))
    check(run)
    from tunebook.data.frozen import prepared_data
    from tunebook.engine.load import load_model

    rules = tuple(prepared_data(run.plan).stats["cleaning"]["rules"])
    return Held(run.id, run.model, load_model(run.model, run.plan).net, rules, run.plan, run)


def check_batch(size: int | None) -> None:
    """Refuse a forward pass of no texts.

    Raises:
        DataError: `embed.batch_size`.
    """
    if size is not None and size < 1:
        raise DataError("embed.batch_size", key="batch_size", value=size, allowed=">= 1 | None")


class Embedder:
    """A model of vectors.

    Args:
        where: a run; its folder, that of its model or of its book; or any model of sentence-transformers.
        backend: by which it reads: torch; `onnx`; `auto`, of many texts the quicker one that makes the same vectors.
        chosen: is called with which one did, and why, where that is not torch in any case.

    Raises:
        RunError: `embed.task`, the run is of another task, or it has not finished. ModelError: as `find_model`;
            `model.sentence_modules`, `model.partial`, `model.unread`.
    """

    def __init__(
        self, where: Run | Path | str, *, backend: Backend = EAGER, chosen: Callable[[Chosen], None] | None = None
    ) -> None:
        held = hold(where, "embedding", check_vectors)
        net = replace(held.net, max_length=longest_read(held.folder, held.net.tokenizer))
        if backend != EAGER:
            from tunebook.backends.way import chooser

            way = chooser(net.model, backend, held.folder, run=held.run, plan=held.plan, told=chosen)
            net = replace(net, way=way)
        self.held = replace(held, net=net)
        self._told = False

    def vectors(
        self,
        texts: Sequence[Any],
        side: Side = "passage",
        *,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> Vectors:
        """Vectors of texts, shape (N, width), cleaned as the rows of the run and with the prompt of this side. The
        first time that texts are longer than the model reads, whoever watches is told how many, or Python's warnings.

        Args:
            batch_size: texts in one forward pass, None for what is quick here; texts of like length are read together.

        Raises:
            DataError: `embed.text`, one is no text; `embed.batch_size`. ModelError, MachineError: of `onnx`, it does
                not take the model or makes other vectors: `backend.unfit`, `backend.differs`, `machine.extra`.
        """
        found, cut = self.vectors_and_cut(texts, side, batch_size=batch_size, progress=progress)
        if cut.any() and not self._told:
            self._told = True
            told = say("embed.told_cut", length=self.held.net.max_length, count=int(cut.sum()), rows=len(cut))
            tell(progress or Silent(), told)
        return found

    def vectors_and_cut(
        self,
        texts: Sequence[Any],
        side: Side = "passage",
        *,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[Vectors, NDArray[np.bool_]]:
        """The same, and whether each text was longer than the model reads and lost its end, shape (N,)."""
        check_batch(batch_size)
        if other := next(((place, text) for place, text in enumerate(texts) if not isinstance(text, str)), None):
            raise DataError("embed.text", key=f"texts[{other[0]}]", value=other[1])
        seen = self._seen(self.held.clean(texts), side)
        return self.held.net.vectors_and_cut(seen, progress, batch_size)

    def _seen(self, texts: list[str], side: Side) -> Sequence[str]:
        """Texts with the prompt of a side."""
        if self.held.plan is None:
            prompt: str = getattr(self.held.net.model.how, side)
            return [prompt.replace(TEXT, text) for text in texts]
        queries, passages = (texts, [""]) if side == "query" else ([""], texts)
        rows = Rows(queries, None, None, [""] * len(queries), passages=passages)
        seen = self.held.net.task.seen(rows, self.held.plan.params)
        assert seen.passages is not None
        return seen.texts if side == "query" else seen.passages


class Reranker:
    """A model that reads queries together with passages.

    Args:
        where: a run; its folder, or that of its model; or the folder or name of a model with one output.

    Raises:
        DataError: `rerank.task`, the run's model orders no candidates. RunError: the run has not finished.
        ModelError: as `find_model`; `model.headless`, the folder of a base model that was never trained for this;
            `model.partial`, `model.unread`; `rerank.outputs`, a model of several outputs, such as a classifier.
    """

    def __init__(self, where: Run | Path | str) -> None:
        self.held = hold(where, "reranking", check_scores)
        if (outputs := self.held.net.model.config.num_labels) != 1:
            raise ModelError("rerank.outputs", key="model", value=str(where), outputs=outputs)

    def scores(self, query: str, passages: Sequence[Any], progress: Progress | None = None) -> NDArray[np.float32]:
        """The score of each passage, shape (N,), from 0 to 1; NaN of one without text.

        Raises:
            DataError: `rerank.query`, there is nothing to read in the query.
        """
        [asked] = self.held.clean([query])
        if not asked.strip():
            raise DataError("rerank.query", key="query", value=query)
        texts = self.held.clean(passages)
        found = np.full(len(texts), np.nan, dtype=np.float32)
        there = [place for place, text in enumerate(texts) if text.strip()]
        if there:
            numbers = np.arange(len(there))
            rows = [asked] * (-(-len(there) // _AT_ONCE))
            judged = Judged(numbers // _AT_ONCE, numbers, np.zeros(len(there)), len(rows))
            found[there] = self.judge(rows, [texts[place] for place in there], judged, progress)
        return found

    def order(
        self, query: str, passages: Sequence[Any], top_k: int | None = None, progress: Progress | None = None
    ) -> list[tuple[int, float]]:
        """Places of the passages with a text, and their scores, best first; equal ones in the order given."""
        scores = self.scores(query, passages, progress)
        there = np.flatnonzero(~np.isnan(scores))
        best = there[np.argsort(-scores[there], kind="stable")][:top_k]
        return [(int(place), float(scores[place])) for place in best]

    def judge(
        self, queries: Sequence[str], passages: Sequence[str], judged: Judged, progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """The scores of pairs of clean texts, shape (M,): of each passage that is named for a query."""
        names = [str(number) for number in range(len(queries))]
        ids = [str(number) for number in range(len(passages))]
        rows = Rows(queries, None, judged.matrix(), names, passages=passages, passage_ids=ids)
        scores = judged.values_in(Judged.of(self.held.net.run(rows, progress)))
        return np.asarray(scores, dtype=np.float32)


def check_vectors(run: Run) -> None:
    """Refuse a run whose model makes no vectors.

    Raises:
        RunError: `embed.task`.
    """
    if not isinstance(task_of(run.plan.task)(), Searches):
        raise RunError("embed.task", key=run.id, value=run.plan.task)


def check_scores(run: Run) -> None:
    """Refuse a run whose model reads no queries together with passages.

    Raises:
        DataError: `rerank.task`.
    """
    task = task_of(run.plan.task)
    if "candidates" not in task.gives or isinstance(task(), Searches):
        raise DataError("rerank.task", key=run.id, value=run.plan.task)


def _run_of(path: Path) -> Run | None:
    """The run that lies in a folder, or whose model does; of a book the one that answers where none is named."""
    if (path / BOOK_FILE).is_file():
        return Book(path).run()
    return next((Run(folder) for folder in (path, path.resolve().parent) if (folder / PLAN).is_file()), None)


def _net(folder: Path, key: str) -> Net:
    """A model that stands by itself, which reads as many tokens as it and its tokenizer can.

    Raises:
        ModelError: as `stored`; `model.unread`, a file of it is damaged.
    """
    import torch

    from tunebook.engine.load import Net
    from tunebook.models.files import unreadable
    from tunebook.models.source import load_tokenizer, positions, read_config

    task: Any = task_of(key)()
    try:
        model = task.load(folder).to("cuda" if torch.cuda.is_available() else "cpu").eval()
    except Exception as error:
        if not isinstance(error, ModelError) and (file := unreadable(folder)):
            raise ModelError("model.unread", key="model", value=str(folder / file)) from error
        raise
    tokenizer = load_tokenizer(folder)
    return Net(task, model, tokenizer, positions(read_config(folder), tokenizer))


__all__ = [
    "Embedder",
    "Held",
    "Reranker",
    "Side",
    "Vectors",
    "check_batch",
    "check_scores",
    "check_vectors",
    "hold",
]

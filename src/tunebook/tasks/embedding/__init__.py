"""Embedding: one vector a text, so that texts that belong together are near each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch, Criterion
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.core.hooks import BaselineInput, Case
from tunebook.core.judged import Judged
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.core.params import Params, Value
from tunebook.core.searches import Placed
from tunebook.core.settings import Filled
from tunebook.models.sentences import TEXT, Sentences, sentences_of
from tunebook.models.source import read_config
from tunebook.nets.candidates import PLACE, TAUGHT
from tunebook.tasks import label_metrics
from tunebook.tasks.embedding import batches, learnable
from tunebook.tasks.embedding.proposal import proposed, shown
from tunebook.tasks.embedding.rows import DISTILLING, EmbeddingRows
from tunebook.tasks.embedding.scores import SCORED
from tunebook.tasks.embedding.words import EmbeddingWords, are_graded, have_classes

# Kind of labels -> losses, the first of which `auto` takes.
_LOSSES = {
    "regression": ("cosent", "cosine_mse", "contrastive"),
    "relevance": ("in_batch", "triplet", *DISTILLING),
    "single_label": ("supcon", "in_batch", "contrastive"),
}
_ALONE = {
    "regression": ("cosine_mse", "contrastive"),
    "relevance": ("triplet", *DISTILLING),
}  # losses of each row by itself


class Embedding(EmbeddingWords):
    """The task `embedding`: of pairs with a grade the answer is the cosine of their vectors, of queries the passages
    of which the vectors are nearest, of all that there are, of texts with a class the class of the nearest text.
    """

    key: ClassVar[str] = "embedding"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "vectors", "candidates"})
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = SCORED
    own: ClassVar[type[Params] | None] = EmbeddingRows

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Pairs with grades, queries with passages and texts with classes, with each of their losses."""
        from tunebook.tasks.embedding.cases import case

        return tuple(case(problem, loss) for problem, losses in _LOSSES.items() for loss in losses)

    def filled(self, own: Params, folder: Path, labels: Labels, name: str = "") -> Params:
        """With what the base model's files, or its family, say of pooling, length and prompts. Both texts of pairs with
        a grade are of one kind, as are those with a class: they are given the prompt of queries where the passages have
        another, as E5 asks for, and none where passages have none.

        Raises:
            ModelError: `model.sentence_modules`. PlanError: `embedding.loss`, `embedding.dims`.
        """
        rows, known = cast(EmbeddingRows, own), _LOSSES[labels.kind.key]
        if rows.loss not in ("auto", *known):
            allowed = " | ".join(("auto", *known))
            raise PlanError("embedding.loss", key="embedding.loss", value=rows.loss, allowed=allowed)
        longest = max(map(int, rows.dims or ["0"]))
        width = int(read_config(folder).get("hidden_size", longest)) if longest else longest
        if longest > width:
            raise PlanError("embedding.dims", key="embedding.dims", value=longest, allowed=f"1 … {width}")
        how = asdict(sentences_of(folder, name))
        if are_graded(labels) or have_classes(labels):
            how["query"] = how["passage"] = how["query"] if how["passage"] != TEXT else TEXT
        told = {field: value for field, value in how.items() if getattr(rows, field) is None}
        return rows.model_copy(update={**told, "loss": known[0] if rows.loss == "auto" else rows.loss})

    def seen(self, rows: Rows, params: Filled) -> Rows:
        """Texts with their prompts."""
        own = params.more(EmbeddingRows)
        first, second = own.query or TEXT, own.passage or TEXT
        if first == second == TEXT:
            return rows
        texts = [first.replace(TEXT, text) for text in rows.texts]
        pairs, passages = (one and [second.replace(TEXT, text) for text in one] for one in (rows.pairs, rows.passages))
        return replace(rows, texts=texts, pairs=pairs, passages=passages)

    def build(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The base model with the pooling of these rows.

        Raises:
            ModelError: transformers does not know it, or the folder lacks weights of it.
        """
        from transformers import AutoModel

        from tunebook.nets.sentences import SentenceEncoder
        from tunebook.tasks.heads import check_whole, config_of, fresh

        body, found = fresh(AutoModel, folder, config_of(folder, ["vector"], params))
        check_whole(body, found, folder, headless=True)
        return SentenceEncoder(body, self._how(folder, params))

    def skeleton(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The same model on torch's meta device: names and shapes, no weights, no memory."""
        from transformers import AutoModel

        from tunebook.nets.sentences import SentenceEncoder
        from tunebook.tasks.heads import config_of, weightless

        body = weightless(AutoModel, folder, config_of(folder, ["vector"], params))
        return SentenceEncoder(body, self._how(folder, params))

    def load(self, folder: Path) -> Any:
        """A trained model, of which the files say how it makes vectors."""
        from transformers import AutoModel

        from tunebook.models.stored import stored
        from tunebook.nets.sentences import SentenceEncoder

        return SentenceEncoder(stored(AutoModel, folder, headless=True), sentences_of(folder))

    def _how(self, folder: Path, params: Filled) -> Sentences:
        """How vectors are made by these settings, or else by the model itself."""
        own = params.more(EmbeddingRows).model_dump()
        said = {field: own[field] for field in ("pooling", "normalize", "query", "passage") if own[field] is not None}
        return Sentences(**said) if len(said) == 4 else replace(sentences_of(folder), **said)

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Tokens of each text by itself."""
        encoded = batches.encode(_texts(rows), tokenizer, max_length)
        return encoded.with_fixed(labels=rows.targets, sample_weight=rows.weights, **{TAUGHT: rows.taught})

    def lines(self, encoded: Encoded) -> NDArray[np.int64]:
        """Its texts."""
        return np.maximum.reduceat(encoded.flat[PLACE], encoded.offsets[:-1]).astype(np.int64) + 2

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """A line for each text of these rows."""
        return batches.collate(encoded, rows, pad)

    def criterion(self, labels: Labels, params: Filled, rows: Encoded) -> Criterion:
        """The loss that the row `embedding.loss` names.

        Raises:
            PlanError: `embedding.taught`, `embedding.nothing`.
        """
        from tunebook.tasks.embedding.classes import class_loss
        from tunebook.tasks.embedding.graded import graded_loss
        from tunebook.tasks.embedding.loss import Shape
        from tunebook.tasks.embedding.retrieval import retrieval_loss
        from tunebook.tasks.embedding.taught import taught_loss

        own = params.more(EmbeddingRows)
        learnable.check_rows(own.loss, rows)
        shape = Shape(own.mini_batch, tuple(map(int, own.dims or ())))
        if have_classes(labels):
            return class_loss(own, shape)
        if are_graded(labels):
            return graded_loss(labels, own, shape)
        return (taught_loss if own.loss in DISTILLING else retrieval_loss)(own, rows, shape)

    def mated(self, rows: Encoded, labels: Labels, seed: Sequence[int]) -> Encoded:
        """Texts with a class each beside another one of it."""
        from tunebook.tasks.embedding.classes import mated

        return mated(rows, seed) if have_classes(labels) else rows

    def read(self, outputs: Any, batch: Batch, model: Any) -> Any:
        """The cosine of each pair, or the vectors of each row's texts, one after the other."""
        from tunebook.tasks.embedding.graded import cosines
        from tunebook.tasks.embedding.search import vectors_of

        pairs = bool((batch[PLACE] == 0).any()) and ("labels" not in batch or batch["labels"].dim() == 1)
        return cosines(outputs.logits, batch)[:, None] if pairs else vectors_of(outputs.logits, batch)

    def gathered(
        self, read: NDArray[np.float32], encoded: Encoded, others: Placed | None = None
    ) -> NDArray[np.float32]:
        """Of queries the nearest of all passages judged for these rows, and of the others; of texts with a class the
        nearest of the others, or where there are none the nearest other ones of these."""
        from tunebook.tasks.embedding.neighbours import class_scores
        from tunebook.tasks.embedding.search import gathered

        if encoded.targets.ndim == 2:
            return gathered(read, encoded, others)
        if encoded.targets.dtype.kind != "i" or not len(encoded.targets):
            return read
        own = encoded.targets
        classes, known = (own, read) if others is None else others
        alone = np.arange(len(read)) if others is None else None
        return class_scores(read, known, classes, int(max(own.max(), classes.max())) + 1, alone)

    def classed(
        self, asked: tuple[Rows, NDArray[np.float32]], known: tuple[Rows, NDArray[np.float32]], labels: Labels
    ) -> NDArray[np.float32]:
        """The classes of the nearest training texts; a text is none of its own neighbours."""
        from tunebook.tasks.embedding.neighbours import class_scores, itself

        (rows, first), (train, second) = asked, known
        assert train.targets is not None
        own = itself(rows.texts, train.texts)
        found: NDArray[np.float32] = class_scores(first, second, train.targets, len(labels.names), own)
        return found

    def present(self, targets: NDArray[Any], labels: Labels) -> NDArray[np.int64]:
        """Of each text its class; else none."""
        if not have_classes(labels):
            return super().present(targets, labels)
        return label_metrics.present(targets, labels)

    def found(self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels) -> NDArray[np.int64]:
        """Which of these are given."""
        if not have_classes(labels):
            return super().found(answers, targets, labels)
        return label_metrics.found(answers, targets, labels)

    def nearest(self, queries: NDArray[np.float32], passages: NDArray[np.float32]) -> NDArray[np.float32]:
        """The passages of the highest cosine."""
        from tunebook.tasks.embedding.search import nearest

        found: NDArray[np.float32] = nearest(queries, passages).matrix(np.float32)
        return found

    def space(
        self, rows: Rows, labels: Labels, vectors: Callable[[Sequence[str]], NDArray[np.float32]]
    ) -> dict[str, float]:
        """`alignment` and `uniformity`."""
        from tunebook.tasks.embedding.space import space

        return space(rows, labels, vectors)

    def searches(self, labels: Labels) -> bool:
        """For queries and texts with a class."""
        return not are_graded(labels)

    def same_at_looks(self, labels: Labels) -> bool:
        """Of pairs; and queries search fewer passages than afterwards, but the same ones in all runs of a book."""
        return True

    def whole(self, labels: Labels, params: Filled) -> bool:
        """Where rows are compared with others."""
        return params.more(EmbeddingRows).loss not in _ALONE.get(labels.kind.key, ())

    def check(self, stats: Mapping[str, Any], params: Filled) -> None:
        """Refuse a loss that has nothing to learn. Raises as `check_stats`."""
        learnable.check_stats(params.more(EmbeddingRows).loss, stats, params.batch_size)

    def unlearnt(self, labels: Labels, params: Filled, encoded: Encoded) -> NDArray[np.bool_]:
        """Queries without what a loss asks for that looks at each alone."""
        return learnable.unlearnt(params.more(EmbeddingRows).loss, encoded)

    def left_out(self, stats: Mapping[str, Any], params: Filled) -> int:
        """These queries."""
        return learnable.left_out(params.more(EmbeddingRows).loss, stats)

    def enough_shown(self, params: Filled, positives: int, negatives: int) -> bool:
        """Whether the loss has what it asks for."""
        return learnable.enough_shown(params.more(EmbeddingRows).loss, positives, negatives)

    def idle(self, labels: Labels) -> Mapping[str, Value]:
        """What is about classes."""
        return {"label_smoothing": 0, "class_weights": "none"}

    def read_share(self, stats: Mapping[str, Any], techniques: Mapping[str, Mapping[str, Value]]) -> float:
        """The query and the passages that `candidates` shows of a row, over all that it has."""
        return shown(stats, techniques)

    def proposes(self, stats: Mapping[str, Any]) -> Mapping[str, Value]:
        """A rate for models that make vectors already, and few passages of a query at once."""
        return proposed(stats)

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], NDArray[Any]]]:
        """`tfidf`, the cosine of TF-IDF vectors, of pairs and classes, `bm25` of queries, and `base`, the base model
        before training."""
        from tunebook.tasks.embedding.baselines import baselines

        return baselines(self, given)


def _texts(rows: Rows) -> Sequence[Sequence[str]]:
    """Of each row, its own first."""
    if rows.pairs is not None:
        return list(zip(rows.texts, rows.pairs, strict=True))
    texts = [[text] for text in rows.texts]
    if rows.passages is not None and rows.targets is not None:
        judged = Judged.of(rows.targets)
        for row, number in zip(judged.row.tolist(), judged.passage.tolist(), strict=True):
            texts[row].append(rows.passages[number])
    return texts


__all__ = ["Embedding"]

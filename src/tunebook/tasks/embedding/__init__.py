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
from tunebook.core.hooks import SENTENCES, BaselineInput, Case
from tunebook.core.judged import Judged
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.core.params import Params, Value
from tunebook.core.settings import Filled
from tunebook.models.sentences import TEXT, Sentences, sentences_of
from tunebook.models.source import read_config
from tunebook.nets.candidates import PLACE
from tunebook.tasks.embedding import batches
from tunebook.tasks.embedding.rows import EmbeddingRows
from tunebook.tasks.embedding.words import EmbeddingWords, are_graded
from tunebook.tasks.label_metrics import METRICS
from tunebook.tasks.ranking.scores import METRICS as RANKING

# Kind of labels -> losses, the first of which `auto` takes.
_RATE = 2e-5
_LOSSES = {"regression": ("cosent", "cosine_mse"), "relevance": ("in_batch", "triplet")}


class Embedding(EmbeddingWords):
    """The task `embedding`: of pairs with a grade the answer is the cosine of their vectors, of queries the passages
    of which the vectors are nearest, of all that there are.
    """

    key: ClassVar[str] = "embedding"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "vectors", "candidates"})
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = {
        "regression": tuple(metric for metric in METRICS["regression"] if metric.key in ("spearman", "pearson")),
        "relevance": RANKING,
    }
    own: ClassVar[type[Params] | None] = EmbeddingRows

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Pairs with grades and queries with passages, with each of their losses."""
        pairs = (_pairs(loss) for loss in ("cosine_mse", "cosent"))
        return (*pairs, *(_judged(loss) for loss in ("triplet", "in_batch")))

    def filled(self, own: Params, folder: Path, labels: Labels, name: str = "") -> Params:
        """With what the base model's files, or its family, say of pooling, length and prompts. Both texts of pairs with
        a grade are of one kind: they are given the prompt of queries where the passages have another, as E5 asks for,
        and none where passages have none.

        Raises:
            ModelError: `model.sentence_modules`. PlanError: `embedding.loss`, `embedding.dims`.
        """
        rows, known = cast(EmbeddingRows, own), _LOSSES["regression" if are_graded(labels) else "relevance"]
        if rows.loss not in ("auto", *known):
            allowed = " | ".join(("auto", *known))
            raise PlanError("embedding.loss", key="embedding.loss", value=rows.loss, allowed=allowed)
        longest = max(map(int, rows.dims or ["0"]))
        width = int(read_config(folder).get("hidden_size", longest)) if longest else longest
        if longest > width:
            raise PlanError("embedding.dims", key="embedding.dims", value=longest, allowed=f"1 … {width}")
        how = asdict(sentences_of(folder, name))
        if are_graded(labels):
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

        from tunebook.nets.sentences import SentenceEncoder
        from tunebook.tasks.heads import stored

        return SentenceEncoder(stored(AutoModel, folder), sentences_of(folder))

    def _how(self, folder: Path, params: Filled) -> Sentences:
        """How vectors are made by these settings, or else by the model itself."""
        own = params.more(EmbeddingRows).model_dump()
        said = {field: own[field] for field in ("pooling", "normalize", "query", "passage") if own[field] is not None}
        return Sentences(**said) if len(said) == 4 else replace(sentences_of(folder), **said)

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Tokens of each text by itself."""
        encoded = batches.encode(_texts(rows), tokenizer, max_length)
        fixed = {"labels": rows.targets, "sample_weight": rows.weights}
        return encoded.with_fixed(**{name: column for name, column in fixed.items() if column is not None})

    def lines(self, encoded: Encoded) -> NDArray[np.int64]:
        """Its texts."""
        return np.maximum.reduceat(encoded.flat[PLACE], encoded.offsets[:-1]).astype(np.int64) + 2

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """A line for each text of these rows."""
        return batches.collate(encoded, rows, pad)

    def criterion(self, labels: Labels, params: Filled, rows: Encoded) -> Criterion:
        """The loss that the row `embedding.loss` names."""
        from tunebook.tasks.embedding.graded import graded_loss
        from tunebook.tasks.embedding.loss import Shape
        from tunebook.tasks.embedding.retrieval import retrieval_loss

        own = params.more(EmbeddingRows)
        shape = Shape(own.mini_batch, tuple(map(int, own.dims or ())))
        return graded_loss(labels, own, shape) if are_graded(labels) else retrieval_loss(own, rows, shape)

    def read(self, outputs: Any, batch: Batch, model: Any) -> Any:
        """The cosine of each pair, or the vectors of each row's texts, one after the other."""
        from tunebook.tasks.embedding.graded import cosines
        from tunebook.tasks.embedding.search import vectors_of

        if "labels" in batch and batch["labels"].dim() == 2:
            return vectors_of(outputs.logits, batch)
        return cosines(outputs.logits, batch)[:, None]

    def gathered(self, read: NDArray[np.float32], encoded: Encoded) -> NDArray[np.float32]:
        """Of queries the nearest of all passages that are judged for any of these rows."""
        from tunebook.tasks.embedding.search import gathered

        return gathered(read, encoded) if encoded.targets.ndim == 2 else read

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
        """For queries."""
        return not are_graded(labels)

    def same_at_looks(self, labels: Labels) -> bool:
        """Of pairs; queries search all passages only when training has ended."""
        return are_graded(labels)

    def whole(self, labels: Labels, params: Filled) -> bool:
        """Where rows are compared with others."""
        return params.more(EmbeddingRows).loss not in ("cosine_mse", "triplet")

    def idle(self, labels: Labels) -> Mapping[str, Value]:
        """What is about classes."""
        return {"label_smoothing": 0, "class_weights": "none"}

    def proposes(self, stats: Mapping[str, Any]) -> Mapping[str, Value]:
        """A rate for models that make vectors already; that of classifiers makes them worse."""
        return {"learning_rate": _RATE}

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], NDArray[Any]]]:
        """`tfidf`, the cosine of TF-IDF vectors, of pairs, `bm25` of queries, and `base`, the base model before
        training."""
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


def _pairs(loss: str) -> Case:
    """Pairs of texts whose grade is the share of words that they have in common, from 0 to 5."""
    seconds = (*SENTENCES[3:], *SENTENCES[:3])
    words = [[set(text.split()) for text in side] for side in (SENTENCES, seconds)]
    targets = np.array([5 * len(a & b) / len(a | b) for a, b in zip(*words, strict=True)], dtype=np.float32)
    labels = Labels(problem="regression", low=0.0, high=5.0, start=[float(targets.mean())])
    rows = Rows(SENTENCES, seconds, targets, [str(number) for number in range(len(seconds))])
    return Case(loss, labels, rows, right=(targets[:, None] / 5).astype(np.float32), params={"embedding.loss": loss})


def _judged(loss: str) -> Case:
    """Sentences as queries, of each of which itself is relevant, another less so and a third not."""
    count, size = len(SENTENCES), 3
    row, gain = np.repeat(np.arange(count), size), np.tile(np.array([2.0, 0.0, 1.0]), count)
    judged = Judged(row, (row + np.tile([0, 3, 4], count)) % count, gain, count)
    ids = [str(number) for number in range(count)]
    rows = Rows(SENTENCES, None, judged.matrix(), ids, passages=SENTENCES, passage_ids=[f"p{one}" for one in ids])
    right = Judged(row, judged.passage, gain / 2, count).best(size).matrix(np.float32)
    labels = Labels(problem="relevance", low=0.0, high=2.0)
    return Case(loss, labels, rows, right=right, params={"embedding.loss": loss})


__all__ = ["Embedding"]

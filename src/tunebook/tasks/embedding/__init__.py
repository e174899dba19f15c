"""Embedding: one vector a text, so that texts that belong together are near each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch, Criterion
from tunebook.core.encoded import Encoded
from tunebook.core.hooks import SENTENCES, BaselineInput, Case
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.core.params import Params, Value
from tunebook.core.settings import Filled
from tunebook.models.sentences import TEXT, Sentences, sentences_of
from tunebook.tasks.embedding import batches
from tunebook.tasks.embedding.rows import EmbeddingRows
from tunebook.tasks.embedding.words import PairWords
from tunebook.tasks.label_metrics import METRICS


class Embedding(PairWords):
    """The task `embedding`, on pairs with a grade: the answer is the cosine of their vectors."""

    key: ClassVar[str] = "embedding"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "vectors"})
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = {
        "regression": tuple(metric for metric in METRICS["regression"] if metric.key in ("spearman", "pearson"))
    }
    own: ClassVar[type[Params] | None] = EmbeddingRows

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Pairs with grades, with each of their losses."""
        return tuple(_case(loss) for loss in ("cosine_mse", "cosent"))

    def filled(self, own: Params, folder: Path, labels: Labels, name: str = "") -> Params:
        """With what the base model's files, or its family, say of pooling, length and prompts. Both texts of pairs with
        a grade are of one kind: they are given the prompt of queries where the passages have another, as E5 asks for,
        and none where passages have none.

        Raises:
            ModelError: `model.sentence_modules`.
        """
        rows = cast(EmbeddingRows, own)
        how = sentences_of(folder, name)
        query = how.query if how.passage != TEXT else TEXT
        known = {"pooling": how.pooling, "normalize": how.normalize, "query": query, "passage": query}
        open_ = {field: value for field, value in known.items() if getattr(rows, field) is None}
        return rows.model_copy(update={**open_, "loss": "cosent" if rows.loss == "auto" else rows.loss})

    def seen(self, rows: Rows, params: Filled) -> Rows:
        """Texts with their prompts."""
        own = params.more(EmbeddingRows)
        first, second = own.query or TEXT, own.passage or TEXT
        if first == second == TEXT:
            return rows
        put = replace(rows, texts=[first.replace(TEXT, text) for text in rows.texts])
        return put if rows.pairs is None else replace(put, pairs=[second.replace(TEXT, text) for text in rows.pairs])

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
        texts = (
            [[text] for text in rows.texts] if rows.pairs is None else list(zip(rows.texts, rows.pairs, strict=True))
        )
        encoded = batches.encode(texts, tokenizer, max_length)
        fixed = {"labels": rows.targets, "sample_weight": rows.weights}
        return encoded.with_fixed(**{name: column for name, column in fixed.items() if column is not None})

    def lines(self, encoded: Encoded) -> NDArray[np.int64]:
        """Its texts."""
        return np.maximum.reduceat(encoded.flat[batches.SIDE], encoded.offsets[:-1]).astype(np.int64) + 1

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """A line for each text of these rows."""
        return batches.collate(encoded, rows, pad)

    def criterion(self, labels: Labels, params: Filled, rows: Encoded) -> Criterion:
        """The loss that the row `embedding.loss` names."""
        from tunebook.tasks.embedding.graded import graded

        return graded(labels, params.more(EmbeddingRows))

    def read(self, outputs: Any, batch: Batch, model: Any) -> Any:
        """The cosine of each pair."""
        from tunebook.tasks.embedding.graded import cosines

        return cosines(outputs.logits, batch)[:, None]

    def whole(self, labels: Labels, params: Filled) -> bool:
        """Of cosent, which compares pairs."""
        return params.more(EmbeddingRows).loss != "cosine_mse"

    def idle(self, labels: Labels) -> Mapping[str, Value]:
        """What is about classes."""
        return {"label_smoothing": 0, "class_weights": "none"}

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], NDArray[Any]]]:
        """`tfidf`, the cosine of TF-IDF vectors, and `base`, the base model before training."""
        from tunebook.tasks.embedding.baselines import baselines

        return baselines(self, given)


def _case(loss: str) -> Case:
    """Pairs of texts whose grade is the share of words that they have in common, from 0 to 5."""
    seconds = (*SENTENCES[3:], *SENTENCES[:3])
    words = [[set(text.split()) for text in side] for side in (SENTENCES, seconds)]
    targets = np.array([5 * len(a & b) / len(a | b) for a, b in zip(*words, strict=True)], dtype=np.float32)
    labels = Labels(problem="regression", low=0.0, high=5.0, start=[float(targets.mean())])
    rows = Rows(SENTENCES, seconds, targets, [str(number) for number in range(len(seconds))])
    return Case(loss, labels, rows, right=(targets[:, None] / 5).astype(np.float32), params={"embedding.loss": loss})


__all__ = ["Embedding"]

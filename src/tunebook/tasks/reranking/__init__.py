"""Reranking: how relevant each of a query's passages is, read together with the query by a cross-encoder."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle import pair_windows as pairs
from tunebook.core.answers import Rows
from tunebook.core.batch import Batch, Criterion
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.core.explains import Aim, Using
from tunebook.core.hooks import SENTENCES, BaselineInput, Case
from tunebook.core.judged import Judged
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.core.params import Value
from tunebook.core.settings import Filled
from tunebook.tasks.ranking.scores import METRICS
from tunebook.tasks.ranking.words import RankingWords

_SHOWN = 8  # passages of a query in a step, as BGE trains its rerankers
_PAIRS = 32  # in a step
_SIGMOID = "torch.nn.modules.activation.Sigmoid"


class Reranking(RankingWords):
    """The task `reranking`: the sigmoid of one logit is the score of a query and a passage.

    Targets are matrices (N, 1 + 2 S) of judged passages, answers (N, 1 + 2 S) the same passages in the order of their
    scores; see `tunebook.core.judged`. A passage in several windows has the highest score of theirs.
    """

    key: ClassVar[str] = "reranking"
    gives: ClassVar[frozenset[str]] = frozenset(
        {"embeddings", "layers", "head", "item_logits", "free_tokens", "candidates"}
    )
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = {"relevance": METRICS}
    pipeline: ClassVar[str] = "text-ranking"
    auto_model: ClassVar[str] = "AutoModelForSequenceClassification"
    alone: ClassVar[bool] = False
    windows: ClassVar[bool] = True
    probes: ClassVar[tuple[str, ...]] = ("base_scores", "base_vectors")

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Passages that are relevant or not, by degrees, and long ones, which are read in parts."""
        return (_case("plain", SENTENCES, 1), _case("graded", SENTENCES, 3), _case("long", _LONG, 1))

    def build(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The model with one output: its own, where it has just one, else a fresh one.

        Raises:
            ModelError: transformers has no head for this architecture, or the folder lacks weights of the encoder,
                which would then start at random.
        """
        from transformers import AutoModelForSequenceClassification

        from tunebook.tasks.heads import check_whole, fresh, start_head

        model, found = fresh(AutoModelForSequenceClassification, folder, _config(folder, params))
        check_whole(model, found, folder)
        start_head(model, found, folder, labels)
        return model

    def skeleton(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The same model on torch's meta device: names and shapes, no weights, no memory.

        Raises:
            ModelError: as `build`.
        """
        from transformers import AutoModelForSequenceClassification

        from tunebook.tasks.heads import weightless

        return weightless(AutoModelForSequenceClassification, folder, _config(folder, params))

    def load(self, folder: Path) -> Any:
        """A trained model as transformers itself loads it."""
        from transformers import AutoModelForSequenceClassification

        from tunebook.models.stored import stored

        return stored(AutoModelForSequenceClassification, folder)

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Windows of each row's pairs of query and passage; see `tunebook.bundle.pair_windows`."""
        encoded = pairs.encode(rows, tokenizer, max_length)
        return encoded.with_fixed(labels=rows.targets, sample_weight=rows.weights)

    def counted(self, rows: Rows, tokenizer: Any) -> Rows:
        """A row for each pair of query and passage."""
        return rows.with_judged(paired=True)

    def lines(self, encoded: Encoded) -> NDArray[np.int64]:
        """Its windows."""
        from tunebook.tasks.reranking.batches import windows

        return np.bincount(windows(encoded).row, minlength=len(encoded))

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """A line for each window of these rows."""
        from tunebook.tasks.reranking.batches import collate

        return collate(encoded, rows, pad)

    def criterion(self, labels: Labels, params: Filled, rows: Encoded) -> Criterion:
        """Binary cross-entropy of the pairs."""
        from tunebook.tasks.reranking.loss import Relevance

        return Relevance(labels.high or 1.0, params.label_smoothing)

    def read(self, outputs: Any, batch: Batch, model: Any) -> Any:
        """The passages of each row by their highest logits, and the sigmoid of these, in float32."""
        from tunebook.tasks.reranking.batches import read

        return read(outputs, batch)

    def aims(self, outputs: Any, batch: Batch, rows: Rows, labels: Labels, using: Using) -> Sequence[Aim]:
        """The passages by their scores."""
        from tunebook.tasks.reranking.aims import aims

        return aims(outputs, batch, rows)

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], NDArray[Any]]]:
        """BM25, and the base model as it is; see `tunebook.tasks.reranking.baselines`."""
        from tunebook.tasks.reranking.baselines import baselines

        return baselines(self, given)

    def spread(self, answers: NDArray[np.float32]) -> float:
        """Highest less lowest logit of a query's passages, the median of queries that have several; NaN where scores
        are 1, of which the logits are not known."""
        found = Judged.of(answers)
        value = found.value.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            logits = np.log(value) - np.log1p(-value)
            ends = np.cumsum(found.counts)
            several = np.flatnonzero(found.counts > 1)
            apart = logits[ends[several] - found.counts[several]] - logits[ends[several] - 1]
        return float(np.median(apart)) if len(apart) else math.nan

    def check(self, stats: Mapping[str, Any], params: Filled) -> None:
        """Refuse rows in which every passage is relevant, so that every order is right.

        Raises:
            PlanError: `reranking.no_negatives`.
        """
        judged = stats["judged"]
        if not judged["negatives"]:
            raise PlanError("reranking.no_negatives", key="data", value=judged["positives"])

    def read_share(self, stats: Mapping[str, Any], techniques: Mapping[str, Mapping[str, Value]]) -> float:
        """The passages that `candidates` shows of a row, over those that it has."""
        judged, most = stats["judged"], techniques.get("candidates")
        if most is None:
            return 1.0
        shown = sum(min(judged[name], judged["rows"] * float(most[name])) for name in ("positives", "negatives"))  # type: ignore[arg-type]
        return float(shown / max(judged["all"], 1))

    def proposes(self, stats: Mapping[str, Any]) -> Mapping[str, Value]:
        """So many queries in a step that it has as many pairs as usual, and so several times as many steps; and one
        relevant passage and seven others an epoch, where queries have more."""
        each = stats["judged"]["all"] / max(stats["judged"]["rows"], 1)
        batch: dict[str, Value] = {"batch_size": max(_PAIRS // math.ceil(min(max(each, 2), _SHOWN)), 1)}
        if each <= _SHOWN:
            return batch
        return {**batch, "candidates.positives": 1, "candidates.negatives": _SHOWN - 1}

    def idle(self, labels: Labels) -> Mapping[str, Value]:
        """There are no classes."""
        return {"class_weights": "none"}


def _config(folder: Path, params: Filled) -> Any:
    """A config of one output without a name, as rerankers are published, whose score is the sigmoid for
    sentence-transformers too."""
    from tunebook.tasks.heads import config_of

    config = config_of(folder, ["LABEL_0"], params)
    config.sentence_transformers = {"activation_fn": _SIGMOID}
    return config


_LONG = tuple(" ".join(SENTENCES[place:] + SENTENCES[:place]) for place in range(len(SENTENCES)))


def _case(name: str, passages: Sequence[str], high: int) -> Case:
    """Sentences as queries, of each of which itself and a few others are judged."""
    count, size = len(SENTENCES), 4
    row = np.repeat(np.arange(count), size)
    gain = np.tile(np.array([high, 0, high - 1, 0]), count)
    judged = Judged(row, (row + np.tile([0, 3, 4, 7], count)) % count, gain, count)
    ids = [str(number) for number in range(count)]
    rows = Rows(SENTENCES, None, judged.matrix(), ids, passages=passages, passage_ids=[f"p{one}" for one in ids])
    right = Judged(row, judged.passage, gain / (high + 1), count).best(size).matrix(np.float32)
    return Case(name, Labels(problem="relevance", low=0.0, high=float(high)), rows, right=right)


__all__ = ["Reranking"]

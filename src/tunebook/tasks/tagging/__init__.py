"""Named entities: spans of a text that have a type each, found by the tags of its tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.batch import Batch, Criterion
from tunebook.core.encoded import Encoded
from tunebook.core.nouns import Interval, Labels
from tunebook.core.params import Value
from tunebook.core.task import Rows, Task
from tunebook.tasks.tagging import pieces, scores, votes
from tunebook.tasks.tagging.spans import SAID, TRUE, Spans
from tunebook.tasks.tagging.tags import tags_of

Array = NDArray[Any]


_METRICS: dict[str, tuple[Callable[..., Array], Callable[[Array], Array]]] = {
    "span_f1": (scores.counts, scores.f1),
    "span_precision": (scores.counts, scores.precision),
    "span_recall": (scores.counts, scores.recall),
    "span_macro_f1": (scores.by_type, scores.macro_f1),
    "span_partial_f1": (scores.halves, scores.f1),
}


class Tagging(Task):
    """The task `tagging`: which spans of a text are entities, and of which type.

    Targets are matrices (N, 1 + 3 S) of the number of spans and of the start, end and type of each, answers (N, 1 +
    4 S) with a score behind the type; places are code points, ends exclusive.
    """

    key: ClassVar[str] = "tagging"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "head", "item_logits"})

    def build(self, folder: Path, labels: Labels, params: Mapping[str, Value]) -> Any:
        """The model with an output for each tag, fresh but for tags that its own head has under the same names.

        Raises:
            ModelError: transformers has no head for tokens for this architecture, or the folder lacks weights of the
                encoder, which would then start at random.
        """
        from transformers import AutoModelForTokenClassification

        from tunebook.tasks.heads import check_whole, config_of, fresh, start_head

        tags = tags_of(labels)
        model, found = fresh(AutoModelForTokenClassification, folder, config_of(folder, tags.names, params))
        check_whole(model, found, folder)
        start_head(model, found, folder, tags)
        return model

    def skeleton(self, folder: Path, labels: Labels, params: Mapping[str, Value]) -> Any:
        """The same model on torch's meta device: names and shapes, no weights, no memory.

        Raises:
            ModelError: as `build`.
        """
        from transformers import AutoModelForTokenClassification

        from tunebook.tasks.heads import config_of, weightless

        return weightless(AutoModelForTokenClassification, folder, config_of(folder, tags_of(labels).names, params))

    def load(self, folder: Path) -> Any:
        """A trained model as transformers itself loads it."""
        from transformers import AutoModelForTokenClassification

        from tunebook.tasks.heads import stored

        return stored(AutoModelForTokenClassification, folder)

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Windows of tokens of each row; see `tunebook.tasks.tagging.pieces`."""
        encoded = pieces.encode(rows.texts, rows.words, tokenizer, max_length)
        fixed = {"labels": rows.targets, "sample_weight": rows.weights}
        return encoded.with_fixed(**{name: column for name, column in fixed.items() if column is not None})

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """A line for each window of these rows."""
        from tunebook.tasks.tagging.batches import collate

        return collate(encoded, rows, pad)

    def criterion(self, labels: Labels, params: Mapping[str, Value], rows: Encoded) -> Criterion:
        """Cross-entropy of the tokens."""
        from tunebook.tasks.tagging.loss import Tag

        return Tag.of(labels, params, rows)

    def read(self, outputs: Any, batch: Batch) -> Any:
        """The spans of each row."""
        from tunebook.tasks.tagging.decoding import read

        return read(outputs, batch)

    def headline(self, labels: Labels) -> str:
        """F1 of whole spans."""
        return "span_f1"

    def metrics(self, labels: Labels) -> tuple[str, ...]:
        """Scores of spans."""
        return tuple(_METRICS)

    def mean(self, answers: Sequence[NDArray[np.float32]], labels: Labels) -> NDArray[np.float32]:
        """The spans that most of the models find, with their mean score."""
        return votes.mean(answers)

    def renamed(self, answers: NDArray[np.float32], old: Labels, new: Labels) -> NDArray[np.float32]:
        """The same spans with the numbers that their types have now; those of types that are gone are left out."""
        spans = Spans.of(answers, SAID)
        place = np.array([new.names.index(name) if name in new.names else -1 for name in old.names])
        return replace(spans, label=place[spans.label]).at(place[spans.label] >= 0).matrix(SAID)

    def answers(self, logits: NDArray[np.float32], labels: Labels) -> list[dict[str, Any]]:
        """`spans` of each row, each with `start`, `end`, `label` and `score`."""
        return [{"spans": row} for row in _told(Spans.of(logits, SAID), labels)]

    def true_label(self, target: Any, labels: Labels) -> Any:
        """`start`, `end` and `label` of each span."""
        return _told(Spans.of(target[None], TRUE), labels)[0]

    def scores(self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels) -> dict[str, float]:
        """All metrics."""
        rows = np.arange(len(logits))
        return {metric: self.scorer(logits, targets, labels, metric)(rows) for metric in _METRICS}

    def scorer(
        self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels, metric: str
    ) -> Callable[[NDArray[np.int64]], float]:
        """Any of `metrics`, of the sums of what each row adds."""
        rows, fold = _METRICS[metric]
        parts = rows(logits, targets, labels)
        return lambda chosen: float(fold(parts[chosen].sum(0)))

    def row_scores(
        self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels, metric: str
    ) -> NDArray[Any] | None:
        """No score of spans is a mean of rows."""
        return None

    def intervals(
        self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Interval]:
        """F1, precision and recall as ratios of sums over rows, or over groups of them."""
        return scores.intervals(logits, targets, groups)

    def detail(
        self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """Scores of each type."""
        return {}


def _told(spans: Spans, labels: Labels) -> list[list[dict[str, Any]]]:
    """The spans of each row in the user's words."""
    found: list[list[dict[str, Any]]] = [[] for _ in range(spans.rows)]
    columns = (spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), spans.label.tolist(), spans.score.tolist())
    for row, start, end, label, score in zip(*columns, strict=True):
        found[row].append({"start": start, "end": end, "label": labels.names[label], "score": score})
    return found


__all__ = ["Tagging"]

"""Text classification: one class, several, ordered classes or a number, of single texts or of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.calibrated import Calibrated
from tunebook.core.calibrates import Chances
from tunebook.core.encoded import Encoded, pack
from tunebook.core.explains import Aim, Using
from tunebook.core.hooks import SENTENCES, Case
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.core.settings import Filled
from tunebook.core.task import Criterion, Rows
from tunebook.core.technique import Batch
from tunebook.models.architecture import Architecture, architecture
from tunebook.models.source import read_config
from tunebook.tasks import label_aims, label_metrics, label_scores
from tunebook.tasks.label_baselines import LabelBaselines
from tunebook.tasks.label_words import LabelWords

_PROBLEM_TYPE = {
    "single_label": "single_label_classification",
    "multi_label": "multi_label_classification",
    "regression": "regression",
    "ordinal": "regression",
}


class TextClassification(LabelWords, LabelBaselines):
    """The task `text_classification`.

    Ordered classes are learnt as numbers 0 ... K-1 with a squared loss and rounded to the nearest class.
    """

    key: ClassVar[str] = "text_classification"
    in_parts: ClassVar[bool] = True
    gives: ClassVar[frozenset[str]] = frozenset(
        {"embeddings", "layers", "head", "item_logits", "row_logits", "answer_logits", "free_tokens"}
    )
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = label_metrics.METRICS
    probes: ClassVar[tuple[str, ...]] = ("frozen_logreg",)

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Each kind of labels, of single texts and of pairs."""
        return tuple(_case(kind, pairs) for kind, pairs in product(_PROBLEM_TYPE, (False, True)))

    def build(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The model with a head for these labels, fresh but for rows of its own head that belong to classes of the same
        names; class names and the kind of problem stand in its config.

        Raises:
            ModelError: transformers has no classification head for this architecture, or the folder lacks weights of
                the encoder, which would then start at random.
        """
        from transformers import AutoModelForSequenceClassification

        from tunebook.tasks.heads import check_whole, fresh, start_head

        model, found = fresh(AutoModelForSequenceClassification, folder, make_config(folder, labels, params))
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

        return weightless(AutoModelForSequenceClassification, folder, make_config(folder, labels, params))

    def load(self, folder: Path) -> Any:
        """A trained model as transformers itself loads it."""
        from transformers import AutoModelForSequenceClassification

        from tunebook.models.stored import stored

        return stored(AutoModelForSequenceClassification, folder)

    def kind(self, folder: Path, labels: Labels) -> Architecture | None:
        """What a model of BERT's or RoBERTa's kind is made of."""
        return architecture(read_config(folder), labels.outputs)

    def plain(self, folder: Path, labels: Labels) -> Any:
        """A model of such a kind in plain torch."""
        from tunebook.nets.encoder import read_encoder

        kind = self.kind(folder, labels)
        return None if kind is None else read_encoder(folder, kind)

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Tokens of each row or pair; of a pair the longer text is cut first."""
        pairs = list(rows.pairs) if rows.pairs is not None else None
        columns = tokenizer(list(rows.texts), pairs, truncation=True, max_length=max_length)
        encoded = pack({name: columns[name] for name in columns if name != "attention_mask"})
        return encoded.with_fixed(labels=rows.targets, sample_weight=rows.weights)

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """`input_ids`, `attention_mask` and the like of shape (rows, longest), `labels` of shape (rows, ...)."""
        import torch

        batch: Batch = {}
        for name in encoded.flat:
            batch[name] = torch.from_numpy(encoded.padded(name, rows, pad if name == "input_ids" else 0))
        lengths = torch.from_numpy(encoded.lengths[list(rows)])
        batch["attention_mask"] = (torch.arange(batch["input_ids"].shape[1]) < lengths[:, None]).long()
        for name, column in encoded.fixed.items():
            batch[name] = torch.from_numpy(column[list(rows)])
        return batch

    def aims(self, outputs: Any, batch: Batch, rows: Rows, labels: Labels, using: Using) -> Sequence[Aim]:
        """The classes, or the number."""
        return label_aims.aims(outputs, rows, labels, using.temperature)

    def criterion(self, labels: Labels, params: Filled, rows: Encoded) -> Criterion:
        """Cross-entropy, binary cross-entropy of each class, or squared error."""
        import torch

        from tunebook.nets.classify import Classify, class_weights

        weights = class_weights(rows.targets, labels, params.class_weights)
        smoothing = params.label_smoothing
        return Classify(labels.kind.link, None if weights is None else torch.from_numpy(weights), smoothing)

    def present(self, targets: NDArray[Any], labels: Labels) -> NDArray[np.int64]:
        """Of each row its classes, at most once each; of numbers none."""
        return label_metrics.present(targets, labels)

    def found(self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels) -> NDArray[np.int64]:
        """Which of these are given."""
        return label_metrics.found(answers, targets, labels)

    def chances(self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels) -> Chances:
        """The logits of each row.

        Raises:
            PlanError: `calibrate.numbers`.
        """
        return label_scores.chances(answers, targets, labels)

    def tempered(self, answers: NDArray[np.float32], temperature: float, labels: Labels) -> NDArray[np.float32]:
        """Divided by it."""
        return np.asarray(Calibrated(temperature).logits(answers), dtype=np.float32)

    def detail(
        self, logits: NDArray[np.float32], rows: Rows, labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """Per class, confusion matrix, reliability or scatter, and what to mind of the intervals."""
        assert rows.targets is not None
        return label_scores.detail(logits, rows.targets, labels, groups)


def _case(kind: str, pairs: bool) -> Case:
    """Rows with all classes, of weights that differ, and answers that are all right."""
    codes = np.arange(len(SENTENCES)) % 3
    several = np.stack([codes != 0, codes != 1, codes == 2], axis=1).astype(np.float32)
    found: dict[str, NDArray[Any]] = {
        "single_label": codes,
        "multi_label": several,
        "regression": (codes + 0.25).astype(np.float32),
        "ordinal": codes.astype(np.float32),
    }
    targets = found[kind]
    right: dict[str, NDArray[Any]] = {"single_label": 9 * np.eye(3)[codes], "multi_label": 18 * several - 9}
    rows = Rows(
        SENTENCES,
        SENTENCES[::-1] if pairs else None,
        targets,
        [str(number) for number in range(len(SENTENCES))],
        weights=np.linspace(0.2, 2, len(SENTENCES), dtype=np.float32),
    )
    labels = Labels(problem=kind, names=[] if kind == "regression" else ["bad", "so", "good"], low=0, high=2)
    return Case(
        f"{kind}{' of pairs' * pairs}", labels, rows, right=right.get(kind, targets[:, None]).astype(np.float32)
    )


def make_config(folder: Path, labels: Labels, params: Filled) -> Any:
    """The base model's config with this head's labels and this table's dropouts."""
    from tunebook.tasks.heads import config_of

    names = ["LABEL_0"] if labels.kind.link == "identity" else labels.names  # a number has no name of a class
    config = config_of(folder, names, params)
    config.problem_type = _PROBLEM_TYPE[labels.problem]
    return config


__all__ = ["TextClassification", "make_config"]

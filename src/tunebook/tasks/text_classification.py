"""Text classification: one class, several, ordered classes or a number, of single texts or of pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.encoded import Encoded, pack
from tunebook.core.errors import ModelError
from tunebook.core.kinds import CLASSES, NUMBERS, either, unknown_kind
from tunebook.core.nouns import Interval, Labels
from tunebook.core.params import Value
from tunebook.core.task import Criterion, Rows, Task
from tunebook.core.technique import Batch
from tunebook.data.kind import column_kind
from tunebook.models.architecture import Architecture, architecture
from tunebook.models.source import read_config
from tunebook.tasks import label_intervals, label_rows, label_scores

_PROBLEM_TYPE = {
    "single_label": "single_label_classification",
    "multi_label": "multi_label_classification",
    "regression": "regression",
    "ordinal": "regression",
}
_HEADLINE = {"single_label": "accuracy", "multi_label": "micro_f1", "regression": "spearman", "ordinal": "qwk"}
# The config fields in which architectures keep each kind of dropout.
_DROPOUT = {
    "dropout": ("hidden_dropout_prob", "hidden_dropout", "dropout", "mlp_dropout", "resid_pdrop"),
    "attention_dropout": ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop"),
    "classifier_dropout": ("classifier_dropout", "seq_classif_dropout", "cls_dropout"),
}
_UNDECLARED = {("deberta", "cls_dropout"), ("deberta-v2", "cls_dropout")}  # read by the model, not in its config class


class TextClassification(Task):
    """The task `text_classification`.

    Ordered classes are learnt as numbers 0 ... K-1 with a squared loss and rounded to the nearest class.
    """

    key: ClassVar[str] = "text_classification"
    gives: ClassVar[frozenset[str]] = frozenset({"logits", "embeddings", "layers", "head", "items"})

    def headline(self, labels: Labels) -> str:
        """Accuracy, micro F1 (several labels), Spearman (numbers) or quadratic kappa (ordered classes)."""
        found = _HEADLINE.get(labels.problem)
        if found is None:
            raise unknown_kind(labels.problem, *_HEADLINE)
        return found

    def metrics(self, labels: Labels) -> tuple[str, ...]:
        """Metrics of which more is better."""
        if labels.problem not in label_scores.MORE_IS_BETTER:
            raise unknown_kind(labels.problem, *label_scores.MORE_IS_BETTER)
        return label_scores.MORE_IS_BETTER[labels.problem]

    def build(self, folder: Path, labels: Labels, params: Mapping[str, Value]) -> Any:
        """The model with a head for these labels, fresh but for rows of its own head that belong to classes of the same
        names; class names and the kind of problem stand in its config.

        Raises:
            ModelError: transformers has no classification head for this architecture, or the folder lacks weights of
                the encoder, which would then start at random.
        """
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForSequenceClassification
        from transformers.utils import logging

        from tunebook.tasks.heads import check_whole, start_head

        verbosity = logging.get_verbosity()
        logging.set_verbosity_error()  # it warns of a fresh head, which is what we ask for
        try:
            model, found = AutoModelForSequenceClassification.from_pretrained(
                str(folder),
                config=make_config(folder, labels, params),
                dtype=torch.float32,
                ignore_mismatched_sizes=True,  # the head of another number of classes; nothing else, see below
                output_loading_info=True,
                trust_remote_code=False,
            )
        except (ValueError, OSError, RuntimeError, SafetensorError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError("model.head", key="base_model", value=str(folder), reason=reason) from error
        finally:
            logging.set_verbosity(verbosity)
        check_whole(model, found, folder)
        start_head(model, found, folder, labels)
        return model

    def skeleton(self, folder: Path, labels: Labels, params: Mapping[str, Value]) -> Any:
        """The same model on torch's meta device: names and shapes, no weights, no memory.

        Raises:
            ModelError: as `build`.
        """
        import torch
        from transformers import AutoModelForSequenceClassification

        try:
            with torch.device("meta"):
                return AutoModelForSequenceClassification.from_config(
                    make_config(folder, labels, params), trust_remote_code=False
                )
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError("model.head", key="base_model", value=str(folder), reason=reason) from error

    def load(self, folder: Path) -> Any:
        """A trained model as transformers itself loads it."""
        import torch
        from transformers import AutoModelForSequenceClassification

        return AutoModelForSequenceClassification.from_pretrained(
            str(folder), dtype=torch.float32, use_safetensors=True, trust_remote_code=False
        )

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
        fixed = {"labels": rows.targets, "sample_weight": rows.weights}
        return encoded.with_fixed(**{name: column for name, column in fixed.items() if column is not None})

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

    def criterion(self, labels: Labels, params: Mapping[str, Value], targets: NDArray[Any]) -> Criterion:
        """Cross-entropy, binary cross-entropy of each class, or squared error."""
        import torch

        from tunebook.nets.classify import Classify, class_weights

        weights = class_weights(targets, labels, str(params["class_weights"]))
        smoothing = float(params["label_smoothing"])  # type: ignore[arg-type]
        return Classify(labels.problem, None if weights is None else torch.from_numpy(weights), smoothing)

    def answers(self, logits: NDArray[np.float32], labels: Labels) -> list[dict[str, Any]]:
        """Each row's `label` (a list for several labels, a number for regression), `score` and `scores`."""
        return label_scores.answers(logits, labels)

    def true_label(self, target: Any, labels: Labels) -> Any:
        """A class name, a list of them, or a number."""
        return column_kind(labels.problem).said(target, labels)

    def scores(self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels) -> dict[str, float]:
        """The metrics of `tunebook.metrics` for this kind of labels."""
        return label_scores.scores(logits, targets, labels)

    def intervals(
        self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Interval]:
        """Headline metrics with their intervals."""
        return label_intervals.intervals(logits, targets, labels, groups)

    def detail(
        self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """Per class, confusion matrix, reliability or scatter, and what to mind of the intervals."""
        return label_scores.detail(logits, targets, labels, groups)

    def row_scores(
        self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels, metric: str
    ) -> NDArray[Any] | None:
        """Accuracy and the like, row by row."""
        return label_rows.row_scores(logits, targets, labels, metric)

    def scorer(
        self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels, metric: str
    ) -> Callable[[NDArray[np.int64]], float]:
        """Any of `metrics`, or the calibration error `ece`, on any rows."""
        return label_rows.scorer(logits, targets, labels, metric)


def make_config(folder: Path, labels: Labels, params: Mapping[str, Value]) -> Any:
    """The base model's config with this head's labels and this table's dropouts."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
    config.num_labels = labels.outputs
    classes = either(labels.problem, CLASSES, NUMBERS)
    config.id2label = dict(enumerate(labels.names if classes else ["LABEL_0"]))  # a number has no name of a class
    config.label2id = {name: index for index, name in config.id2label.items()}
    config.problem_type = _PROBLEM_TYPE[labels.problem]
    if config.pad_token_id is None:  # as load_tokenizer does; a causal model answers at the last token before padding
        ends = config.eos_token_id
        config.pad_token_id = ends[0] if isinstance(ends, list) else ends
    set_dropout(config, params)
    return config


def set_dropout(config: Any, params: Mapping[str, Value]) -> None:
    """Write the dropout rows into the config fields that the architecture has.

    Raises:
        ModelError: a row is set and the architecture has no such dropout, so that the row could not act.
    """
    for row, fields in _DROPOUT.items():
        if params.get(row) is None:
            continue
        known = [name for name in fields if hasattr(config, name) or (config.model_type, name) in _UNDECLARED]
        if not known:
            raise ModelError("model.dropout", key=row, value=params[row], model=config.model_type)
        for name in known:
            setattr(config, name, params[row])


__all__ = ["TextClassification", "make_config", "set_dropout"]

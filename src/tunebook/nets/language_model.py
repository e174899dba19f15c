"""What masked and causal language models share as tasks: the model with its own head, loss over tokens, perplexity."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.encoded import Encoded
from tunebook.core.errors import ModelError, RunError
from tunebook.core.metric import Metric
from tunebook.core.nouns import Interval, Labels
from tunebook.core.settings import Filled
from tunebook.core.task import Criterion, Rows, Task
from tunebook.core.technique import Batch, model_inputs
from tunebook.nets.masking import IGNORED
from tunebook.nets.next_token import Predict, Seen
from tunebook.nets.parameters import body_prefix

if TYPE_CHECKING:
    from torch import Tensor

Numbers = NDArray[np.float32]


def _interval(sums: NDArray[Any], groups: NDArray[Any] | None) -> Interval | None:
    from tunebook.stats.intervals import of_ratio

    return of_ratio(np.stack([-sums[:, 0], sums[:, 1]], axis=1), groups)


def _figures(answers: Numbers, targets: NDArray[Any], labels: Labels) -> NDArray[np.float64]:
    """Sum of the losses, number of targets and of right ones of each row, shape (N, 3)."""
    return np.asarray(answers, dtype=np.float64)


_METRICS = (
    Metric(
        "log_likelihood", _figures, lambda sums: -sums[..., 0] / sums[..., 1],
        unit="own", low=-math.inf, high=0.0, interval=_interval,
    ),
    Metric("accuracy", _figures, lambda sums: sums[..., 2] / sums[..., 1]),
    Metric(
        "perplexity", _figures, lambda sums: np.exp(np.minimum(sums[..., 0] / sums[..., 1], 700.0)),
        better="less", unit="own", low=1.0, high=math.inf,
    ),
)  # fmt: skip


class AutoHead(Task):
    """Base of the tasks whose model has a head over its vocabulary, as a class of transformers makes it."""

    @abstractmethod
    def auto(self) -> Any:
        """The class of transformers that makes the model."""

    def skeleton(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The same model on torch's meta device."""
        import torch
        from transformers import AutoConfig, AutoModel

        try:
            with torch.device("meta"):
                config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
                model = self.auto().from_config(config, trust_remote_code=False)
                if _keeps_pooler(folder):
                    _seat_pooler(model, AutoModel.from_config(config, trust_remote_code=False))
                return model
        except (ValueError, RuntimeError) as error:
            raise _no_head(folder, self.auto(), error) from error

    def load(self, folder: Path) -> Any:
        """A trained model as transformers itself loads it."""
        from tunebook.models.stored import stored

        return stored(self.auto(), folder)


class OwnHead(AutoHead):
    """Base of those that take the base model as it is."""

    def build(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The base model with its own head; see `own_head`."""
        return own_head(self.auto(), folder)


class TokenLoss(AutoHead):
    """Base of those that learn tokens with it.

    Class attributes:
        ahead: how many tokens before its target a token's logits stand: 0 for masked models and for decoders that are
            shown their targets one place later, 1 for causal models.
    """

    ahead: ClassVar[int]

    def criterion(self, labels: Labels, params: Filled, rows: Encoded) -> Criterion:
        """Cross-entropy of the targets."""
        return Predict(self.ahead)

    def figures(self, outputs: Any, batch: Batch) -> Tensor:
        """Sum of losses, number of targets and number of right ones of each row, shape (rows, 3)."""
        import torch

        criterion = Predict(self.ahead)
        where, targets = criterion.where(batch), criterion.targets(batch)
        seen = outputs if isinstance(outputs, Seen) else Seen(outputs, given=criterion.flat(outputs, batch).logits)
        losses, right = seen.figures(targets)
        columns = torch.stack([losses, torch.ones_like(losses), right], dim=1)
        rows = torch.zeros(len(where), 3, device=columns.device)
        return rows.index_add(0, where.nonzero()[:, 0], columns)

    def passed(self, model: Any, batch: Batch) -> Any:
        """What `read` needs of a pass: the logits of all tokens over a whole vocabulary would fill the memory."""
        return Predict(self.ahead).seen(model, batch) if "labels" in batch else model(**model_inputs(batch))


class TokenModel(OwnHead, TokenLoss):
    """Base of those whose rows are one text each."""

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """`input_ids`, `attention_mask` and `labels` of shape (rows, longest); without a target IGNORED."""
        import torch

        batch: Batch = {"input_ids": torch.from_numpy(encoded.padded("input_ids", rows, pad))}
        if "labels" in encoded.flat:
            batch["labels"] = torch.from_numpy(encoded.padded("labels", rows, IGNORED))
        lengths = torch.from_numpy(encoded.lengths[list(rows)])
        batch["attention_mask"] = (torch.arange(batch["input_ids"].shape[1]) < lengths[:, None]).long()
        for name, column in encoded.fixed.items():
            if name == "labels":  # of the rows, such as whole answers, beside those of their tokens
                continue
            batch[name] = torch.from_numpy(column[list(rows)])
        return batch


class LanguageModel(TokenModel):
    """Base of the tasks that learn the texts themselves.

    Of each row three figures are kept in place of logits, which would fill the memory: the sum of its losses, the
    number of its targets, and how many of them the model would have said.
    """

    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = {"language_model": _METRICS}

    def read(self, outputs: Any, batch: Batch, model: Any = None) -> Tensor:
        """These figures."""
        return self.figures(outputs, batch)

    def say(self, answers: Numbers, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """A language model of a stage has no answers.

        Raises:
            RunError: `stages.no_answers`.
        """
        raise RunError("stages.no_answers", key=self.key)

    def true(self, targets: NDArray[Any], rows: Rows, labels: Labels) -> list[Any]:
        """The numbers of tokens."""
        return [int(target) for target in targets]


def own_head(auto: Any, folder: Path) -> Any:
    """The base model with its own head, or a fresh one where it was kept without.

    A pooler, which a language model does not use, is carried along untouched for the task that comes after.

    Raises:
        ModelError: transformers has no such head for this architecture, or the folder lacks weights of the body.
    """
    import torch

    from tunebook.models.stored import quiet

    try:
        with quiet():  # it warns of a head that is fresh
            model, found = auto.from_pretrained(
                str(folder), dtype=torch.float32, output_loading_info=True, trust_remote_code=False
            )
            _carry_pooler(model, folder)
    except (ValueError, OSError, RuntimeError) as error:
        raise _no_head(folder, auto, error) from error
    names = [*found["missing_keys"], *(item[0] for item in found["mismatched_keys"])]
    # A model without a name of its own for the body (T5) has its parts beside the head.
    body = body_prefix(model)
    apart = _tied(model) | {"lm_head.weight"}
    lost = sorted(n for n in names if n.startswith(body) and "pooler." not in n and (body or n not in apart))
    if lost:
        raise ModelError("model.partial", key="base_model", value=str(folder), count=len(lost), first=lost[0])
    # A head that shares its weights with the embeddings is not written twice, and the trainer need not miss it.
    model._keys_to_ignore_on_save = _tied(model)
    return model


def _tied(model: Any) -> set[str]:
    """Names of the parameters that are others under a second name."""
    once = {name for name, _ in model.named_parameters()}
    return {name for name, _ in model.named_parameters(remove_duplicate=False)} - once


def _carry_pooler(model: Any, folder: Path) -> None:
    import torch
    from transformers import AutoModel

    body = model.base_model
    if getattr(body, "pooler", body) is not None:  # it has its own, or its kind has none
        return
    whole, found = AutoModel.from_pretrained(
        str(folder), dtype=torch.float32, output_loading_info=True, trust_remote_code=False
    )
    if not any("pooler." in name for name in found["missing_keys"]):
        _seat_pooler(model, whole)


def _keeps_pooler(folder: Path) -> bool:
    """Whether a folder's safetensors hold one; of pickled weights that is only known once they are loaded."""
    from safetensors import safe_open

    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as stored:
            if any("pooler." in name for name in stored.keys()):  # noqa: SIM118 - no mapping
                return True
    return False


def _seat_pooler(model: Any, whole: Any) -> None:
    """Give a language model the pooler that the whole model has and it lacks, so that it is carried along."""
    body = model.base_model
    if getattr(body, "pooler", body) is None and getattr(whole, "pooler", None) is not None:
        body.pooler = whole.pooler.requires_grad_(False)


def _no_head(folder: Path, auto: Any, error: Exception) -> ModelError:
    reason = str(error).splitlines()[0]
    return ModelError("model.head", key="base_model", value=str(folder), reason=reason, auto=auto.__name__)


__all__ = ["AutoHead", "LanguageModel", "OwnHead", "Predict", "TokenLoss", "TokenModel", "own_head"]

"""A base model with the head of a task: with rows of its own head by the names of classes, else fresh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import ModelError
from tunebook.core.nouns import Labels
from tunebook.core.settings import Filled
from tunebook.models.heads import first_answers, matched, stored_weight
from tunebook.models.source import read_config
from tunebook.models.stored import quiet

if TYPE_CHECKING:
    from torch import Tensor, nn

# The config fields in which architectures keep each kind of dropout.
_DROPOUT = {
    "dropout": ("hidden_dropout_prob", "hidden_dropout", "dropout", "mlp_dropout", "resid_pdrop"),
    "attention_dropout": ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop"),
    "classifier_dropout": ("classifier_dropout", "seq_classif_dropout", "cls_dropout"),
}
_UNDECLARED = {("deberta", "cls_dropout"), ("deberta-v2", "cls_dropout")}  # read by the model, not in its config class


def config_of(folder: Path, names: Sequence[str], params: Filled) -> Any:
    """The base model's config with a head of these outputs and this table's dropouts.

    Raises:
        ModelError: it is none that transformers knows, or has no such dropout.
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
    except (ValueError, OSError) as error:
        raise _no_head(folder, AutoConfig, error) from error
    config.num_labels = len(names)
    config.id2label = dict(enumerate(names))
    config.label2id = {name: index for index, name in config.id2label.items()}
    if config.pad_token_id is None:  # as load_tokenizer does; a causal model answers at the last token before padding
        ends = config.eos_token_id
        config.pad_token_id = ends[0] if isinstance(ends, list) else ends
    set_dropout(config, params)
    return config


def set_dropout(config: Any, params: Filled) -> None:
    """Write the dropout rows into the config fields that the architecture has.

    Raises:
        ModelError: a row is set and the architecture has no such dropout, so that the row could not act.
    """
    for row, fields in _DROPOUT.items():
        if (share := getattr(params, row)) is None:
            continue
        known = [name for name in fields if hasattr(config, name) or (config.model_type, name) in _UNDECLARED]
        if not known:
            raise ModelError("model.dropout", key=row, value=share, model=config.model_type)
        for name in known:
            setattr(config, name, share)


def fresh(auto: Any, folder: Path, config: Any) -> tuple[Any, Mapping[str, Any]]:
    """A base model with a head of this config, and what transformers told of the loading.

    Args:
        auto: the class of transformers that makes models with such a head.

    Raises:
        ModelError: it has none for this architecture.
    """
    import torch
    from safetensors import SafetensorError

    from tunebook.nets.heads import mark_fresh

    try:
        with quiet():  # it warns of a fresh head, which is what we ask for
            model, found = auto.from_pretrained(
                str(folder),
                config=config,
                dtype=torch.float32,
                ignore_mismatched_sizes=True,  # the head of another number of classes; nothing else, see check_whole
                output_loading_info=True,
                trust_remote_code=False,
            )
    except (ValueError, OSError, RuntimeError, SafetensorError) as error:
        raise _no_head(folder, auto, error) from error
    mark_fresh(model, _lacking(found))
    return model, found


def _lacking(found: Mapping[str, Any]) -> list[str]:
    """Weights that the files did not have, or not in this shape."""
    return [*found["missing_keys"], *(item[0] for item in found["mismatched_keys"])]


def weightless(auto: Any, folder: Path, config: Any) -> Any:
    """The same model on torch's meta device: names and shapes, no weights, no memory.

    Raises:
        ModelError: as `fresh`.
    """
    import torch

    try:
        with torch.device("meta"):
            return auto.from_config(config, trust_remote_code=False)
    except (ValueError, RuntimeError) as error:
        raise _no_head(folder, auto, error) from error


def _no_head(folder: Path, auto: Any, error: Exception) -> ModelError:
    reason = str(error).splitlines()[0]
    return ModelError("model.head", key="base_model", value=str(folder), reason=reason, auto=auto.__name__)


def check_whole(model: Any, found: Mapping[str, Any], folder: Path, *, headless: bool = False) -> None:
    """Refuse an encoder of which the files lack a part; head and pooler may be fresh.

    Args:
        found: what transformers told of the loading.
        headless: all of the model is the encoder.

    Raises:
        ModelError: `model.partial`.
    """
    names = _lacking(found)
    body = "" if headless else f"{model.base_model_prefix}."
    lost = sorted(name for name in names if name.startswith(body) and "pooler." not in name)
    if lost:
        raise ModelError("model.partial", key="base_model", value=str(folder), count=len(lost), first=lost[0])


def start_head(model: Any, found: Mapping[str, Any], folder: Path, labels: Labels) -> None:
    """Give the head of a model that was just loaded the rows which belong to these labels, and a fresh start to others.

    transformers loads a head of as many outputs by their places: a base that was trained on the same classes in another
    order would begin with each class as its opposite.

    Args:
        found: what transformers told of the loading.
    """
    import torch

    from tunebook.nets.heads import named_head

    name, head = named_head(model, labels.outputs)
    if head is None:
        return
    missing, other = set(found["missing_keys"]), {item[0] for item in found["mismatched_keys"]}
    if f"{name}.weight" in missing:
        _centre(head, range(labels.outputs), labels)
        return
    own = _own(head, name, folder, other)
    begins = matched(read_config(folder), len(own["weight"]), labels)
    if begins.number:
        return
    kept = {labels.names.index(label): row for label, row in begins.rows.items()}
    others = [row for row in range(labels.outputs) if row not in kept]
    if others and f"{name}.weight" not in other:
        _draw(model, head)
    with torch.no_grad():
        for part, item in head.named_parameters():
            for row, place in kept.items():
                item[row] = own[part][place].to(item)
    _centre(head, others, labels)


def head_name(skeleton: Any, labels: Labels) -> str:
    """Name of the last linear map of a model for these labels, which may be without weights; empty without one."""
    from tunebook.nets.heads import named_head

    return named_head(skeleton, labels.outputs)[0]


def _own(head: nn.Linear, name: str, folder: Path, other: Set[str]) -> dict[str, Tensor]:
    """The base model's own head: what was loaded, or, of another number of outputs, what lies in its files."""
    config = read_config(folder)
    parts = {}
    for part, item in head.named_parameters():
        full = f"{name}.{part}"
        old = stored_weight(folder, config, full) if full in other else item.detach().clone()
        parts[part] = item.new_zeros(0) if old is None else old
    return parts


def _draw(model: Any, head: nn.Linear) -> None:
    """Draw a head anew, as the architecture draws a fresh one."""
    import torch

    for item in head.parameters():
        item._is_hf_initialized = False  # type: ignore[attr-defined]  # else the initialiser leaves loaded ones alone
    with torch.no_grad():
        model.apply(model._init_weights)


def _centre(head: nn.Linear, rows: Iterable[int], labels: Labels) -> None:
    """Let fresh rows of a head begin with what the training rows have on average.

    Adam moves a bias by about the learning rate a step: from 0 to a mean of 2.5, or to the log-odds of a rare class, it
    would take thousands of steps, and the encoder would be bent to do it instead.
    """
    import torch

    start = first_answers(labels)
    if start and head.bias is not None:
        with torch.no_grad():
            for row in rows:
                head.bias[row] = start[row]


__all__ = [
    "check_whole",
    "config_of",
    "fresh",
    "head_name",
    "set_dropout",
    "start_head",
    "weightless",
]

"""What the parameter-efficient methods share: what of a model they train, how fast, and the proof."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import nn

from tunebook.core.errors import PlanError
from tunebook.core.facts import not_given
from tunebook.core.params import Row, Search
from tunebook.core.registry import task_of
from tunebook.core.technique import Event, Facts, ParamGroups, RunContext, Technique
from tunebook.models.architecture import depths
from tunebook.models.positions import positions_in
from tunebook.nets.averages import moved
from tunebook.nets.linear_chain import in_chain
from tunebook.nets.parts import whole
from tunebook.nets.target_modules import linears

RATE = Row(
    "peak step size of all that this method trains, the head included, in place of the table's learning_rate",
    zh="该方法所训练的全部参数（含分类头）的峰值学习率，代替表中的 learning_rate",
    search=Search(1e-4, 3e-2, log=True),
    replaces="learning_rate",
)
EXTRA = "extra_"  # children of a model that serve its training alone
TESTED = ("bert", "deberta", "deberta-v2", "distilbert", "electra", "modernbert", "roberta", "xlm-roberta")
# Method -> architecture that cannot have it -> the nearest method that it can have. The last five have no biases in
# their layers; the first ones take no keys and values from outside.
_NO_PAST = ("deberta", "deberta-v2", "distilbert", "modernbert")
REFUSED: Mapping[str, Mapping[str, str]] = {
    "prefix": dict.fromkeys(_NO_PAST, "prompt"),
    "bitfit": {"modernbert": "ia3"},
}
# What virtual tokens cannot stand beside: they lie in no layer, and make a text longer than its teacher sees it.
BY_LAYER = frozenset({"layer_decay"})
BY_TOKEN = frozenset({"distill_attention", "distill_hidden"})
_TASK_TYPES = {
    "ForSequenceClassification": "SEQ_CLS",
    "ForTokenClassification": "TOKEN_CLS",
    "ForQuestionAnswering": "QUESTION_ANS",
    "ForCausalLM": "CAUSAL_LM",
    "LMHeadModel": "CAUSAL_LM",  # GPT-2
}


_WORDS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration", "MTModel")  # MTModel: Marian


class Efficient(Technique):
    """Base of the methods that leave the base model as it was and train a small part beside it."""

    needs: ClassVar[frozenset[str]] = frozenset({"layers"})  # and a head, or vectors in its place: see below
    # The base stays as it was, so there is nothing to hold, and what is added has nothing pretrained that must wait.
    conflicts: ClassVar[frozenset[str]] = frozenset(
        {"freeze", "gradual_unfreezing", "l2_sp", "reinit", "si", "student", "wise_ft"}
    )
    exclusive: ClassVar[str] = "peft"
    delta: ClassVar[bool] = True

    learning_rate: Annotated[float, Field(gt=0, le=1), RATE] = 1e-3

    def param_groups(self, groups: ParamGroups, run: RunContext) -> ParamGroups:
        """The method's own rate for all that it trains; the table's for what other techniques added.

        What others multiply rates by (layers, head) still holds, whoever comes first.
        """
        factor = self.learning_rate / run.settings.learning_rate
        return [part for group in groups for part in _rated(group, factor)]


def _rated(group: dict[str, Any], factor: float) -> Iterator[dict[str, Any]]:
    for extra in (False, True):
        chosen = [index for index, name in enumerate(group["names"]) if (is_extra(name) or in_chain(name)) == extra]
        if chosen or not extra:
            part = {column: [group[column][index] for index in chosen] for column in ("params", "names")}
            yield {**group, **part, "lr": group["lr"] * (1.0 if extra else factor)}


def is_extra(name: str) -> bool:
    """Whether a parameter serves the training alone, in a module that another technique added."""
    return any(part.startswith(EXTRA) for part in name.split("."))


def nearest(key: str, kind: str, gives: frozenset[str]) -> str:
    """The method to take in place of one that an architecture cannot have; empty where it can have it.

    Args:
        gives: of the task: where tokens have to stay where they are, none can stand before them.
    """
    found = REFUSED.get(key, {}).get(kind, "")
    return "lora" if found == "prompt" and "free_tokens" not in gives else found


def refuse_architecture(key: str, facts: Facts) -> None:
    """Refuse what this method cannot do with the base model, and the language models of a stage, which hand on a model
    that is whole.

    Raises:
        PlanError: `peft.architecture`, `plan.needs`.
    """
    kind, gives = str(facts.config.get("model_type")), task_of(facts.task).gives
    if not gives & {"head", "vectors", "words"}:
        raise not_given(key, {"head"}, facts.task)
    other = nearest(key, kind, gives)
    if other:
        raise PlanError("peft.architecture", key=key, value=kind, allowed=f"{other}=on")


def refuse_length(name: str, tokens: int, facts: Facts) -> None:
    """Refuse virtual tokens that do not fit beside the rows' own.

    Args:
        name: row that says how many there are.

    Raises:
        PlanError: `peft.length`.
    """
    room = positions_in(facts.config) or 10**6
    if facts.config.get("model_type") in ("roberta", "xlm-roberta", "camembert"):
        room -= 2  # their positions start after the padding index
    length = facts.settings.max_length
    if length + tokens > room:
        allowed = f"max_length <= {room - tokens}" if tokens < room else f"{name} < {room}"
        raise PlanError("peft.length", key=name, value=tokens, allowed=allowed, length=length, room=room)


def quantized(model: Any) -> None:
    """Put maps of four bits (NF4, their scales quantised too) in place of the linear maps of the layers.

    The weights are packed when the model is moved to the GPU. On the meta device it is only marked: shapes stay as they
    are.
    """
    model.is_loaded_in_4bit = True  # which PEFT asks for
    if next(model.parameters()).is_meta:
        return
    import bitsandbytes

    for name in linears(model):
        old: Any = model.get_submodule(name)
        new = bitsandbytes.nn.Linear4bit(
            old.in_features, old.out_features, bias=old.bias is not None, compute_dtype=torch.bfloat16, quant_type="nf4"
        )
        new.weight = bitsandbytes.nn.Params4bit(old.weight.data, requires_grad=False, quant_type="nf4")
        new.bias = old.bias
        model.set_submodule(name, new)


def says_words(model: nn.Module) -> bool:
    """Whether what is behind its layers was trained with them, to say words, and is no head for labels."""
    names = {type(item).__name__ for item in (model, getattr(model, "base_model", model))}
    return any(name.endswith(_WORDS) for name in names)


def head_modules(model: nn.Module) -> list[str]:
    """The modules after the last layer (final norm, pooler, head), each as large as can be, that the model uses; none
    of a model that says words, which needs no fresh ones."""
    if says_words(model):
        return []
    found = depths(model)
    lowest: dict[str, int] = {}
    for name, depth in found.of.items():
        parts = name.split(".")
        for end in range(1, len(parts)):
            path = ".".join(parts[:end])
            lowest[path] = min(depth, lowest.get(path, depth))
    unused = getattr(model, "unused", ())
    top = [path for path, depth in lowest.items() if depth == found.top and path.rpartition(".")[2] not in unused]
    return [path for path in top if path.rpartition(".")[0] not in top]


def wrapped(model: nn.Module, make: type[Any], **options: Any) -> Any:
    """A model of PEFT around this one, its head trained and kept with it.

    Args:
        make: class of PEFT's config; options: what it takes beside the task and the head.
    """
    from peft import get_peft_model

    helpers = [item for name, item in model.named_parameters() if is_extra(name) and item.requires_grad]
    kind = next((task for end, task in _TASK_TYPES.items() if type(model).__name__.endswith(end)), None)
    config = make(task_type=kind, modules_to_save=head_modules(model) or None, **options)
    with warnings.catch_warnings():  # PEFT 0.21 asks transformers 5.23 for an attribute under its old name
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        warnings.filterwarnings("ignore", "fan_in_fan_out is set to False", UserWarning)  # it sets it by itself
        made: Any = get_peft_model(model, config)
    for helper in helpers:
        helper.requires_grad_(True)
    return made


def virtual(model: Any, make: type[Any], tokens: int, **options: Any) -> Any:
    """A model of PEFT with virtual tokens; PEFT knows not every architecture's name for its number of heads."""
    heads, layers = model.config.num_attention_heads, model.config.num_hidden_layers
    sizes = {"num_virtual_tokens": tokens, "num_attention_heads": heads, "num_layers": layers}
    return wrapped(model, make, **sizes, **options)


def train_only(model: nn.Module, chosen: set[str]) -> None:
    """Train these parameters, the head, and what other techniques added; nothing else."""
    head = tuple(f"{name}." for name in head_modules(model))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in chosen or name.startswith(head) or is_extra(name))


def watch(event: Event, run: RunContext, key: str) -> None:
    """Prove that the method's own tensors moved: their norms are taken at the start and at the end."""
    if event not in ("start", "end"):
        return
    found = depths(run.model)
    own = {
        name: float(whole(item.detach()).double().norm())
        for name, item in moved(run).items()  # others may have frozen some of them for a while
        if found.of[name] < found.top and not is_extra(name)
    }
    start = run.state.setdefault(key, {}).setdefault("norms", list(own.values()))
    changed = sum(before != after for before, after in zip(start, own.values(), strict=True))
    if event == "end" and changed:
        run.noted(key, tensors=len(own), tensors_moved=changed)


__all__ = [
    "BY_LAYER",
    "BY_TOKEN",
    "EXTRA",
    "RATE",
    "REFUSED",
    "TESTED",
    "Efficient",
    "head_modules",
    "is_extra",
    "nearest",
    "quantized",
    "refuse_architecture",
    "refuse_length",
    "says_words",
    "train_only",
    "virtual",
    "watch",
    "wrapped",
]

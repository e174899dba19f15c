"""Bottleneck adapters of Houlsby and of Pfeiffer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import torch
import torch.nn.functional as F  # noqa: N812
from pydantic import Field
from torch import Tensor, nn

from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, Facts, RunContext
from tunebook.models.architecture import depths
from tunebook.nets.peft import RATE, Efficient, refuse_architecture, train_only, watch
from tunebook.nets.target_modules import ATTENTION_OUT, FEED_OUT, linears_like

_START = 0.01  # standard deviation of the way down at the start (Houlsby et al. 2019, section 3.6)
_AFTER_FEED = r"(?<!attention\.)output\.LayerNorm$|(^|\.)output_layer_norm$"  # where layers norm after adding
NAME = "adapter"


class Adapter(Efficient):
    """Put a small network of one hidden layer into every layer of the model, and train these and the head.

    `houlsby` has two in each layer, after attention and after the feed-forward part, before they are added to the
    layer's stream; `pfeiffer` has one, after the feed-forward part, which reads what the layer's last norm gives
    (in models that norm first there is no such norm: it then reads the feed-forward part itself). Good where rows are
    few and where the same base serves many tasks. Not where every millisecond of an answer counts: adapters stay in the
    model and cannot be merged, `lora` can. Cost: some percent more time forward, less backward than a full
    fine-tuning, optimiser state for the adapters alone.

    Source: Houlsby et al. 2019 (arXiv:1902.00751), figure 2; Pfeiffer et al. 2020 (arXiv:2005.00052), formula 1.
    """

    key: ClassVar[str] = "adapter"
    zh: ClassVar[str] = """在每层中加入一个只有一层隐藏层的小网络，只训练它们和分类头。

    `houlsby` 在每层放两个：分别位于注意力之后和前馈部分之后，在加回该层的残差流之前；`pfeiffer` 只放一个：位于前馈部分
    之后，读取该层最后一个归一化的输出（先归一化的模型没有这一归一化，此时直接读取前馈部分的输出）。适用于样本少，或同
    一个基座模型要服务多项任务的情形。不适用于对每毫秒延迟都敏感的场合：适配器会一直留在模型里，不能合并，而 `lora` 可
    以。开销：前向多百分之几的时间，反向比全量微调少，优化器状态只涉及适配器。

    来源：Houlsby 等 2019（arXiv:1902.00751），图 2；Pfeiffer 等 2020（arXiv:2005.00052），公式 1。
    """

    placement: Annotated[
        Literal["pfeiffer", "houlsby"],
        Row("one adapter a layer, or two", zh="每层一个（pfeiffer）或两个（houlsby）适配器"),
    ] = "pfeiffer"
    width: Annotated[
        int,
        Field(ge=1, le=8192),
        Row(
            "dimensions inside an adapter",
            zh="适配器内部的维数",
            aliases=("adapter_size", "bottleneck_size"),
            search=Search(8, 256, log=True),
        ),
    ] = 64
    activation: Annotated[
        Literal["relu", "gelu", "silu"], Row("function inside an adapter", zh="适配器内部的激活函数")
    ] = "relu"
    norms: Annotated[
        bool,
        Row(
            "train the norms of the layers too, as Houlsby et al. did",
            zh="同时训练各层的归一化参数（Houlsby 等的做法）",
        ),
    ] = False
    learning_rate: Annotated[float, Field(gt=0, le=1), RATE] = 3e-3

    def refuse(self, facts: Facts) -> None:
        """What this method cannot do with the architecture."""
        refuse_architecture(self.key, facts)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model with its adapters, which change nothing at first.

        Raises:
            PlanError: `peft.targets`: the architecture's layers are not known.
        """
        chosen = set(insert(model, self.placement, self.width, self.activation))
        if self.norms:
            inside = tuple(f"{name}." for name in depths(model).modules)
            chosen |= {
                name for name, _ in model.named_parameters() if name.startswith(inside) and "norm" in name.lower()
            }
        train_only(model, chosen)
        return model

    def on(self, event: Event, run: RunContext) -> None:
        """Prove that the adapters moved."""
        watch(event, run, self.key)


class Bottleneck(nn.Module):
    """U f(D x): down to a few dimensions and up again. U starts at zero, so that at first nothing changes."""

    def __init__(self, outside: int, inside: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.down = nn.Linear(outside, inside)
        self.up = nn.Linear(inside, outside)
        self.activation = activation
        nn.init.normal_(self.down.weight, std=_START)
        for zero in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(zero)

    def forward(self, x: Tensor) -> Tensor:
        """What is added, of the shape of x (..., outside)."""
        out: Tensor = self.up(self.activation(self.down(x)))
        return out


def _after_sublayer(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """Houlsby et al. 2019: h + U f(D h), h what a sublayer gives, before it is added to the layer's stream."""
    added: Tensor = module.get_submodule(NAME)(output)
    return output + added


def _around_norm(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """Pfeiffer et al. 2020: of a norm N of s it makes N(s + U f(D N(s)))."""
    added: Tensor = module.get_submodule(NAME)(output)
    normed: Tensor = module.forward(inputs[0] + added)  # forward itself: hooks are not called again
    return normed


def places(model: nn.Module, placement: str) -> list[tuple[str, Any]]:
    """Where adapters go: name of the module, and the hook that puts one there.

    Raises:
        PlanError: `peft.targets`: the architecture's layers are not known.
    """
    feeds = linears_like(model, FEED_OUT, NAME)
    if placement == "houlsby":
        return [(name, _after_sublayer) for name in (*linears_like(model, ATTENTION_OUT, NAME), *feeds)]
    norms = [name for name, _ in model.named_modules() if re.search(_AFTER_FEED, name)]
    return [(name, _around_norm) for name in norms] or [(name, _after_sublayer) for name in feeds]


def insert(model: nn.Module, placement: str, width: int, activation: str) -> list[str]:
    """Put an adapter into every layer; the names of its parameters.

    Args:
        placement: `houlsby` or `pfeiffer`; width: dimensions inside; activation: a function of torch.nn.functional.
    """
    chosen = []
    for name, hook in places(model, placement):
        module = model.get_submodule(name)
        weight: Any = module.weight
        outside = weight.shape[0] if isinstance(module, nn.Linear) else weight.shape[-1]
        with torch.device(weight.device):
            module.add_module(NAME, Bottleneck(outside, width, getattr(F, activation)))
        module.register_forward_hook(hook)
        chosen += [f"{name}.{NAME}.{part}" for part, _ in module.get_submodule(NAME).named_parameters()]
    return chosen


__all__ = ["NAME", "Adapter", "Bottleneck", "insert", "places"]

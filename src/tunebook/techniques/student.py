"""A student: the base model with some of its layers left out."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import nn

from tunebook.core.errors import PlanError
from tunebook.core.params import Row
from tunebook.core.technique import Facts, RunContext, Technique
from tunebook.models.architecture import depths
from tunebook.nets.distillation import one_stack
from tunebook.nets.linear_chain import in_chain


class Student(Technique):
    """Train a smaller model that keeps some of the base model's layers, with their weights, and drops the rest.

    For a model that answers faster: half of the layers take about half of the time. It begins worse than the whole
    model, so give it many rows, more passes, and a teacher (`distill`). Not where the whole model is fast enough. The
    kept model is an ordinary one of fewer layers, which transformers loads as any other. Cost: none; training gets
    cheaper by as much as the model does.

    Source: Sanh et al. 2019 (DistilBERT, arXiv:1910.01108), section 3, every other layer of the teacher; Sajjad et al.
    2020 (arXiv:2004.03844) on which layers to drop.
    """

    key: ClassVar[str] = "student"
    zh: ClassVar[str] = """只保留基座模型的部分层（连同权重）来训练一个更小的模型。

    适用于需要更快回答的模型：层数减半，时间约减半。它的起点不如完整模型，因此需要较多样本、更多轮数和一个教师
    （`distill`）。若完整模型已经足够快，则不需要。保留下来的是层数较少的普通模型，transformers 可照常加载。开销：无；
    模型变小多少，训练就便宜多少。

    来源：Sanh 等 2019（DistilBERT，arXiv:1910.01108），第 3 节，教师每两层取一层；Sajjad 等 2020（arXiv:2004.03844），
    关于去掉哪些层。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers"})
    reshapes: ClassVar[bool] = True

    keep: Annotated[
        list[str] | None,
        Row(
            "layers to keep, counted from 1 at the bottom, such as 1,3,6; in place of every",
            zh="保留的层，自下而上从 1 计数，如 1,3,6；代替 every",
            unit="layers",
        ),
    ] = None
    every: Annotated[
        int,
        Field(ge=1),
        Row("keep the first layer and every n-th after it", zh="保留第一层及其后每第 n 层", unit="layers"),
    ] = 2

    def refuse(self, facts: Facts) -> None:
        """Models of two stacks of layers.

        Raises:
            PlanError: `distillation.stacks`.
        """
        one_stack(self.key, facts.config)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """Leave the layers out, in the modules and in the config.

        Raises:
            PlanError: `distillation.layers`, `distillation.shape`.
        """
        found = depths(model)
        kept = self._kept(found.layers)
        layers: Any = model.get_submodule(found.prefix)
        parent, _, name = found.prefix.rpartition(".")
        setattr(model.get_submodule(parent), name, nn.ModuleList(layers[number] for number in kept))
        _renumber(model, [layers[number] for number in kept], kept)
        if _shapes(model) != _shapes(_built_anew(model)):
            shown = ",".join(str(number + 1) for number in dict.fromkeys([0, *kept[1:]]))
            raise PlanError("distillation.shape", key="student.keep", value=self.keep, allowed=shown)
        run.noted(self.key, layers_kept=len(kept), layers_dropped=found.layers - len(kept))
        return model

    def _kept(self, layers: int) -> list[int]:
        """Numbers of the layers to keep, from 0."""
        if self.keep is None:
            return list(range(0, layers, self.every))
        kept = [int(number) - 1 if number.isdigit() else -1 for number in self.keep]
        if kept != sorted(set(kept)) or not kept or not 0 <= kept[0] <= kept[-1] < layers:
            raise PlanError("distillation.layers", key="student.keep", value=self.keep, allowed=f"1 … {layers}")
        return kept


def _renumber(model: Any, layers: list[nn.Module], kept: list[int]) -> None:
    """Tell config and layers how many layers there are and which one each is."""
    config = model.config
    kinds = getattr(config, "layer_types", None)
    if kinds is not None:
        config.layer_types = [kinds[number] for number in kept]
    config.num_hidden_layers = len(kept)
    for place, layer in enumerate(layers):
        for module in layer.modules():
            if hasattr(module, "layer_idx"):
                setattr(module, "layer_idx", place)  # noqa: B010 - a plain number among modules


def _built_anew(model: Any) -> Any:
    with torch.device("meta"):
        return type(model)(model.config)


def _shapes(model: nn.Module) -> dict[str, torch.Size]:
    kept = model.state_dict().items()
    return {name: item.shape for name, item in kept if not (name.startswith("extra_") or in_chain(name))}


__all__ = ["Student"]

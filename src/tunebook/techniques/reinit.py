"""Top layers that begin anew."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Facts, RunContext, Technique
from tunebook.models.architecture import Depths, depths


class Reinit(Technique):
    """Throw away what pre-training left in the top layers and the pooler, and draw them anew as the model does.

    The top of a masked language model serves the guessing of words; on a few hundred to a few thousand rows a fresh top
    often learns the task faster and with less spread between seeds. How many layers is a matter of the task: one to
    three of twelve, tried on validation rows. Not for a model that already was fine-tuned on something near the task,
    and not with tens of thousands of rows, where it makes no difference.

    Cost: none.

    Source: Zhang et al. 2021, Revisiting few-sample BERT fine-tuning (arXiv:2006.05987), section 5.
    """

    key: ClassVar[str] = "reinit"
    zh: ClassVar[str] = """重新初始化最顶部的若干层和池化层，丢弃其中预训练得到的权重。

    掩码语言模型的顶部用于猜词；样本为几百到几千条时，换成新的顶部往往学得更快，种子之间的差异也更小。重置几层取决于任
    务：十二层中取一到三层，在验证样本上尝试。不适用于已在相近任务上微调过的模型；有数万条样本时也不必用，没有差别。

    开销：无。

    来源：Zhang 等 2021，重新审视少样本 BERT 微调（arXiv:2006.05987），第 5 节。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers"})
    after: ClassVar[frozenset[str]] = frozenset({"freeze"})

    layers: Annotated[
        int,
        Field(ge=0),
        Row(
            "top layers that are drawn anew",
            zh="重新初始化的顶部层数",
            unit="layers",
            aliases=("reinit_layers", "reinit_n_layers"),
            search=Search(0, 3),
        ),
    ] = 1
    pooler: Annotated[bool, Row("draw the pooler anew, where the model has one", zh="同时重新初始化池化层（若有）")] = (
        True
    )

    def refuse(self, facts: Facts) -> None:
        """Something must be drawn.

        Raises:
            PlanError: `reinit.nothing`.
        """
        if not self.layers and not self.pooler:
            raise PlanError("reinit.nothing", key="reinit.layers", value=0, allowed=">= 1")

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """Draw by the run's seed alone; the model's other draws are as without it.

        Raises:
            PlanError: `reinit.layers`: more layers than there are. `reinit.frozen`: they would never be trained.
        """
        found = depths(model)
        if self.layers > found.layers:
            raise PlanError("reinit.layers", key="reinit.layers", value=self.layers, allowed=f"0 … {found.layers}")
        chosen = self._modules(model, found)
        parameters = [item for module in chosen for item in module.parameters()]
        if not all(item.requires_grad for item in parameters):
            raise PlanError("reinit.frozen", key="reinit.layers", value=self.layers)
        if not any(item.is_meta for item in parameters):
            self._draw(model, chosen, run.seed)
        run.noted(self.key, parameters_drawn=sum(item.numel() for item in parameters))
        return model

    def _modules(self, model: Any, found: Depths) -> list[Any]:
        chosen = [model.get_submodule(name) for name in found.modules[found.layers - self.layers :]]
        pooler = getattr(model.base_model, "pooler", None)
        return [*chosen, pooler] if self.pooler and pooler is not None else chosen

    @staticmethod
    def _draw(model: Any, chosen: list[Any], seed: int) -> None:
        devices = range(torch.cuda.device_count())
        with torch.random.fork_rng(devices), torch.no_grad():
            torch.manual_seed(seed)
            for top in chosen:
                for item in top.parameters():
                    item._is_hf_initialized = False  # else the model's initialiser leaves loaded weights alone
                top.apply(model._init_weights)  # the outer module last: it may know better than its parts


__all__ = ["Reinit"]

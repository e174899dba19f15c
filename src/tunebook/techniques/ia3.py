"""IA3: scale keys, values and the inside of the feed-forward layers."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tunebook.core.technique import Event, Facts, RunContext
from tunebook.nets.peft import RATE, Efficient, refuse_architecture, watch, wrapped
from tunebook.nets.target_modules import FEED_OUT, KEYS_VALUES, linears_like


class IA3(Efficient):
    """Train one factor for each dimension of keys, values and the feed-forward layers, beside the head.

    The fewest parameters of all methods that act in every layer, and nothing to pay at inference once they are merged
    (`tunebook merge`). Of a fused projection the queries are scaled too. Not where the task is far from what the model
    was pretrained on: then `lora` has more room. Cost: about the time of a full fine-tuning's forward pass and a
    little less of its backward pass; no optimiser state to speak of.

    Source: Liu et al. 2022 (arXiv:2205.05638), section 3.3.
    """

    key: ClassVar[str] = "ia3"
    zh: ClassVar[str] = """只训练键、值和前馈层各维度的缩放系数，以及分类头。

    在作用于每一层的方法中参数最少；合并后（`tunebook merge`）推理没有额外开销。对融合的投影，查询也会被缩放。不适用于
    与预训练相差很远的任务：此时 `lora` 余地更大。开销：前向时间与全量微调相近，反向略少；优化器状态几乎可以忽略。

    来源：Liu 等 2022（arXiv:2205.05638），第 3.3 节。
    """

    learning_rate: Annotated[float, Field(gt=0, le=1), RATE] = 3e-2

    def refuse(self, facts: Facts) -> None:
        """What this method cannot do with the architecture."""
        refuse_architecture(self.key, facts)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model with its factors, all of them 1.

        Raises:
            PlanError: `peft.targets`: the architecture's layers are not known.
        """
        from peft import IA3Config

        inner = linears_like(model, FEED_OUT, self.key)
        outer = linears_like(model, KEYS_VALUES, self.key)
        return wrapped(model, IA3Config, target_modules=[*outer, *inner], feedforward_modules=inner)

    def on(self, event: Event, run: RunContext) -> None:
        """Prove that the factors moved."""
        watch(event, run, self.key)


__all__ = ["IA3"]

"""BitFit: train the biases and the head."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.technique import Event, Facts, RunContext
from tunebook.models.architecture import depths
from tunebook.nets.peft import RATE, Efficient, refuse_architecture, train_only, watch


class BitFit(Efficient):
    """Train the biases of the model, those of its norms among them, and the head.

    Nothing is added to the model, so there is nothing to pay at inference. For few rows, where it keeps up with full
    fine-tuning; with many rows `lora` overtakes it. Not for models without biases. Cost: the forward pass of a full
    fine-tuning, its backward pass without the gradients of weights, no optimiser state to speak of.

    Source: Ben Zaken, Ravfogel and Goldberg 2022 (arXiv:2106.10199).
    """

    key: ClassVar[str] = "bitfit"
    zh: ClassVar[str] = """只训练模型的偏置（包括归一化层的偏置）和分类头。

    不向模型添加任何东西，因此推理时没有额外开销。适用于样本少的情形，此时与全量微调不相上下；样本多时会被 `lora` 超
    过。不适用于没有偏置的模型。开销：前向与全量微调相同，反向省去权重的梯度，优化器状态几乎可以忽略。

    来源：Ben Zaken、Ravfogel 和 Goldberg 2022（arXiv:2106.10199）。
    """

    conflicts: ClassVar[frozenset[str]] = Efficient.conflicts - {"l2_sp", "wise_ft"}  # biases are pretrained weights

    learning_rate: Annotated[float, Field(gt=0, le=1), RATE] = 3e-3

    def refuse(self, facts: Facts) -> None:
        """What this method cannot do with the architecture."""
        refuse_architecture(self.key, facts)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model with all frozen but biases and head.

        Raises:
            PlanError: `peft.no_biases`.
        """
        found = depths(model)
        biases = {name for name, depth in found.of.items() if name.endswith("bias") and depth < found.top}
        if not biases:
            raise PlanError("peft.no_biases", key=self.key, value=type(model).__name__, allowed="ia3=on")
        train_only(model, biases)
        return model

    def on(self, event: Event, run: RunContext) -> None:
        """Prove that biases moved."""
        watch(event, run, self.key)


__all__ = ["BitFit"]

"""A head start: training begins with a head that is fitted to the base model as it is."""

from __future__ import annotations

from typing import Any, ClassVar

from tunebook.core.technique import Event, Facts, RunContext, Technique
from tunebook.nets.probe_rows import Pooling, Strength, refuse_settings


class HeadStart(Technique):
    """Begin with the head that `linear_probe` would fit, and train the whole model from there.

    A head of random numbers pulls the base model about before it has found its place; with few rows what is lost so
    does not come back. This training begins where the frozen base model ends, and reads the mean of the tokens as the
    probe does. For base models that were made for vectors, whose files bring no trained map before the head, and for
    few rows. Where rows are many it saves some steps at most. Cost: one reading of the training rows, and the layer
    that hands on the mean.

    Source: Kumar et al. 2022, Fine-Tuning can Distort Pretrained Features (arXiv:2202.10054), LP-FT.
    """

    key: ClassVar[str] = "head_start"
    zh: ClassVar[str] = """以 `linear_probe` 会拟合出的分类头开始，再由此训练整个模型。

    随机的分类头在找到位置之前会把基座模型带偏；样本少时，由此失去的东西回不来。这样训练从冻结的基座模型所能达到的地方开
    始，并与线性探针一样读取词元的平均。适用于为生成向量而训练、文件中没有训练好的池化层的基座模型，以及样本少的情形。样本
    多时，最多节省一些步数。开销：读一遍训练样本，以及传递平均值的那一层。

    来源：Kumar 等 2022，Fine-Tuning can Distort Pretrained Features（arXiv:2202.10054），LP-FT。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers", "head", "row_logits"})
    conflicts: ClassVar[frozenset[str]] = frozenset(
        {
            "adalora", "adapter", "bitfit", "distill_attention", "distill_hidden", "ewc", "gradual_unfreezing", "ia3",
            "lora", "lwf", "mas", "multi_task", "p_tuning", "prefix", "prompt", "reinit", "replay", "si", "student",
        }
    )  # fmt: skip
    reshapes: ClassVar[bool] = True

    pooling: Pooling = "auto"
    strength: Strength = None

    def refuse(self, facts: Facts) -> None:
        """No settings that a fitted head does not have.

        Raises:
            PlanError: `probe.setting`.
        """
        refuse_settings(self.key, facts)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The head reads the mean.

        Raises:
            PlanError: `probe.pooling`.
        """
        from tunebook.nets.probe import with_pooling

        return with_pooling(model, self.pooling, self.key, run)

    def on(self, event: Event, run: RunContext) -> None:
        """Fit the head before the first step."""
        from tunebook.nets.probe import fit_head

        if event == "start" and not run.step:
            fit_head(run, self.key, self.strength)


__all__ = ["HeadStart"]

"""Memory aware synapses: what the answers on the rows before hang on moves little."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, LossFn, RunContext, Technique, model_inputs
from tunebook.nets.anchor import Anchor, held, importance_of_past, trained_weights
from tunebook.nets.classify import old_outputs


class MAS(Technique):
    """Add strength / 2 * sum of Omega (w - w*) ** 2 to the loss; Omega is how far the outputs hang on each weight.

    Omega is the mean, over rows of the runs before, of the size of the gradient of the squared length of the head's
    outputs: it needs no labels. It is scaled to mean 1 over what is above 0, and added up over the runs before. For
    runs that continue from another (--continue-from) whose rows may be read but not trained on, above all rows without
    trustworthy labels. Not where old rows may be trained on: replay keeps far more.
    Cost: one backward pass for each of `rows` rows before training, two more copies of the weights in memory, and some
    arithmetic on them in each step.

    Source: Aljundi et al. 2018 (arXiv:1711.09601), formulas 2 and 4, and section 4.1 on the squared length.
    """

    key: ClassVar[str] = "mas"
    zh: ClassVar[str] = """在损失中加入 strength / 2 * Σ Omega (w - w*) ** 2；Omega 表示输出对每个权重的敏感程度。

    Omega 的算法：对先前训练的样本，求分类头输出长度平方的梯度，取其绝对值的平均，因此不需要标签。它被缩放到大于 0 的部
    分平均为 1，并对先前各次训练累加。适用于从另一次训练继续（--continue-from），且旧样本可以读取但不能用于训练的情形，
    尤其是旧样本没有可信标签时。若旧样本可以用于训练则不适用：回放能保住多得多的东西。开销：训练前对 `rows` 条样本各做
    一次反向，内存中多两份权重，每步对它们做一些运算。

    来源：Aljundi 等 2018（arXiv:1711.09601），公式 2 和 4；关于长度平方见第 4.1 节。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"item_logits", "past"})
    conflicts: ClassVar[frozenset[str]] = frozenset({"reinit"})  # drawn anew, the top layers have nothing to keep
    in_lines: ClassVar[bool] = True

    strength: Annotated[
        float,
        Field(ge=0),
        Row(
            "weight of the penalty on moving what the old answers hang on; 0 adds none",
            zh="惩罚改变影响旧输出的权重的强度；0 表示不加",
            aliases=("mas_lambda", "lambda_mas"),
            search=Search(0.01, 1000, log=True),
        ),
    ] = 1.0
    rows: Annotated[
        int,
        Field(ge=1),
        Row(
            "rows of each run before on which the sensitivity is measured",
            zh="估计敏感度时，先前每次训练所用的样本数",
            unit="rows",
        ),
    ] = 256

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Measure the sensitivity and hold the weights where they are now."""
        if not self.strength:
            return inner
        assert run.labels is not None and run.source is not None and run.criterion is not None
        criterion, link, before = run.criterion, run.labels.kind.link, run.source.outputs_before

        def length_of(batch: Batch) -> Tensor:
            items = criterion.flat(run.model(**model_inputs(batch)), batch)
            return (old_outputs(items.logits, before, link).square().sum(-1) * items.weights).sum()

        importance = importance_of_past(run, length_of, torch.abs, self.rows)
        return held(inner, Anchor(trained_weights(run.model), importance), self.strength, run, self.key)


__all__ = ["MAS"]

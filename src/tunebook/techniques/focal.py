"""Focal loss: what is already answered well counts less."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch.nn.functional as F  # noqa: N812
from pydantic import Field
from torch import Tensor

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.task import Items
from tunebook.core.technique import Batch, Facts, LossFn, RunContext, Technique

_LEAST = 1e-8  # a power below 1 of 0 has no slope


class Focal(Technique):
    """Weigh each class's share of the cross-entropy by (1 - p) ** gamma, p the chance that the model gives it.

    -sum over classes of t (1 - p)^gamma log p, t the target with its label smoothing; for several labels the same of
    yes and of no, averaged over the labels. gamma 0 is the cross-entropy. Weights of rows act as always, and so do
    `class_weights` for one class a row, the alpha of the paper. For many easy rows of common classes; not with wrong
    labels, on which it dwells, and answers become less sure than they should be. Cost: none.

    Source: Lin et al. 2017 (arXiv:1708.02002), formulas 4 and 5.
    """

    key: ClassVar[str] = "focal"
    zh: ClassVar[str] = """用 (1 - p) ** gamma 加权各类别的交叉熵，p 是模型给出的概率。

    损失为各类别 -t (1 - p)^gamma log p 之和，t 是经标签平滑的目标；多标签时对每个标签的“是”和“否”同样计算，再对标签取
    平均。gamma 为 0 时就是交叉熵。样本权重照常有效；每条样本一个类别时 `class_weights` 也有效，相当于论文中的 alpha。
    适用于常见类别的容易样本很多的情形；不适用于有错误标签的数据，它会纠缠于这些样本，而且模型给出的把握会偏低。开销：
    无。

    来源：Lin 等 2017（arXiv:1708.02002），公式 4 和 5。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"head", "item_logits"})
    exclusive: ClassVar[str] = "loss"
    in_lines: ClassVar[bool] = True

    gamma: Annotated[
        float,
        Field(ge=0, le=10),
        Row(
            "how much less a well-answered item counts; 0 is the plain loss",
            zh="已答对的样本被削弱的程度；0 即普通损失",
            aliases=("focal_gamma",),
            search=Search(0.5, 5),
        ),
    ] = 2.0

    def refuse(self, facts: Facts) -> None:
        """Classes only, and no class weights of several labels.

        Raises:
            PlanError: `losses.problem`, `losses.class_weights`.
        """
        facts.fit(self.key, lambda kind: kind.link != "identity")
        if facts.labels.kind.link == "sigmoid" and facts.settings.class_weights != "none":
            raise PlanError("losses.class_weights", key=self.key, value=facts.settings.class_weights, allowed="none")

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The focal loss in place of the task's."""
        if not self.gamma:
            return inner

        def loss(model: Any, batch: Batch) -> Any:
            assert run.criterion is not None and run.labels is not None
            _, outputs = inner(model, batch)
            items = run.criterion.flat(outputs, batch)
            several = run.labels.kind.link == "sigmoid"
            smoothing = run.settings.label_smoothing
            run.acted(self.key, items=len(items.targets))
            return items.mean((_several if several else _single)(items, self.gamma, smoothing)), outputs

        return loss


def _single(items: Items, gamma: float, smoothing: float) -> Tensor:
    """Focal loss of each item, of one class, over the weight of that class: what is spread has its classes' weights."""
    log_p = F.log_softmax(items.logits, dim=1)
    classes = log_p.shape[1]
    target = F.one_hot(items.targets, classes) * (1 - smoothing) + smoothing / classes
    if items.of_class is not None:
        target = target * items.of_class / items.of_class[items.targets][:, None]
    return -(target * _missing(log_p, gamma) * log_p).sum(dim=1)


def _several(items: Items, gamma: float, smoothing: float) -> Tensor:
    """Focal loss of each item, the mean over its labels."""
    target = items.targets * (1 - smoothing) + smoothing / 2
    yes, no = F.logsigmoid(items.logits), F.logsigmoid(-items.logits)
    return -(target * _missing(yes, gamma) * yes + (1 - target) * _missing(no, gamma) * no).mean(dim=1)


def _missing(log_p: Tensor, gamma: float) -> Tensor:
    """(1 - p) ** gamma."""
    return (-log_p.expm1()).clamp_min(_LEAST) ** gamma


__all__ = ["Focal"]

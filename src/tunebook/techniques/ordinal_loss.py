"""A loss of thresholds for ordered classes."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, Facts, LossFn, RunContext, Technique


class OrdinalLoss(Technique):
    """Ask at every border between ordered classes on which side a row lies, in place of the squared error.

    The head answers one number z, which is rounded to the classes 0 ... K-1. So the borders lie at k + 1/2, and the
    loss is the sum over them of the cross-entropy of "above or below" with the chance sigmoid(scale (z - k - 1/2)):
    the cumulative logit model with its borders where rounding puts them. Learnt borders would move the scale on which
    the answer is read. An answer has as many borders on its wrong side as the classes by which it misses, and the loss
    bounds their number from above. But a far miss costs scale / 2 times its square, as it does with the squared error:
    no help against wrong labels. A small scale draws answers towards the ends, hence at least 2. Not for numbers; and
    where each class has many rows, plain classes (`single_label`) may do as well. Cost: none.

    Source: McCullagh 1980 (Regression Models for Ordinal Data); the sum over all thresholds in Rennie and Srebro 2005
    (Loss Functions for Preference Levels) and Cao, Mirjalili and Raschka 2020 (arXiv:1901.07884).
    """

    key: ClassVar[str] = "ordinal_loss"
    zh: ClassVar[str] = """对有序类别，逐个判断样本落在相邻类别分界的哪一侧，代替平方误差。

    分类头输出一个数 z，四舍五入到类别 0 ... K-1，因此分界位于 k + 1/2；损失是在各分界上“在其上还是在其下”的交叉熵之
    和，概率为 sigmoid(scale (z - k - 1/2))：即累积 logit 模型，分界放在四舍五入的位置。若让分界也可学习，读取答案的刻
    度就会移动。答案错开几个类别，就有几个分界落在错误一侧，损失是这个数目的上界。但偏差很大时，代价是偏差平方的 scale
    / 2 倍，与平方误差一样：对错误标签没有帮助。scale 小会把答案拉向两端，因此至少为 2。不适用于数值；若每个类别都有很
    多样本，普通类别（`single_label`）可能同样好。开销：无。

    来源：McCullagh 1980（有序数据的回归模型）；对所有阈值求和见 Rennie 和 Srebro 2005（偏好等级的损失函数）以及 Cao、
    Mirjalili 和 Raschka 2020（arXiv:1901.07884）。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"head", "item_logits"})
    exclusive: ClassVar[str] = "loss"

    scale: Annotated[
        float,
        Field(ge=2, le=20),
        Row("how sharp the borders between classes are", zh="类别分界的陡峭程度", search=Search(2, 8)),
    ] = 4.0

    def refuse(self, facts: Facts) -> None:
        """Ordered classes only.

        Raises:
            PlanError: `losses.problem`.
        """
        facts.fit(self.key, lambda kind: kind.classes == "ordered")

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The loss of all borders in place of the task's."""

        def loss(model: Any, batch: Batch) -> Any:
            assert run.criterion is not None and run.labels is not None
            _, outputs = inner(model, batch)
            items = run.criterion.flat(outputs, batch)
            classes = len(run.labels.names)
            # Borders lie between classes, whatever the unit in which the answers come.
            borders = (torch.arange(classes - 1, device=items.logits.device) + 0.5) / run.criterion.unit
            above = (items.targets[:, None] > borders).to(items.logits)
            sides = self.scale * run.criterion.unit * (items.logits[:, :1] - borders)
            run.acted(self.key, items=len(above))
            losses = F.binary_cross_entropy_with_logits(sides, above, reduction="none").sum(dim=1)
            return items.mean(losses), outputs

        return loss


__all__ = ["OrdinalLoss"]

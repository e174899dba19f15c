"""Asymmetric loss: the many labels that a row does not have count less than the few that it has."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch.nn.functional as F  # noqa: N812
from pydantic import Field
from torch import Tensor

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, Facts, LossFn, RunContext, Technique

_LEAST = 1e-8  # a power below 1 of 0 has no slope, and 0 no logarithm


class Asymmetric(Technique):
    """Focus on the labels that a row has, and drop the negatives that are easy, where a row has several labels.

    Of each label -y (1 - p)^gamma_positive log p - (1 - y) q^gamma_negative log(1 - q) with q = max(p - margin, 0),
    and the mean over the labels (the authors' program sums them). With all three rows 0 it is the binary
    cross-entropy. Label smoothing smooths y as usual. For many labels of which a row has few; not for one class a row,
    and not with `class_weights`, which would balance a second time. With few rows and steps it learns more slowly than
    the plain loss and stays behind it. Cost: none.

    Source: Ridnik et al. 2021 (arXiv:2009.14119), section 2.
    """

    key: ClassVar[str] = "asymmetric"
    zh: ClassVar[str] = """多标签任务中侧重样本拥有的标签，并舍去容易的负标签。

    每个标签的损失为 -y (1 - p)^gamma_positive log p - (1 - y) q^gamma_negative log(1 - q)，其中 q = max(p - margin,
    0)；再对标签取平均（原作者的程序是求和）。三行都为 0 时就是二元交叉熵。标签平滑照常作用于 y。适用于标签很多而每条样
    本只有少数几个的任务；不适用于每条样本只有一个类别的任务，也不要与 `class_weights` 同用，否则会重复平衡。样本和步数
    少时，它比普通损失学得慢，效果也更差。开销：无。

    来源：Ridnik 等 2021（arXiv:2009.14119），第 2 节。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"head", "item_logits"})
    exclusive: ClassVar[str] = "loss"
    in_lines: ClassVar[bool] = True

    gamma_negative: Annotated[
        float,
        Field(ge=0, le=10),
        Row(
            "how much less an easy label counts that a row does not have",
            zh="容易的负标签被削弱的程度",
            aliases=("gamma_neg",),
            search=Search(1, 6),
        ),
    ] = 4.0
    gamma_positive: Annotated[
        float,
        Field(ge=0, le=10),
        Row(
            "how much less an easy label counts that a row has",
            zh="容易的正标签被削弱的程度",
            aliases=("gamma_pos",),
            search=Search(0, 2),
        ),
    ] = 1.0
    margin: Annotated[
        float,
        Field(ge=0, lt=1),
        Row(
            "chance below which a label that a row does not have counts nothing",
            zh="负标签的概率低于此值时不计损失",
            search=Search(0, 0.2),
        ),
    ] = 0.05

    def refuse(self, facts: Facts) -> None:
        """Several labels a row, without class weights.

        Raises:
            PlanError: `losses.problem`, `losses.class_weights`.
        """
        facts.fit(self.key, lambda kind: kind.link == "sigmoid")
        if facts.settings.class_weights != "none":
            raise PlanError("losses.class_weights", key=self.key, value=facts.settings.class_weights, allowed="none")

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The asymmetric loss in place of the task's."""
        if not (self.gamma_negative or self.gamma_positive or self.margin):
            return inner

        def loss(model: Any, batch: Batch) -> Any:
            assert run.criterion is not None
            _, outputs = inner(model, batch)
            items = run.criterion.flat(outputs, batch)
            smoothing = run.settings.label_smoothing
            given = items.targets if items.targets.dim() == 2 else F.one_hot(items.targets, items.logits.shape[1])
            target = given * (1 - smoothing) + smoothing / 2
            run.acted(self.key, items=len(target))
            return items.mean(self._losses(items.logits, target)), outputs

        return loss

    def _losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Loss of each item, the mean over its labels."""
        q = (logits.sigmoid() - self.margin).clamp_min(0)
        yes = (-logits).sigmoid().clamp_min(_LEAST) ** self.gamma_positive * F.logsigmoid(logits)
        no = q.clamp_min(_LEAST) ** self.gamma_negative * (1 - q).clamp_min(_LEAST).log()
        return -(target * yes + (1 - target) * no).mean(dim=1)


__all__ = ["Asymmetric"]

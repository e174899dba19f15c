"""LambdaLoss: pairs of passages in the wrong order cost what the score NDCG loses by them."""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.core.params import Row
from tunebook.core.technique import Facts, LossFn, RunContext, Technique
from tunebook.nets.classify import refuse_smoothing
from tunebook.nets.ranking import Weights, in_lists, lambda_loss


class LambdaLoss(Technique):
    """Minimise the logistic loss of each pair of a query's passages of which one is more relevant, in place of the loss
    of single passages.

    `ndcg2++` and `lambdarank` weigh a pair by what NDCG loses if the two change places, the first with a closer bound
    beside it; `none` weighs all alike (RankNet). It is made for graded gains and for the top of long lists. Only
    differences of scores are learnt: the order is what it is for, and the scores themselves mean nothing, so that no
    threshold on them can be trusted. A query whose passages are all equally relevant teaches nothing. Cost: none that
    shows; pairs grow as the square of a query's passages in a step.

    Source: Wang et al. 2018 (doi:10.1145/3269206.3271784); RankNet: Burges et al. 2005 (doi:10.1145/1102351.1102363).
    """

    key: ClassVar[str] = "lambda_loss"
    zh: ClassVar[str] = """最小化每个查询中相关度不同的两两段落的 logistic 损失，代替逐段落的损失。

    `ndcg2++` 和 `lambdarank` 按两者互换位置时 NDCG 的损失为每对加权，前者另加一个更紧的界；`none` 等权（RankNet）。适用
    于分级的相关度，以及看重长列表顶部的场景。它只学习得分之差：目的在于排序，得分本身没有意义，不能用作阈值。段落相关度
    全部相同的查询不提供信息。开销：几乎没有；段落对的数量随一步中每个查询的段落数的平方增长。

    来源：Wang 等 2018（doi:10.1145/3269206.3271784）；RankNet：Burges 等 2005（doi:10.1145/1102351.1102363）。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"candidates", "head", "item_logits"})
    exclusive: ClassVar[str] = "loss"

    weights: Annotated[
        Weights,
        Row(
            "what a pair is worth: its part in NDCG with the bound of NDCG-Loss2, its part in NDCG, or all the same",
            zh="一对段落的权重：NDCG 的变化加 NDCG-Loss2 的界、NDCG 的变化，或全部相同",
            aliases=("weighting_scheme",),
        ),
    ] = "ndcg2++"
    top: Annotated[
        int | None,
        Field(ge=1),
        Row(
            "pairs count of which one passage is among so many best; none counts all",
            zh="只计算其中一个段落在前若干名之内的段落对；none 表示全部",
            unit="passages",
        ),
    ] = None
    mu: Annotated[float, Field(ge=0, le=1000), Row("weight of the bound in ndcg2++", zh="ndcg2++ 中上界的权重")] = 10.0

    def refuse(self, facts: Facts) -> None:
        """No label smoothing, which it has no room for.

        Raises:
            PlanError: `losses.smoothing`.
        """
        refuse_smoothing(self.key, facts)

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The loss of pairs in place of the task's."""
        return in_lists(inner, run, self.key, partial(lambda_loss, weights=self.weights, k=self.top, mu=self.mu))


__all__ = ["LambdaLoss"]

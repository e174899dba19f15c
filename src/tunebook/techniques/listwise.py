"""Listwise softmax: the passages of a query compete for its one probability."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from tunebook.core.params import Row
from tunebook.core.technique import Facts, LossFn, RunContext, Technique
from tunebook.nets.classify import refuse_smoothing
from tunebook.nets.ranking import in_lists, list_net, softmax_loss


class Listwise(Technique):
    """Minimise the cross-entropy of a softmax over the passages of each query, in place of the loss of single pairs.

    `share` wants the share that a passage has of its query's gain: with one relevant passage, the loss of BGE's
    rerankers. `exponential` wants the softmax of the gains over the highest there is (ListNet). Only differences
    of scores are learnt, so that the order is often better and the scores themselves mean nothing: they may all lie
    near 0 or near 1. Where a threshold on the score decides, keep the loss of pairs. A query of which nothing is
    relevant teaches nothing. Cost: none.

    Source: Bruch et al. 2019 (doi:10.1145/3341981.3344221); ListNet: Cao et al. 2007 (doi:10.1145/1273496.1273513).
    """

    key: ClassVar[str] = "listwise"
    zh: ClassVar[str] = """最小化每个查询的各段落之间 softmax 的交叉熵，代替逐对的损失。

    `share` 的目标是段落占该查询相关度总和的比例：只有一个相关段落时就是 BGE 重排模型的损失。`exponential` 的目标是相关
    度（除以最高相关度）的 softmax（ListNet）。它只学习得分之差，因此排序往往更好，但得分本身没有意义：可能全部接近 0 或
    接近 1。若要用得分阈值做决定，请保留逐对的损失。没有相关段落的查询不提供信息。开销：无。

    来源：Bruch 等 2019（doi:10.1145/3341981.3344221）；ListNet：Cao 等 2007（doi:10.1145/1273496.1273513）。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"candidates", "head", "item_logits"})
    exclusive: ClassVar[str] = "loss"

    target: Annotated[
        Literal["share", "exponential"],
        Row(
            "what the softmax is to be: each passage's share of the gain, or the softmax of the gains",
            zh="softmax 的目标：各段落占相关度总和的比例，或相关度的 softmax",
        ),
    ] = "share"

    def refuse(self, facts: Facts) -> None:
        """No label smoothing, which it has no room for.

        Raises:
            PlanError: `losses.smoothing`.
        """
        refuse_smoothing(self.key, facts)

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The loss of lists in place of the task's."""
        return in_lists(inner, run, self.key, softmax_loss if self.target == "share" else list_net)


__all__ = ["Listwise"]

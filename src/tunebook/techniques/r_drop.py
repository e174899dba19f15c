"""R-Drop: the same text read with two dropouts has to get the same answer."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, Facts, LossFn, RunContext, Technique
from tunebook.nets.classify import symmetric


class RDrop(Technique):
    """Read each text twice with other dropout and pull both answers together.

    The loss is (L1 + L2) / 2 + alpha * D, D the mean over the items (with their weights) of (KL(p1 || p2) + KL(p2 ||
    p1)) / 2: a sum over classes and a mean over items. Programs differ here: one that averages over classes too needs
    an alpha larger by their number, one that sums over the batch a smaller one; the paper's alpha is twice this one.
    For several labels the divergence of each yes and no, averaged over the labels; for numbers and ordered classes the
    squared difference. Small sets gain some tenths of a point; there is nothing to gain where a model has no dropout.
    Cost: two forward and backward passes instead of one.

    Source: Wu et al. 2021 (arXiv:2106.14448), section 2.2, here divided by 2.
    """

    key: ClassVar[str] = "r_drop"
    zh: ClassVar[str] = """用不同的 dropout 把每条文本读两遍，并让两次的答案相互靠近。

    损失为 (L1 + L2) / 2 + alpha * D，D 是 (KL(p1 || p2) + KL(p2 || p1)) / 2 按权重对样本的平均：对类别求和，对样本平
    均。各程序在这里有差别：若对类别也取平均，alpha 需要乘以类别数；若对批次求和，alpha 应更小；论文的 alpha 是这里的两
    倍。多标签时取每个标签“是”和“否”的散度，再对标签平均；数值和有序类别用平方差。小数据集能提高零点几个百分点；没有
    dropout 的模型得不到任何好处。开销：前向和反向各由一次变为两次。

    来源：Wu 等 2021（arXiv:2106.14448），第 2.2 节，这里除以 2。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"item_logits"})
    draws: ClassVar[bool] = True
    in_lines: ClassVar[bool] = True

    alpha: Annotated[
        float,
        Field(ge=0),
        Row(
            "what the divergence of the two answers counts beside the loss",
            zh="两次答案的散度相对于原损失的权重",
            aliases=("rdrop_alpha", "r_drop_alpha"),
            search=Search(0.1, 10, log=True),
        ),
    ] = 1.0

    def refuse(self, facts: Facts) -> None:
        """Without dropout both readings are the same.

        Raises:
            PlanError: `losses.dropout`.
        """
        settings = facts.settings
        said = [settings.dropout, settings.attention_dropout, settings.classifier_dropout]
        own = [value for name, value in facts.config.items() if "drop" in name and isinstance(value, int | float)]
        unknown = None in said and (not own or any(own))
        if self.alpha and not any(said) and not unknown:
            raise PlanError("losses.dropout", key=self.key, allowed="dropout=0.1")

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Mean loss of two readings plus how far apart they are."""
        if not self.alpha:
            return inner

        def loss(model: Any, batch: Batch) -> Any:
            assert run.criterion is not None and run.labels is not None
            first, outputs = inner(model, batch)
            second, other = inner(model, batch)
            one, two = (run.criterion.flat(found, batch) for found in (outputs, other))
            apart = one.mean(symmetric(one.logits, two.logits, run.labels.kind.link))
            run.acted(self.key, divergence=float(apart.detach()))
            return (first + second) / 2 + self.alpha * apart, outputs

        return loss


__all__ = ["RDrop"]

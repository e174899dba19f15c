"""Correlation alignment: features of both domains with the same covariance."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from tunebook.core.params import Row, Search
from tunebook.core.technique import Facts, LossFn, RunContext, Technique
from tunebook.nets.alignment import CHANGERS, Block, Target, aligned_by_block, refuse_adaptation


class CORAL(Technique):
    """Draw the covariances of the features of training rows and of unlabelled rows of another domain together.

    The squared Frobenius norm of the difference of both covariance matrices, over 4 d^2, is added to the loss. The
    simplest of the alignments: no kernel, no adversary; it does not see a mere shift of the features. Not for a head
    that reads very wide features from few rows, of whose covariance `block` rows know little. Micro-batches of whole
    blocks give the same step however the rows are split. Cost: a second forward and backward pass of as many target
    rows, and the gradient of all token vectors.

    Source: Sun and Saenko 2016 (arXiv:1607.01719), formulas 1 to 3.
    """

    key: ClassVar[str] = "coral"
    zh: ClassVar[str] = """拉近训练样本与另一领域无标签样本的特征协方差。

    把两个协方差矩阵之差的弗罗贝尼乌斯范数的平方除以 4 d^2，加到损失上。它是最简单的对齐方法：不用核，也不用对抗；但看
    不见特征的单纯平移。若分类头读取的特征很宽而样本很少，则不适用：`block` 条样本不足以估计协方差。只要微批次由完整的
    块组成，无论样本怎样拆分，每一步都相同。开销：对同样多的目标领域样本再做一次前向和反向，并需要全部词向量的梯度。

    来源：Sun 和 Saenko 2016（arXiv:1607.01719），公式 1 至 3。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"head"})
    after: ClassVar[frozenset[str]] = CHANGERS
    whole_vocabulary: ClassVar[bool] = True

    target: Target = None
    weight: Annotated[
        float,
        Field(ge=0),
        Row(
            "what the difference counts in the loss; it is over 4 d^2, so a wide model needs more",
            zh="该差异在损失中的权重；它已除以 4d²，因此宽模型需要更大的值",
            search=Search(1, 10_000, log=True),
        ),
    ] = 100.0
    block: Block = 16

    def refuse(self, facts: Facts) -> None:
        """There must be target rows, and a forward pass must hold a block."""
        refuse_adaptation(facts, self.key, self.target, self.block)

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Add the difference of the covariances."""
        return aligned_by_block(inner, run, self.key, self.weight, difference, self.block)


def difference(x: Tensor, y: Tensor) -> Tensor:
    """||cov(x) - cov(y)||^2 / (4 d^2) of two samples of shape (n, d)."""
    return (x.T.cov() - y.T.cov()).square().sum() / (4 * x.shape[1] ** 2)


__all__ = ["CORAL", "difference"]

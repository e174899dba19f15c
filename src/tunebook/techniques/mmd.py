"""Maximum mean discrepancy: features of both domains with the same mean in every direction that a kernel sees."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from tunebook.core.params import Row, Search
from tunebook.core.technique import Facts, LossFn, RunContext, Technique
from tunebook.nets.alignment import CHANGERS, Block, Target, aligned_by_block, refuse_adaptation


class MMD(Technique):
    """Draw the features of training rows and of unlabelled rows of another domain together by their kernel means.

    The squared discrepancy under a mean of Gaussian kernels, by its unbiased estimate on blocks of rows, is added to
    the loss. For texts unlike the labelled ones; without the adversary of `dann`, so it trains more calmly, and with
    less effect on domains far apart. Not where the shares of the classes differ between the domains. The estimate
    compares `block` rows of each domain: micro-batches of whole blocks give the same step however the rows are
    split. Cost: a second forward and backward pass of as many target rows, and the gradient of all token vectors.

    Source: Gretton et al. 2012 (JMLR 13, formula 3, the unbiased estimate); Long et al. 2015 (arXiv:1502.02791) for
    the features of a network and several kernels; Zaremba et al. 2013 (arXiv:1307.1954) for the mean over blocks.
    """

    key: ClassVar[str] = "mmd"
    zh: ClassVar[str] = """用核均值差异拉近训练样本与另一领域无标签样本的特征分布。

    把多个高斯核平均下的平方差异加到损失上，用样本块上的无偏估计计算。适用于与有标签文本不同的文本；没有 `dann` 的对
    抗，训练更平稳，但对相距很远的领域作用较小。两个领域的类别比例不同时不适用。估计时比较每个领域的 `block` 条样本：只
    要微批次由完整的块组成，无论样本怎样拆分，每一步都相同。开销：对同样多的目标领域样本再做一次前向和反向，并需要全部
    词向量的梯度。

    来源：Gretton 等 2012（JMLR 13，公式 3，无偏估计）；Long 等 2015（arXiv:1502.02791），用于网络特征和多个核；Zaremba
    等 2013（arXiv:1307.1954），关于按块取平均。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"head"})
    after: ClassVar[frozenset[str]] = CHANGERS
    whole_vocabulary: ClassVar[bool] = True

    target: Target = None
    weight: Annotated[
        float,
        Field(ge=0),
        Row("what the discrepancy counts in the loss", zh="该差异在损失中的权重", search=Search(0.03, 3, log=True)),
    ] = 1.0
    kernels: Annotated[
        int,
        Field(ge=1, le=19),
        Row(
            "Gaussian kernels, each twice as wide as the one before, the middle one as the features lie apart",
            zh="高斯核的个数，宽度依次加倍，中间一个取特征间的平均距离",
            unit="kernels",
        ),
    ] = 5
    block: Block = 16

    def refuse(self, facts: Facts) -> None:
        """There must be target rows, and a forward pass must hold a block."""
        refuse_adaptation(facts, self.key, self.target, self.block)

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Add the discrepancy."""

        def statistic(x: Tensor, y: Tensor) -> Tensor:
            return discrepancy(x, y, self.kernels)

        return aligned_by_block(inner, run, self.key, self.weight, statistic, self.block)


def discrepancy(x: Tensor, y: Tensor, kernels: int) -> Tensor:
    """Unbiased estimate of the squared discrepancy of two samples of n rows, shape (n, width)."""
    n, both = len(x), torch.cat([x, y])
    apart = (both[:, None] - both[None]).square().sum(dim=2)
    # The width moves with the features, so that nothing is gained by making all of them small.
    width = apart.sum() / (len(both) * (len(both) - 1))  # the diagonal is 0
    widths = [width.clamp_min(1e-12) * 2.0 ** (number - kernels // 2) for number in range(kernels)]
    kernel = torch.stack([torch.exp(-apart / each) for each in widths]).mean(dim=0)
    unlike = ~torch.eye(n, dtype=torch.bool, device=x.device)
    within = kernel[:n, :n][unlike].mean() + kernel[n:, n:][unlike].mean()
    return within - 2 * kernel[:n, n:].mean()


__all__ = ["MMD", "discrepancy"]

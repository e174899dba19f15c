"""KL alignment: features of both domains with the same mean and spread in each dimension."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from tunebook.core.params import Row, Search
from tunebook.core.technique import Facts, LossFn, RunContext, Technique
from tunebook.nets.alignment import CHANGERS, Block, Target, aligned_by_block, refuse_adaptation

_LEAST = 0.1  # share of the mean variance added to each: a dimension that hardly varies would count without end


class KLAlignment(Technique):
    """Draw the features of training rows and of unlabelled rows of another domain together as two Gaussians.

    Each dimension of the features is taken for a Gaussian in each domain, and the Kullback-Leibler divergence in both
    directions, its mean over the dimensions, is added to the loss. It sees shifts and spreads, which `coral` and the
    discriminator of `dann` may not, and nothing that joins two dimensions. Not with blocks of very few rows, whose
    variances are uncertain. Micro-batches of whole blocks give the same step however the rows are split. Cost: a
    second forward and backward pass of as many target rows, and the gradient of all token vectors.

    Source: Nguyen et al. 2022 (arXiv:2106.07780), section 3.2, the divergence of the features' marginals, here of
    Gaussians fitted by their moments; the closed form is Kullback and Leibler 1951.
    """

    key: ClassVar[str] = "kl_alignment"
    zh: ClassVar[str] = """把两个领域的特征看作高斯分布，用双向 KL 散度拉近训练样本与无标签样本。

    每个领域中，特征的每一维都看作一个高斯分布；两个方向的 KL 散度对维度取平均，加到损失上。它能看见平移和离散程度，而
    `coral` 和 `dann` 的判别器可能看不见；但看不见维度之间的联系。不适用于块内样本极少的情形，此时方差不可靠。只要微批
    次由完整的块组成，无论样本怎样拆分，每一步都相同。开销：对同样多的目标领域样本再做一次前向和反向，并需要全部词向量
    的梯度。

    来源：Nguyen 等 2022（arXiv:2106.07780），第 3.2 节，特征边缘分布的散度，这里是由矩拟合的高斯分布；闭式解见
    Kullback 和 Leibler 1951。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"head"})
    after: ClassVar[frozenset[str]] = CHANGERS
    whole_vocabulary: ClassVar[bool] = True

    target: Target = None
    weight: Annotated[
        float,
        Field(ge=0),
        Row("what the divergence counts in the loss", zh="该散度在损失中的权重", search=Search(0.003, 1, log=True)),
    ] = 0.1
    block: Block = 16

    def refuse(self, facts: Facts) -> None:
        """There must be target rows, and a forward pass must hold a block."""
        refuse_adaptation(facts, self.key, self.target, self.block)

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Add the divergence."""
        return aligned_by_block(inner, run, self.key, self.weight, gaussian_divergence, self.block)


def gaussian_divergence(x: Tensor, y: Tensor) -> Tensor:
    """KL(p || q) + KL(q || p) of the Gaussians of two samples (n, d), mean over the d dimensions."""
    first, second = x.var(dim=0), y.var(dim=0)
    least = (_LEAST * (first + second).mean() / 2).clamp_min(1e-12)
    first, second = first + least, second + least
    moved = (x.mean(dim=0) - y.mean(dim=0)).square()
    return ((first + moved) / second + (second + moved) / first - 2).mean() / 2


__all__ = ["KLAlignment", "gaussian_divergence"]

"""Domain-adversarial training: features in which a discriminator cannot tell the two domains apart."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from pydantic import Field
from torch import Tensor, nn

from tunebook.core.params import Row, Search
from tunebook.core.technique import Facts, LossFn, RunContext, Technique
from tunebook.nets.alignment import CHANGERS, Target, aligned, refuse_adaptation
from tunebook.nets.heads import head_of
from tunebook.nets.parameters import attach


class DANN(Technique):
    """Train the features so that a discriminator cannot tell training rows from unlabelled rows of another domain.

    The discriminator reads what the head reads and learns to name the domain; its gradient reaches the encoder with
    the sign turned, more and more of it: strength * (2 / (1 + exp(-speed * p)) - 1) at the share p of training. For a
    model that will be used on texts unlike the labelled ones, when there are a few hundred of those texts or more. Not
    where the shares of the classes differ much between the domains: features that look alike then mix the classes.
    Compare with plain training and with `self_training`; gains are a few points at best, and can be losses. Cost: a
    second forward and backward pass of as many target rows, so about twice the time, and the gradient of all token
    vectors. The discriminator is not kept.

    Source: Ganin et al. 2016 (arXiv:1505.07818), formulas 9 to 18; the schedule is that of section 5.2.2. Their
    strength is 1, for networks that begin at random; a pretrained encoder loses by it what it knows.
    """

    key: ClassVar[str] = "dann"
    zh: ClassVar[str] = """训练特征，使判别器无法区分训练样本与另一领域的无标签样本。

    判别器读取分类头所读的特征，学习辨认领域；它的梯度反号后传给编码器，并逐渐增强：训练进度为 p 时，强度为 strength *
    (2 / (1 + exp(-speed * p)) - 1)。适用于模型将用在与有标签文本不同的文本上，且这类文本有几百条以上的情形。若两个领域
    的类别比例相差很大，则不适用：特征相似反而会混淆类别。请与普通训练和 `self_training` 对比；收益至多几个百分点，也可
    能是损失。开销：对同样多的目标领域样本再做一次前向和反向，时间约为两倍，并需要全部词向量的梯度。判别器不会保留。

    来源：Ganin 等 2016（arXiv:1505.07818），公式 9 至 18；强度的变化取自第 5.2.2 节。原文的强度为 1，用于随机初始化的
    网络；预训练编码器用这个强度会丢失已有的知识。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"head"})
    after: ClassVar[frozenset[str]] = CHANGERS
    alone: ClassVar[bool] = True  # the discriminator is asked outside of the pass that processes share
    whole_vocabulary: ClassVar[bool] = True

    target: Target = None
    strength: Annotated[
        float,
        Field(ge=0),
        Row(
            "largest factor of the reversed gradient",
            zh="反转梯度的最大系数",
            aliases=("gradient_reversal", "grl_lambda"),
            search=Search(0.003, 1, log=True),
        ),
    ] = 0.03
    speed: Annotated[
        float,
        Field(gt=0),
        Row("how fast that factor rises with the share of training done", zh="该系数随训练进度上升的快慢"),
    ] = 10.0
    hidden: Annotated[
        int, Field(ge=1), Row("width of the discriminator's hidden layer", zh="判别器隐藏层的宽度", unit="units")
    ] = 100

    def refuse(self, facts: Facts) -> None:
        """There must be target rows."""
        refuse_adaptation(facts, self.key, self.target)

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Add what the discriminator gets wrong, with the gradient of the features reversed."""
        if not self.strength:
            return inner
        assert run.labels is not None
        width = head_of(run.model, run.labels.outputs).in_features
        discriminator = attach(run, self.key, lambda: _discriminator(width, self.hidden))

        def penalty(source: Tensor, target: Tensor) -> Tensor:
            strength = self.strength_at(run.step / max(run.total_steps, 1))
            first = discriminator(reverse(source, strength))[:, 0]
            second = discriminator(reverse(target, strength))[:, 0]
            run.noted(self.key, strength=strength)
            run.acted(self.key, told_apart=float((first < 0).sum() + (second > 0).sum()) / 2)
            return F.softplus(first) + F.softplus(-second)  # cross-entropy of domain 0 and of domain 1

        return aligned(inner, run, self.key, penalty)

    def strength_at(self, share: float) -> float:
        """Factor of the reversed gradient when so much of the training is done."""
        return self.strength * (2 / (1 + math.exp(-self.speed * share)) - 1)


def _discriminator(width: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, 1))


class Reversal(torch.autograd.Function):
    """y = x, dL/dx = -strength * dL/dy (Ganin et al. 2016, formula 14 and 15)."""

    @staticmethod
    def forward(ctx: Any, given: Tensor, strength: float) -> Tensor:
        """The input itself."""
        ctx.strength = strength
        return given.view_as(given)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """The gradient turned round."""
        return -ctx.strength * gradient, None


def reverse(given: Tensor, strength: float) -> Tensor:
    """A tensor whose gradient is turned round."""
    out: Tensor = Reversal.apply(given, strength)  # type: ignore[no-untyped-call]
    return out


__all__ = ["DANN", "Reversal", "reverse"]

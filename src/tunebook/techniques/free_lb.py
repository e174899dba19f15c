"""FreeLB: adversarial training whose every step towards the worst shift is learnt from too."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from tunebook.core.params import Row
from tunebook.core.technique import Batch, LossFn, RunContext, Technique
from tunebook.nets.perturb import RADIUS, RATE, Attack, real, tell, uniform, within


class FreeLB(Technique):
    """Learn each text at all the shifts on the way to the worst one, from a random start.

    r_0 is uniform noise of size start / sqrt(tokens * width); r_t = the point nearest to r_{t-1} + rate g / |g| with
    |r_t| <= epsilon, row by row, g the gradient at r_{t-1} with respect to what the word embedding gives out. The loss
    is the mean of those at r_0 ... r_{K-1}, K = `steps`; the clean text itself has no pass of its own, and all passes
    have the same dropout. For language understanding with large encoders, where it was shown; with little memory take
    `fgm`. Cost: K forward and about 2 K - 1 backward passes, and the activations of all K at once.

    Source: Zhu et al. 2020 (arXiv:1909.11764), algorithm 1 and, on dropout, section 3.3.
    """

    key: ClassVar[str] = "free_lb"
    zh: ClassVar[str] = """从随机起点走向最坏扰动，途中每一步的扰动都参与学习。

    r_0 是大小为 start / sqrt(tokens * width) 的均匀噪声；r_t 是满足 |r_t| <= epsilon 且离 r_{t-1} + rate g / |g| 最近
    的点，逐条样本计算，g 是 r_{t-1} 处损失对词嵌入输出的梯度。损失是 r_0 ... r_{K-1} 处各损失的平均，K = `steps`；原样
    文本没有单独的一次前向，各次前向使用相同的 dropout。适用于大型编码器的语言理解任务，其效果也是在这类任务上得到证明
    的；内存不足时请用 `fgm`。开销：K 次前向和约 2 K - 1 次反向，并同时保存全部 K 次的激活值。

    来源：Zhu 等 2020（arXiv:1909.11764），算法 1；关于 dropout 见第 3.3 节。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"embeddings"})
    in_lines: ClassVar[bool] = True
    exclusive: ClassVar[str] = "adversarial"
    draws: ClassVar[bool] = True

    epsilon: Annotated[float, Field(gt=0), replace(RADIUS, aliases=("adv_max_norm",))] = 0.1
    rate: Annotated[float, Field(gt=0), replace(RATE, aliases=("adv_lr",))] = 0.04
    steps: Annotated[
        int,
        Field(ge=2, le=50),
        Row("shifts that are learnt from", zh="参与学习的扰动个数", unit="steps", aliases=("adv_steps",)),
    ] = 3
    start: Annotated[
        float,
        Field(ge=0),
        Row(
            "size of the random first shift; 0 begins at the clean text",
            zh="随机初始扰动的大小；0 表示从原文本开始",
            aliases=("adv_init_mag",),
        ),
    ] = 0.04

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Mean of the losses along the way."""

        def loss(model: Any, batch: Batch) -> Any:
            attack = Attack(inner, run, model, batch)
            noise = attack.draw()

            def first(embedded: Tensor) -> Tensor:
                return within(uniform(embedded, real(batch, embedded), self.start, noise), self.epsilon)

            points = [attack.at(first)]
            for _ in range(self.steps - 1):
                uphill = points[-1].uphill(keep=True)
                points.append(attack.at(within(points[-1].shift.detach() + self.rate * uphill, self.epsilon)))
            tell(run, self.key, points[-1].shift, mean_loss=points[-1].loss)
            return torch.stack([point.loss for point in points]).mean(), points[0].outputs

        return loss


__all__ = ["FreeLB"]

"""PGD: several small adversarial steps on the embedded words, kept inside a ball."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from tunebook.core.params import Row
from tunebook.core.technique import LossFn, RunContext, Technique
from tunebook.nets.perturb import RADIUS, RATE, Attack, Point, Weight, shifted_too, within


class PGD(Technique):
    """Learn each text as it is and at the worst shift of its words that several projected gradient steps find.

    r = 0; `steps` times: r = the point nearest to r + rate g / |g| with |r| <= epsilon, g the gradient at r with
    respect to what the word embedding gives out, row by row. The loss is clean + weight * shifted; all passes have the
    same dropout. A stronger attack than `fgm`, which it equals with one step of rate epsilon; not where training time
    counts, for on clean test texts it seldom beats it. Cost: steps + 1 forward and about steps + 2 backward passes,
    and the activations of two at once.

    Source: Madry et al. 2018 (arXiv:1706.06083), the iteration of section 2.1 without their random start, with the
    Euclidean norm and on words as in Miyato, Dai and Goodfellow 2017 (arXiv:1605.07725).
    """

    key: ClassVar[str] = "pgd"
    zh: ClassVar[str] = """每条文本除保持原样外，还在多步投影梯度找到的最坏词嵌入扰动处再学习一次。

    从 r = 0 开始，重复 `steps` 次：r 取满足 |r| <= epsilon 且离 r + rate g / |g| 最近的点，g 是 r 处损失对词嵌入输出的
    梯度，逐条样本计算。损失为 clean + weight * shifted，即原样损失加上加权的扰动损失；各次前向使用相同的 dropout。攻击
    比 `fgm` 强，只走一步且 rate 等于 epsilon 时两者相同；看重训练时间时不适用，因为在干净的测试文本上很少胜过它。开
    销：steps + 1 次前向和约 steps + 2 次反向，并同时保存两次的激活值。

    来源：Madry 等 2018（arXiv:1706.06083），第 2.1 节的迭代，不含随机起点，使用欧氏范数，作用在词上的方式同 Miyato、
    Dai 和 Goodfellow 2017（arXiv:1605.07725）。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"embeddings"})
    in_lines: ClassVar[bool] = True
    exclusive: ClassVar[str] = "adversarial"

    epsilon: Annotated[float, Field(gt=0), RADIUS] = 0.1
    rate: Annotated[float, Field(gt=0), RATE] = 0.04
    steps: Annotated[int, Field(ge=1, le=50), Row("steps of the shift", zh="扰动的步数", unit="steps")] = 3
    weight: Weight = 1.0

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Clean loss plus that of the shifted rows."""

        def find(attack: Attack, clean: Point) -> Tensor:
            shift = within(self.rate * clean.uphill(keep=True), self.epsilon)
            for _ in range(self.steps - 1):
                shift = within(shift + self.rate * attack.at(shift).uphill(), self.epsilon)
            return shift

        return shifted_too(inner, run, self.key, self.weight, find)


__all__ = ["PGD"]

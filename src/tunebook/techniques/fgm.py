"""FGM: one step of adversarial training on the embedded words."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.core.technique import LossFn, RunContext, Technique
from tunebook.nets.perturb import LENGTH, Weight, shifted_too


class FGM(Technique):
    """Learn each text once as it is and once shifted a little in the direction that raises its loss most.

    The fast gradient method on embedded words: r = epsilon g / |g| for each row, g the gradient with respect to what
    the word embedding gives out, padding left out. The loss is clean + weight * shifted; both passes have the same
    dropout. For small sets and texts with noise in their words. Gains are small (some tenths of a point) where test
    texts are as clean as those trained on. Cost: two forward and two to three backward passes instead of one each, and
    the activations of both at once.

    Source: Miyato, Dai and Goodfellow 2017 (arXiv:1605.07725), section 3, without their normalised embeddings.
    """

    key: ClassVar[str] = "fgm"
    zh: ClassVar[str] = """每条文本学习两次：一次保持原样，一次沿损失上升最快的方向对词嵌入稍加扰动。

    作用在词嵌入上的快速梯度法：对每条样本，r = epsilon g / |g|，g 是损失对词嵌入输出的梯度，不含填充。损失为 clean +
    weight * shifted，即原样损失加上加权的扰动损失；两次前向使用相同的 dropout。适用于小数据集和用词有噪声的文本。若测
    试文本与训练文本一样干净，收益很小（零点几个百分点）。开销：前向由一次变为两次，反向由一次变为两到三次，并同时保存
    两次的激活值。

    来源：Miyato、Dai 和 Goodfellow 2017（arXiv:1605.07725），第 3 节，不含其中的嵌入归一化。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"embeddings"})
    in_lines: ClassVar[bool] = True
    exclusive: ClassVar[str] = "adversarial"

    epsilon: Annotated[float, Field(gt=0), replace(LENGTH, aliases=("fgm_epsilon",))] = 0.1
    weight: Weight = 1.0

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Clean loss plus that of the shifted rows."""
        return shifted_too(
            inner, run, self.key, self.weight, lambda attack, clean: self.epsilon * clean.uphill(keep=True)
        )


__all__ = ["FGM"]

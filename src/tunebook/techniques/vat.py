"""VAT: virtual adversarial training, which asks for the same answer nearby and needs no label for that."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from tunebook.core.params import Row
from tunebook.core.technique import Batch, LossFn, RunContext, Technique
from tunebook.nets.classify import divergence
from tunebook.nets.perturb import LENGTH, Attack, Point, tell, unit


class VAT(Technique):
    """Ask for the same answer at the shift of the words that changes the answer most.

    d is random, of length 1 in each row; `power` times: d = g / |g|, g the gradient of KL(p(x) || p(x + xi d)) with
    respect to d. The loss is clean + weight * mean KL(p(x) || p(x + epsilon d)), p(x) held fixed, over the same items
    and with the same weights as the clean one. The label plays no part in the second term. All passes have the same
    dropout. For numbers and ordered classes, which have no distribution, the squared difference takes the place of the
    divergence. With many labels and clean texts `fgm` gives about as much. Cost: power + 2 forward and about power + 2
    backward passes, and the activations of two at once.

    Source: Miyato et al. 2018 (arXiv:1704.03976), section 3; on words, with a wide xi, Miyato, Dai and Goodfellow 2017
    (arXiv:1605.07725).
    """

    key: ClassVar[str] = "vat"
    zh: ClassVar[str] = """要求模型在最能改变其答案的词嵌入扰动处仍给出相同答案。

    d 取随机方向，每条样本长度为 1；重复 `power` 次：d = g / |g|，g 是 KL(p(x) || p(x + xi d)) 对 d 的梯度。损失为
    clean + weight * KL(p(x) || p(x + epsilon d)) 的平均，p(x) 固定不变，所用样本和权重与原样损失相同。第二项与标签无
    关。各次前向使用相同的 dropout。数值和有序类别没有概率分布，以平方差代替散度。标签多且文本干净时，`fgm` 的效果差不
    多。开销：power + 2 次前向和约 power + 2 次反向，并同时保存两次的激活值。

    来源：Miyato 等 2018（arXiv:1704.03976），第 3 节；作用在词上并使用较大的 xi，取自 Miyato、Dai 和 Goodfellow
    2017（arXiv:1605.07725）。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"embeddings", "head", "item_logits"})
    exclusive: ClassVar[str] = "adversarial"
    draws: ClassVar[bool] = True

    epsilon: Annotated[float, Field(gt=0), LENGTH] = 1.0
    weight: Annotated[
        float, Field(ge=0), Row("what the divergence counts beside the loss", zh="散度相对于原损失的权重")
    ] = 1.0
    xi: Annotated[
        float,
        Field(gt=0),
        Row(
            "length of the shift at which the direction is measured; with bf16 take 0.5 or more",
            zh="测量方向时所用扰动的长度；使用 bf16 时宜取 0.5 以上",
        ),
    ] = 0.1
    power: Annotated[
        int, Field(ge=1, le=10), Row("rounds of the search for the direction", zh="寻找方向的迭代轮数", unit="rounds")
    ] = 1

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Clean loss plus the divergence at the worst shift."""
        if not self.weight:
            return inner

        def loss(model: Any, batch: Batch) -> Any:
            attack = Attack(inner, run, model, batch)
            noise = attack.draw()
            clean = attack.at()
            shape, mask = clean.shift.shape, clean.mask
            towards = unit(torch.randn(shape, generator=noise, device=mask.device) * mask)
            for _ in range(self.power):
                near = attack.at(self.xi * towards)
                towards = near.uphill(_apart(clean, near, run, batch))
            far = attack.at(self.epsilon * towards)
            apart = _apart(clean, far, run, batch)
            tell(run, self.key, far.shift, mean_divergence=apart)
            return clean.loss + self.weight * apart, clean.outputs

        return loss


def _apart(clean: Point, other: Point, run: RunContext, batch: Batch) -> Tensor:
    """Mean divergence of the answers at another point from those at the clean one, which get no gradient."""
    assert run.criterion is not None and run.labels is not None
    held, moved = (run.criterion.flat(point.outputs, batch) for point in (clean, other))
    return held.mean(divergence(held.logits.detach(), moved.logits, run.labels.kind.link))


__all__ = ["VAT"]

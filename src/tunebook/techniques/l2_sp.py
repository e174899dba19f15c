"""L2-SP: weights are held near those that were pretrained."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, LossFn, RunContext, Technique
from tunebook.nets.anchor import Anchor, trained_weights
from tunebook.nets.parameters import body_prefix


class L2SP(Technique):
    """Pull the pretrained weights back to where they started, instead of to zero.

    The loss is inner + alpha / 2 * sum (w - w0)^2 over every pretrained weight that is trained; the head, which starts
    at random, is left to `weight_decay`. Set `weight_decay` to 0 with it, or the two pull against each other. It is a
    term of the weights alone and counts once a step, however the rows are split. For little data near what the model
    was pretrained on; not for a task that needs a model far from that, and not beside LoRA and the like, which leave
    the pretrained weights alone. Cost: a copy of the weights.

    Source: Li, Grandvalet and Davoine 2018 (arXiv:1802.01483), the penalty L2-SP, without its term for the head.
    """

    key: ClassVar[str] = "l2_sp"
    zh: ClassVar[str] = """把预训练权重拉回其起点，而不是拉向零。

    损失为 inner + alpha / 2 * Σ (w - w0)^2，对所训练的每个预训练权重求和；分类头从随机数开始，仍由 `weight_decay` 管
    理。使用时请把 `weight_decay` 设为 0，否则两者方向相反。这一项只与权重有关，无论样本怎样拆分，每步只计一次。适用于
    数据少且与预训练内容接近的情形；若任务需要的模型与之相距很远则不适用，也不要与 LoRA 等不改动预训练权重的方法同用。
    开销：一份权重的副本。

    来源：Li、Grandvalet 和 Davoine 2018（arXiv:1802.01483），惩罚项 L2-SP，不含对分类头的一项。
    """

    needs: ClassVar[frozenset[str]] = frozenset({"layers"})
    in_lines: ClassVar[bool] = True

    alpha: Annotated[
        float,
        Field(ge=0),
        Row(
            "strength of the pull towards the pretrained weights",
            zh="拉向预训练权重的强度",
            aliases=("l2sp_alpha",),
            search=Search(1e-3, 1, log=True),
        ),
    ] = 0.01

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """Look whether there is anything to hold.

        Raises:
            PlanError: `losses.nothing_to_hold`: no pretrained weight is trained.
        """
        if self.alpha and not _pretrained(model):
            raise PlanError("losses.nothing_to_hold", key=self.key)
        return model

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The loss plus the pull."""
        if not self.alpha:
            return inner
        anchor = Anchor(_pretrained(run.model))

        def loss(model: Any, batch: Batch) -> tuple[Tensor, Any]:
            found, outputs = inner(model, batch)
            penalty = anchor.penalty()  # half of the squared distance
            run.noted(self.key, distance=float((2 * penalty.detach()).sqrt()))
            return found + self.alpha * penalty, outputs

        return loss


def _pretrained(model: Any) -> dict[str, nn.Parameter]:
    """Name -> parameter, of the trained weights of the encoder: all but those of the head."""
    body = body_prefix(model)
    return {name: weight for name, weight in trained_weights(model).items() if name.startswith(body)}


__all__ = ["L2SP"]

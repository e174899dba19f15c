"""Learning without forgetting: on the new rows the old outputs go on answering as before."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, LossFn, RunContext, Technique, model_inputs
from tunebook.nets.classify import divergence, old_outputs


class LwF(Technique):
    """Distil the model that is continued into the one that is trained, on the new rows and on the old outputs alone.

    Adds strength * T ** 2 * KL(old answers || new answers), both softened by the temperature T, to the loss. For runs
    that continue from another (--continue-from) whose rows are gone: it needs none of them. Weak where the new texts
    are unlike the old ones, or where classes are added and must be told from the old ones; replay keeps far more
    wherever some old rows are left.
    Cost: one more forward pass in each step, and the old model in memory.

    Source: Li and Hoiem 2016 (arXiv:1606.09282), formula 2; Hinton et al. 2015 (arXiv:1503.02531) on T ** 2.
    """

    key: ClassVar[str] = "lwf"
    zh: ClassVar[str] = """在新样本上把旧模型的回答蒸馏到新模型，仅作用于旧的输出，不需要旧样本。

    在损失中加入 strength * T ** 2 * KL(旧回答 || 新回答)，两者都用温度 T 软化。适用于从另一次训练继续
    （--continue-from），而其样本已经没有的情形：它完全不需要旧样本。若新文本与旧文本不相像，或增加了需要与旧类别区分的
    新类别，效果较弱；只要还留有一些旧样本，回放都能保住多得多的东西。开销：每步多一次前向，内存中多一个旧模型。

    来源：Li 和 Hoiem 2016（arXiv:1606.09282），公式 2；Hinton 等 2015（arXiv:1503.02531），关于 T ** 2。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"item_logits", "past"})
    in_lines: ClassVar[bool] = True

    strength: Annotated[
        float,
        Field(ge=0),
        Row(
            "weight of the old answers beside the new labels; 0 adds none",
            zh="旧模型回答相对新标签的权重；0 表示不加",
            aliases=("lwf_alpha", "lambda_o"),
            search=Search(0.1, 10, log=True),
        ),
    ] = 1.0
    temperature: Annotated[
        float,
        Field(gt=0),
        Row("how far both answers are softened", zh="软化两侧输出的温度", aliases=("lwf_temperature",)),
    ] = 2.0

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Ask the old model about each batch."""
        if not self.strength:
            return inner
        assert run.labels is not None and run.source is not None and run.criterion is not None
        criterion, link, before = run.criterion, run.labels.kind.link, run.source.outputs_before
        old, soft = run.source.before(), self.temperature

        def loss(model: Any, batch: Batch) -> Any:
            mean, outputs = inner(model, batch)
            items = criterion.flat(outputs, batch)
            with torch.no_grad():
                taught = criterion.flat(old(**model_inputs(batch)), batch).logits
            apart = divergence(taught / soft, old_outputs(items.logits, before, link) / soft, link)
            term = items.mean(apart) * soft**2
            run.acted(self.key, passes=1, divergence=float(term.detach()))
            return mean + self.strength * term.to(mean), outputs

        return loss


__all__ = ["LwF"]

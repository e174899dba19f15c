"""Mixup of hidden states: training between two texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Literal

import torch
import torch.nn.functional as F  # noqa: N812
from pydantic import Field
from torch import Tensor, nn

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, Facts, LossFn, RunContext, Technique, model_inputs
from tunebook.models.architecture import depths


class Mixup(Technique):
    """Blend the hidden states of two texts of a batch at one layer, and ask for both labels in the same shares.

    Each row has a partner of its own micro-batch, drawn as a permutation; the share s = max(b, 1 - b) with b drawn
    from Beta(alpha, alpha) is the same for the whole micro-batch, so that a row stays more itself than its partner. h
    = s h + (1 - s) h' where both have a token, h elsewhere; the loss is s * L(own labels) + (1 - s) * L(partner's),
    each with the weights that belong to its rows. A micro-batch of one row is left alone. For very small sets; in
    comparisons on text it lost as often as it won, so test it. Cost: next to none.

    Source: Manifold Mixup, Verma et al. 2019 (arXiv:1806.05236); TMix, Chen, Yang and Yang 2020 (arXiv:2004.12239).
    """

    key: ClassVar[str] = "mixup"
    zh: ClassVar[str] = """在某一层按比例混合同一批中两条文本的隐藏状态，并按同样比例要求两者的标签。

    每条样本在自己的微批次中有一个搭档，由随机排列决定；比例 s = max(b, 1 - b)，b 取自 Beta(alpha, alpha)，整个微批次共
    用，因此样本总是更接近自身。两者都有词元的位置上 h = s h + (1 - s) h'，其余位置保持 h；损失为 s * L(自身标签) + (1
    - s) * L(搭档标签)，各自使用所属样本的权重。只有一条样本的微批次不作改动。适用于很小的数据集；在文本上的对比实验中
    有赢有输，请自行测试。开销：几乎没有。

    来源：Manifold Mixup，Verma 等 2019（arXiv:1806.05236）；TMix，Chen、Yang 和 Yang 2020（arXiv:2004.12239）。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers", "row_logits"})  # a row has a partner's label
    exclusive: ClassVar[str] = "mixing"
    draws: ClassVar[bool] = True

    alpha: Annotated[
        float,
        Field(ge=0),
        Row(
            "both parameters of the Beta distribution of the shares; small values blend little",
            zh="混合比例所服从的 Beta 分布的两个参数；值小则混合少",
            aliases=("mixup_alpha",),
            search=Search(0.1, 2, log=True),
        ),
    ] = 0.4
    layer: Annotated[
        Annotated[int, Field(ge=0)] | Literal["drawn"],
        Row(
            "layer after which states are blended, 0 for the embedded words; drawn takes another one for each batch",
            zh="在哪一层之后混合，0 表示词嵌入；drawn 表示每批随机选一层",
        ),
    ] = "drawn"

    def refuse(self, facts: Facts) -> None:
        """A layer that there is, and none whose states are computed again.

        Raises:
            PlanError: `losses.layer`, `losses.recomputed`.
        """
        count = int(facts.config.get("num_hidden_layers") or facts.config.get("n_layers") or 0)
        if isinstance(self.layer, int) and count and self.layer > count:
            raise PlanError("losses.layer", key="mixup.layer", value=self.layer, allowed=f"0 … {count} | drawn")
        if facts.settings.gradient_checkpointing and self.layer != 0:  # a hook is gone by then
            raise PlanError("losses.recomputed", key="mixup.layer", value=self.layer, allowed="mixup.layer=0")

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The losses of both labels, in their shares, from one forward pass."""
        if not self.alpha:
            return inner
        places = depths(run.model)
        beta = torch.distributions.Beta(self.alpha, self.alpha)

        def loss(model: Any, batch: Batch) -> Any:
            rows = len(next(iter(batch.values())))
            drawn = float(beta.sample())
            share, partners = max(drawn, 1 - drawn), torch.randperm(rows)
            layer = int(torch.randint(places.layers + 1, ())) if self.layer == "drawn" else self.layer
            if rows == 1 or share == 1:
                return inner(model, batch)
            at = run.model.get_input_embeddings()
            at = at if layer == 0 else run.model.get_submodule(places.prefix)[layer - 1]
            with _blended(at, batch, share, partners):
                own, outputs = inner(model, batch)
            read = model_inputs(batch)
            theirs = {name: value if name in read else value[partners] for name, value in batch.items()}
            other, _ = inner(lambda **_: outputs, theirs)  # type: ignore[arg-type]  # the same answers, other labels
            run.acted(self.key, batches=1, blended=1 - share)
            return share * own + (1 - share) * other, outputs

        return loss


@contextmanager
def _blended(module: nn.Module, batch: Batch, share: float, partners: Tensor) -> Iterator[None]:
    """Inside, a module gives out states of shape (rows, length, width) blended with those of the rows' partners."""

    def hook(module: nn.Module, given: Any, out: Any) -> Any:
        states = out[0] if isinstance(out, tuple) else out
        mask = batch.get("attention_mask")
        kept = states.new_ones(states.shape[:2]) if mask is None else (mask * mask[partners]).to(states.dtype)
        kept = F.pad(kept, (states.shape[1] - kept.shape[1], 0), value=1.0)  # learnt prompts stand before the texts
        mixed = states + (1 - share) * kept[..., None] * (states[partners] - states)
        return (mixed, *out[1:]) if isinstance(out, tuple) else mixed

    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


__all__ = ["Mixup"]

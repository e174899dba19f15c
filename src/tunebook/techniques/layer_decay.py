"""Layer-wise learning-rate decay: the lower a layer, the smaller its steps."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import ParamGroups, RunContext, Technique
from tunebook.models.architecture import depths
from tunebook.nets.parameters import split


class LayerDecay(Technique):
    """Multiply the rate of depth d by rate ** (L + 1 - d): the head keeps the full rate, the embeddings get the least.

    Cost: none. Values near 0.95 are harmless for a BERT of 12 layers; 0.85 and lower held it back (Sun et al. 2019,
    table 6). Not useful together with a fully frozen encoder.

    Source: ULMFiT, Howard and Ruder 2018 (arXiv:1801.06146); Sun et al. 2019 (arXiv:1905.05583), formula 2.
    """

    key: ClassVar[str] = "layer_decay"
    zh: ClassVar[str] = """逐层衰减学习率：第 d 层的学习率乘以 rate ** (L + 1 - d)，分类头保持完整学习率，嵌入层最小。

    开销：无。对 12 层的 BERT，接近 0.95 的取值没有害处；0.85 及以下会拖慢学习（Sun 等 2019，表 6）。编码器完全冻结时没
    有意义。

    来源：ULMFiT，Howard 和 Ruder 2018（arXiv:1801.06146）；Sun 等 2019（arXiv:1905.05583），公式 2。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers"})

    rate: Annotated[
        float,
        Field(gt=0, le=1),
        Row(
            "factor from each layer to the one below it",
            zh="每往下一层学习率所乘的系数",
            aliases=("llrd", "layerwise_lr_decay", "layer_decay_rate"),
            search=Search(0.8, 1.0),
        ),
    ] = 0.95

    def param_groups(self, groups: ParamGroups, run: RunContext) -> ParamGroups:
        """Split each group by depth, every parameter still in exactly one."""
        found = depths(run.model)
        out = [
            {**group, "lr": group["lr"] * self.rate ** (found.top - depth)}
            for depth, group in split(groups, found.of.__getitem__)
        ]
        lowest = min(group["lr"] for group in out) / max(group["lr"] for group in out)
        run.noted(self.key, groups=len(out), lowest_share=lowest)
        return out


__all__ = ["LayerDecay"]

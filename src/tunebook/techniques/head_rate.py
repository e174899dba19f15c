"""A rate of its own for the head."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import ParamGroups, RunContext, Technique
from tunebook.models.architecture import depths
from tunebook.nets.linear_chain import in_chain
from tunebook.nets.parameters import split


class HeadRate(Technique):
    """Multiply the rate of all that comes after the last layer (pooler, final norm, head) by a factor.

    The head begins with random numbers and the encoder does not, so with few rows a head that moves faster finds its
    place before the encoder has been pulled about. Together with layer_decay the factors multiply. Not needed where
    the table's rate is already as high as a head wants, and unsafe where it is near what the model can take.

    Cost: none.

    Source: Howard and Ruder 2018 (arXiv:1801.06146), section 3.2, discriminative fine-tuning, with two groups; Mosbach
    et al. 2021 (arXiv:2006.04884) on why fine-tuning on few rows is unstable.
    """

    key: ClassVar[str] = "head_rate"
    zh: ClassVar[str] = """把最后一层之后的部分（池化层、末端归一化、分类头）的学习率乘以一个系数。

    分类头从随机数开始，而编码器不是；样本少时，让分类头走得快一些，可以在编码器被带偏之前先找到位置。与 layer_decay 同
    用时，两个系数相乘。若表中的学习率已经足够分类头使用，则不需要；若已接近模型能承受的上限，则有风险。

    开销：无。

    来源：Howard 和 Ruder 2018（arXiv:1801.06146），第 3.2 节，分层学习率，这里分为两组；Mosbach 等
    2021（arXiv:2006.04884），关于样本少时微调为何不稳定。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers"})

    factor: Annotated[
        float,
        Field(gt=0, le=1000),
        Row(
            "factor of the head's rate",
            zh="分类头学习率的倍数",
            aliases=("head_lr_factor", "head_lr_multiplier"),
            search=Search(1, 20, log=True),
        ),
    ] = 5.0

    def param_groups(self, groups: ParamGroups, run: RunContext) -> ParamGroups:
        """Split each group into the head's parameters and the others, every parameter still in exactly one."""
        found = depths(run.model)
        out: ParamGroups = []
        faster = 0
        for head, group in split(groups, lambda name: found.of[name] == found.top and not in_chain(name)):
            faster += sum(item.numel() for item in group["params"]) if head else 0
            out.append({**group, "lr": group["lr"] * self.factor} if head else group)
        run.noted(self.key, parameters=faster, factor=self.factor)
        return out


__all__ = ["HeadRate"]

"""A rate of its own for the head."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import ParamGroups, RunContext, Technique
from tunebook.models.layers import depths
from tunebook.nets.groups import split


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
    zh: ClassVar[str] = "把最后一层之后的部分（池化层、末端归一化、分类头）的学习率乘以一个系数。"
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
        for head, group in split(groups, lambda name: found.of[name] == found.top):
            faster += sum(item.numel() for item in group["params"]) if head else 0
            out.append({**group, "lr": group["lr"] * self.factor} if head else group)
        run.noted(self.key, parameters=faster, factor=self.factor)
        return out


__all__ = ["HeadRate"]

"""No weight decay for further parameters, chosen by name."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import field_validator

from tunebook.core.errors import PlanError
from tunebook.core.params import Row
from tunebook.core.technique import Facts, ParamGroups, RunContext, Technique
from tunebook.nets.parameters import split


class NoDecay(Technique):
    """Leave parameters out of weight decay by name, beside biases and norms, which are left out anyway.

    Without a pattern it is the embeddings, whose rare words would otherwise shrink at every step in which they do not
    occur. Useless with weight_decay=0, and refused there. Cost: none.

    Source: Devlin et al. 2019 (arXiv:1810.04805), whose optimiser leaves biases and norms out; Loshchilov and Hutter
    2019 (arXiv:1711.05101), algorithm 2, on what decay does.
    """

    key: ClassVar[str] = "no_decay"
    zh: ClassVar[str] = """除本来就不衰减的偏置与归一化层外，再按名称把一些参数排除在权重衰减之外。

    不写模式时排除的是嵌入层：否则罕见词在没有出现的每一步都会缩小。weight_decay=0 时没有意义，会被拒绝。开销：无。

    来源：Devlin 等 2019（arXiv:1810.04805），其优化器不衰减偏置和归一化层；Loshchilov 和 Hutter
    2019（arXiv:1711.05101），算法 2，关于衰减的作用。
    """

    pattern: Annotated[
        str,
        Row(
            "regular expression; parameters whose name it finds have no weight decay",
            zh="正则表达式；名称匹配的参数不做权重衰减",
        ),
    ] = "embed"

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:  # no ValueError, which is what pydantic reports as the row's fault
            raise ValueError(str(error)) from error
        return pattern

    def refuse(self, facts: Facts) -> None:
        """Without weight decay there is nothing to spare.

        Raises:
            PlanError: `losses.no_decay`.
        """
        if not facts.settings.weight_decay:
            raise PlanError("losses.no_decay", key="no_decay.pattern", value=self.pattern, allowed="weight_decay > 0")

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """Look whether any parameter has such a name.

        Raises:
            PlanError: `losses.no_decay`.
        """
        if not any(re.search(self.pattern, name) for name, _ in model.named_parameters()):
            raise PlanError("losses.no_decay", key="no_decay.pattern", value=self.pattern)
        return model

    def param_groups(self, groups: ParamGroups, run: RunContext) -> ParamGroups:
        """Split off what the pattern finds of each group that decays.

        Raises:
            PlanError: `losses.no_decay`: nothing that would decay has such a name.
        """
        out: ParamGroups = []
        spared = 0
        for hit, group in split(groups, lambda name: bool(re.search(self.pattern, name))):
            if hit and group["weight_decay"]:
                spared += sum(parameter.numel() for parameter in group["params"])
            out.append({**group, "weight_decay": 0.0} if hit else group)
        if not spared:
            raise PlanError("losses.no_decay", key="no_decay.pattern", value=self.pattern)
        run.noted(self.key, parameters=spared)
        return out


__all__ = ["NoDecay"]

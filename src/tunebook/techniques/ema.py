"""An exponential moving average of the weights."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, RunContext, Technique
from tunebook.nets.averages import copied, moved, standing_in


class EMA(Technique):
    """Score and keep a moving average of the weights, in which each step counts a little less than the one after it.

    Every look at the validation rows sees the average, so it is the average of the best look that is kept, and early
    stopping goes by it too. It helps where scores jump from look to look: small data, high rates, noisy labels. Not
    worth its memory where the rate falls to 0 anyway, which quiets the last steps in much the same way.

    With `warmup` the decay of step t is min(decay, (1 + t) / (10 + t)), so that the pretrained weights, with which the
    average begins, are soon forgotten; without it a decay of 0.99 needs some 500 steps for that.

    Cost: three more copies of what is trained in memory, the average in every checkpoint, one pass over it a step.

    Source: Polyak and Juditsky 1992, Acceleration of stochastic approximation by averaging; Tarvainen and Valpola 2017
    (arXiv:1703.01780), section 3, on moving averages of weights and on their decay at the beginning.
    """

    key: ClassVar[str] = "ema"
    zh: ClassVar[str] = """用权重的滑动平均（越近的步权重越大）来评分和保存模型。

    每次验证看到的都是平均权重，因此保留的是成绩最好的那次验证的平均，早停也以它为准。适用于各次验证之间分数跳动的情
    形：数据少、学习率高、标签有噪声。若学习率最终降到 0，则不值得为它占用内存：最后几步本来就以大致相同的方式趋于平
    稳。

    启用 `warmup` 时，第 t 步的衰减率为 min(decay, (1 + t) / (10 + t))，使平均的起点（预训练权重）很快被遗忘；不启用
    时，0.99 的衰减率需要大约 500 步。

    开销：内存中多存三份所训练的权重，每个检查点中存一份平均，每步对其遍历一次。

    来源：Polyak 和 Juditsky 1992，用平均加速随机逼近；Tarvainen 和 Valpola 2017（arXiv:1703.01780），第 3 节，权重的滑
    动平均及其初期的衰减率。
    """
    exclusive: ClassVar[str] = "averaging"

    decay: Annotated[
        float,
        Field(ge=0, lt=1),
        Row(
            "share of the average that a step leaves as it was; 0 averages nothing",
            zh="每一步保留原平均值的比例；0 表示不平均",
            aliases=("ema_decay", "ema_model_decay"),
            search=Search(0.9, 0.9999),
        ),
    ] = 0.99
    warmup: Annotated[
        bool,
        Row("let the decay rise to its value over the first steps", zh="前期让衰减率逐步升到设定值"),
    ] = True

    def on(self, event: Event, run: RunContext) -> None:
        """Follow every step; remember the average of the best look, and keep that one in the end."""
        state = run.state.setdefault(self.key, {"steps": 0})
        if event == "start":
            self._begin(state, run)
        elif event == "after_step":
            self._follow(state, run)
        elif event == "look" and run.best:
            state["best"] = copied(state["average"])
        elif event == "end":
            state["average"] = state.pop("best", state["average"])

    def _begin(self, state: dict[str, Any], run: RunContext) -> None:
        """Start with the weights as they are; after a resume with the stored average, on this process's device."""
        held = moved(run)
        start = state.get("average", held)
        state["average"] = {name: start[name].detach().to(item.device, copy=True) for name, item in held.items()}

    @torch.no_grad()
    def _follow(self, state: dict[str, Any], run: RunContext) -> None:
        steps = state["steps"] = state["steps"] + 1
        decay = min(self.decay, (1 + steps) / (10 + steps)) if self.warmup else self.decay
        for name, item in moved(run).items():
            state["average"][name].lerp_(item.detach(), 1 - decay)
        run.acted(self.key, steps_averaged=1)
        run.noted(self.key, last_decay=decay)

    def scoring(self, run: RunContext) -> AbstractContextManager[None]:
        """Inside, the model has the averaged weights."""
        return standing_in(run, run.state[self.key]["average"])


__all__ = ["EMA"]

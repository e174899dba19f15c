"""Stochastic weight averaging: the plain mean of the weights along the last part of training."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, Facts, RunContext, Technique
from tunebook.nets.averages import copied, moved, standing_in
from tunebook.tables.rules import looks, planned_steps


class SWA(Technique):
    """Score and keep the mean of the weights after every so many steps of the last part of training.

    From `start` on every look at the validation rows sees the mean so far; a look before that sees the weights as they
    are, and if it remains the best one, its weights are kept. It needs steps that still go somewhere: set lr_scheduler
    to constant or cosine_with_restarts. Not with a rate that falls to 0, whose last steps all lie in one place.

    Buffers of the model, such as running means of a batch norm, are not averaged; text models have none.

    Cost: three more copies of what is trained in memory, and one pass over it at every averaged step.

    Source: Izmailov et al. 2018, Averaging weights leads to wider optima (arXiv:1803.05407), algorithm 1.
    """

    key: ClassVar[str] = "swa"
    zh: ClassVar[str] = """对训练后段每隔若干步的权重取平均，用它来评分和保存模型。

    从 `start` 起，每次验证看到的是到那时为止的平均；更早的验证看到的是原本的权重，若其中一次始终最好，就保留它的权重。
    它需要仍在移动的步：请把 lr_scheduler 设为 constant 或 cosine_with_restarts。不适用于最终降到 0 的学习率，那时最后
    几步都停在同一处。

    模型的缓冲量（如批归一化的滑动均值）不参与平均；文本模型没有这些量。

    开销：内存中多存三份所训练的权重，每个参与平均的步对其遍历一次。

    来源：Izmailov 等 2018，平均权重可得到更宽的极小值（arXiv:1803.05407），算法 1。
    """
    exclusive: ClassVar[str] = "averaging"

    start: Annotated[
        float,
        Field(ge=0, lt=1),
        Row(
            "share of the training after which averaging begins",
            zh="训练进行到该比例之后开始平均",
            aliases=("swa_start", "swa_epoch_start"),
            search=Search(0.3, 0.9),
        ),
    ] = 0.75
    every: Annotated[
        int,
        Field(ge=1),
        Row(
            "steps from one averaged state to the next", zh="两次取权重之间的步数", unit="steps", aliases=("swa_freq",)
        ),
    ] = 1

    def refuse(self, facts: Facts) -> None:
        """Averaging must happen within the steps there are, and before early stopping can end them.

        Raises:
            PlanError: `averaging.never`, `averaging.stopping`.
        """
        steps, found = planned_steps(facts.settings, facts.rows), looks(facts.settings, facts.rows)
        first = (math.floor(self.start * steps) // self.every + 1) * self.every
        if first > steps:
            raise PlanError("averaging.never", key="swa.every", value=self.every, steps=steps, first=first)
        patience = facts.settings.early_stopping_patience
        if patience is not None and (patience + 1) * steps < first * found:
            allowed = f">= {math.ceil(first * found / steps) - 1} | none"
            raise PlanError("averaging.stopping", key="early_stopping_patience", value=patience, allowed=allowed)

    def on(self, event: Event, run: RunContext) -> None:
        """Average when it is time; remember what the best look saw, and keep that in the end."""
        state = run.state.setdefault(self.key, {"count": 0, "mean": None})
        step = run.step + 1  # the event comes before the step is counted
        if event == "start" and state["mean"] is not None:  # a resume, perhaps on another process's device
            state["mean"] = {name: state["mean"][name].to(item.device) for name, item in moved(run).items()}
        elif event == "after_step" and step > self.start * run.total_steps and step % self.every == 0:
            self._average(state, run)
        elif event == "look" and run.best:
            state["best"] = copied(state["mean"]) if state["count"] else None
            run.noted(self.key, states_kept=state["count"])
        elif event == "end":
            state["mean"] = state.pop("best", state["mean"])

    @torch.no_grad()
    def _average(self, state: dict[str, Any], run: RunContext) -> None:
        held = moved(run)
        state["count"] += 1
        if state["mean"] is None:
            state["mean"] = copied(held)
        for name, item in held.items():
            state["mean"][name] += (item - state["mean"][name]) / state["count"]
        run.acted(self.key, states_averaged=1)

    def scoring(self, run: RunContext) -> AbstractContextManager[None]:
        """Inside, the model has the mean of the weights, once there is one."""
        found = run.state[self.key]["mean"]
        return nullcontext() if found is None else standing_in(run, found)


__all__ = ["SWA"]

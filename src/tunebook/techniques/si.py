"""Synaptic intelligence: weights that lowered the loss on their way move little afterwards."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, Facts, LossFn, RunContext, Technique
from tunebook.nets.anchor import Anchor, Importance, added, held, normalised, trained_weights, widened


class SI(Technique):
    """Watch what each weight's way brought to the loss, and in later runs hold the weights that brought much.

    While a run trains, the path integral of -gradient * step is added up for each weight; divided by the squared length
    of its way plus xi it is the weight's importance, which the finished run keeps (mean 1 over what is above 0, added
    to that of the runs before). A run that continues from it adds strength / 2 * sum of importance * (w - w*) ** 2 to
    its loss. So it must be on from the first run of the chain on, where it changes nothing. It reads no old rows at
    all; wherever some may be trained on, replay keeps far more. The gradient is the one that moved the weights: clipped
    and, in later runs, with the penalty's own part.
    Cost: up to four more copies of the weights in memory and in checkpoints, arithmetic on them in each step, and a
    file as large as the model in the run.

    Source: Zenke, Poole and Ganguli 2017 (arXiv:1703.04200), formulas 3 to 5.
    """

    key: ClassVar[str] = "si"
    zh: ClassVar[str] = """训练时累计每个权重的移动对降低损失的贡献，并在后续训练中约束贡献大的权重。

    训练过程中，对每个权重累加 -梯度 * 步长 的路径积分；再除以移动距离的平方与 xi 之和，就是该权重的重要性，训练完成后
    随之保存（大于 0 的部分平均为 1，并与先前各次训练的相加）。从它继续的训练在损失中加入 strength / 2 * Σ 重要性 * (w
    - w*) ** 2。因此须从这一串训练的第一次起启用，在那里它不改变任何结果。它完全不读旧样本；凡有旧样本可以用于训练，回
    放都能保住多得多的东西。所用的梯度就是推动权重的梯度：经过裁剪，在后续训练中还包含惩罚项自身的部分。开销：内存和检
    查点中至多多四份权重，每步对它们做运算，训练的文件夹中另有一个与模型一样大的文件。

    来源：Zenke、Poole 和 Ganguli 2017（arXiv:1703.04200），公式 3 至 5。
    """
    conflicts: ClassVar[frozenset[str]] = frozenset({"reinit"})  # drawn anew, the top layers have nothing to keep
    in_lines: ClassVar[bool] = True

    strength: Annotated[
        float,
        Field(ge=0),
        Row(
            "weight of the penalty on moving what brought much in the runs before; 0 only watches",
            zh="惩罚改变先前贡献大的权重的强度；0 表示仅观察",
            aliases=("si_c", "si_lambda"),
            search=Search(0.01, 1000, log=True),
        ),
    ] = 1.0
    xi: Annotated[
        float,
        Field(gt=0),
        Row("added to the squared length of a weight's way (xi)", zh="加在权重位移平方上的阻尼项", aliases=("si_xi",)),
    ] = 1e-3

    def refuse(self, facts: Facts) -> None:
        """Refuse to continue from a run that did not watch its weights."""
        if facts.continues and self.key not in facts.kept:
            raise PlanError("forgetting.si", key="si", value=facts.continues)

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Begin to watch; hold the weights where they are now if the run before has kept what they brought."""
        weights = trained_weights(run.model)
        run.state[self.key] = {
            "start": {name: item.detach().clone() for name, item in weights.items()},
            "path": {name: torch.zeros_like(item) for name, item in weights.items()},
        }
        before = _before(run, weights)
        return held(inner, Anchor(weights, before), self.strength, run, self.key) if self.strength else inner

    def on(self, event: Event, run: RunContext) -> None:
        """Add up the way of each step; remember that of the best look; keep the importance at the end."""
        state, weights = run.state[self.key], trained_weights(run.model)
        if event == "before_step":
            state["before"] = {name: item.detach().clone() for name, item in weights.items()}
        elif event == "after_step":
            before = state.pop("before")
            for name, item in weights.items():
                if item.grad is not None and name in before and name in state["path"]:
                    state["path"][name] -= item.grad * (item.detach() - before[name])
            run.acted(self.key, steps_watched=1)
        elif event == "look" and run.best:
            state["best"] = {name: item.clone() for name, item in state["path"].items()}
        elif event == "end":
            self._keep(state, run)

    def _keep(self, state: dict[str, dict[str, Tensor]], run: RunContext) -> None:
        """The importance after this run: of the way to the weights that are kept."""
        path, start = state.get("best", state["path"]), state["start"]
        weights = {name: item for name, item in run.model.named_parameters() if name in path}
        own: Importance = {}
        for name, item in weights.items():
            way = (item.detach() - start[name].to(item)).square()
            own[name] = path[name].to(item).clamp_min(0) / (way + self.xi)
        run.keeps[self.key] = added(normalised(own), _before(run, weights))
        run.noted(self.key, path=sum(float(item.sum()) for item in path.values()))


def _before(run: RunContext, weights: dict[str, torch.nn.Parameter]) -> Importance:
    """What the run before has kept, in the shapes of these weights; empty without one."""
    kept = run.source.kept("si") if run.source is not None else {}
    return {name: widened(item, weights[name]) for name, item in kept.items() if name in weights}


__all__ = ["SI"]

"""The mean of the weights of the last looks."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, Facts, RunContext, Technique
from tunebook.nets.averages import Weights, copied, mean, moved, need_looks, standing_in


class CheckpointAverage(Technique):
    """Score and keep the mean of the weights at the last few looks at the validation rows.

    Every look sees the mean of its own weights and those of the looks before it, and the mean of the best look is
    kept, or with `keep=last`, as in the papers, that of the last one. Use it with several looks an epoch
    (eval_every); a look after each of three epochs lies too far from the next one, and their mean may be worse than
    any of them.

    Cost: one copy of what is trained for each look in memory and in every checkpoint; no time in training.

    Source: Vaswani et al. 2017 (arXiv:1706.03762), section 6.1, who average the last 5 checkpoints; Popel and Bojar
    2018 (arXiv:1804.00247), section 4.10.
    """

    key: ClassVar[str] = "checkpoint_average"
    zh: ClassVar[str] = """用最近几次验证时权重的平均来评分和保存模型。

    每次验证看到的是当时的权重与前几次验证时权重的平均；保留成绩最好的那次验证的平均，若 `keep=last` 则如论文那样保留最
    后一次的平均。应让每轮有多次验证（eval_every）：若三轮中每轮只验证一次，相邻两次相距太远，平均后可能比其中任何一个
    都差。

    开销：每次验证都要在内存和每个检查点中存一份所训练的权重；不增加训练时间。

    来源：Vaswani 等 2017（arXiv:1706.03762），第 6.1 节，对最后 5 个检查点取平均；Popel 和 Bojar
    2018（arXiv:1804.00247），第 4.10 节。
    """
    exclusive: ClassVar[str] = "averaging"

    last: Annotated[
        int,
        Field(ge=1, le=100),
        Row(
            "looks whose weights are averaged; 1 averages nothing",
            zh="参与平均的最近验证次数；1 表示不平均",
            unit="looks",
            aliases=("average_checkpoints", "num_avg_checkpoints"),
            search=Search(2, 5),
        ),
    ] = 3
    keep: Annotated[
        Literal["best", "last"],
        Row(
            "whose mean is kept: that of the best look or that of the last one",
            zh="保存最佳一次还是最后一次验证时的平均",
        ),
    ] = "best"

    def refuse(self, facts: Facts) -> None:
        """One look has nothing to be averaged with.

        Raises:
            PlanError: `averaging.looks`.
        """
        need_looks(self.key, facts)

    def on(self, event: Event, run: RunContext) -> None:
        """Remember the weights of each look and the mean to keep, which the model has in the end."""
        state = run.state.setdefault(self.key, {"looks": []})
        if event == "look":
            state["looks"] = self._last(state, run)
            run.acted(self.key, means_scored=int(len(state["looks"]) > 1))
            if run.best or self.keep == "last":
                state["chosen"] = mean(state["looks"])
                run.noted(self.key, looks_kept=len(state["looks"]))
        elif event == "end" and "chosen" in state:
            state["kept"] = state.pop("chosen")

    def _last(self, state: dict[str, Any], run: RunContext) -> list[Weights]:
        """Weights of the last looks, those of now among them."""
        return [*state["looks"], copied(moved(run))][-self.last :]

    def look_kept(self) -> Literal["best", "last"]:
        """As the row `keep` says."""
        return self.keep

    def scoring(self, run: RunContext) -> AbstractContextManager[None]:
        """Inside, the model has the mean of the last looks, after training the one that is kept."""
        state = run.state[self.key]
        return standing_in(run, state.get("kept") or mean(self._last(state, run)))


__all__ = ["CheckpointAverage"]

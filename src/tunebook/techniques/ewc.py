"""Elastic weight consolidation: what mattered for the rows before moves little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, LossFn, RunContext, Technique, model_inputs
from tunebook.nets.anchor import Anchor, held, importance_of_past, trained_weights
from tunebook.nets.classify import drawn_targets, old_outputs, surprise


class EWC(Technique):
    """Add strength / 2 * sum of F (w - w*) ** 2 to the loss, with w* the weights that the run began with.

    F is the diagonal of Fisher's information on rows of the runs before, measured row by row at w* and scaled to mean
    1 over what is above 0, so that one strength fits any model. Where several runs came before, their F are added up,
    each older one gamma times less: the online form, with one anchor, of Schwarz et al. For runs that continue from
    another (--continue-from) when rows of it may be read but not trained on. Replay keeps far more wherever old rows
    may be trained on; and the stronger the hold, the less is learned of what is new.
    Cost: one backward pass for each of `rows` rows before training, two more copies of the weights in memory, and some
    arithmetic on them in each step.

    Source: Kirkpatrick et al. 2017 (arXiv:1612.00796), formula 3; Schwarz et al. 2018 (arXiv:1805.06370), section 4,
    on gamma.
    """

    key: ClassVar[str] = "ewc"
    zh: ClassVar[str] = """在损失中加入 strength / 2 * Σ F (w - w*) ** 2；w* 是本次训练开始时的权重。

    F 是费希尔信息的对角线，在先前训练的样本上于 w* 处逐条测得，并缩放到大于 0 的部分平均为 1，因此同一强度适用于任何模
    型。若先前有多次训练，则把各自的 F 相加，每早一次就再乘以 gamma：这是 Schwarz 等人只用一个锚点的在线形式。适用于从
    另一次训练继续（--continue-from），且旧样本可以读取但不能用于训练的情形。凡是旧样本可以用于训练，回放都能保住多得多
    的东西；约束越强，新内容学到的越少。开销：训练前对 `rows` 条样本各做一次反向，内存中多两份权重，每步对它们做一些运
    算。

    来源：Kirkpatrick 等 2017（arXiv:1612.00796），公式 3；Schwarz 等 2018（arXiv:1805.06370），第 4 节，关于 gamma。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"item_logits", "past"})
    conflicts: ClassVar[frozenset[str]] = frozenset({"reinit"})  # drawn anew, the top layers have nothing to keep
    in_lines: ClassVar[bool] = True

    strength: Annotated[
        float,
        Field(ge=0),
        Row(
            "weight of the penalty on moving what mattered before; 0 adds none",
            zh="惩罚改变旧任务重要权重的强度；0 表示不加",
            aliases=("ewc_lambda", "lambda_ewc"),
            search=Search(0.01, 1000, log=True),
        ),
    ] = 1.0
    fisher: Annotated[
        Literal["true", "empirical"],
        Row(
            "Fisher's information with targets that the model predicts (true), or with the rows' own (empirical)",
            zh="Fisher 信息所用的目标：由模型预测抽样（true），或使用样本自身标签（empirical）",
        ),
    ] = "true"
    gamma: Annotated[
        float,
        Field(gt=0, le=1),
        Row(
            "what a run counts relative to the one after it, where several came before",
            zh="先前有多次训练时，每次相对其后一次的权重",
        ),
    ] = 1.0
    rows: Annotated[
        int,
        Field(ge=1),
        Row(
            "rows of each run before on which Fisher's information is measured",
            zh="估计费希尔信息时，先前每次训练所用的样本数",
            unit="rows",
        ),
    ] = 256

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Measure Fisher's information and hold the weights where they are now."""
        if not self.strength:
            return inner
        importance = importance_of_past(run, self._value(run), torch.square, self.rows, self.gamma)
        return held(inner, Anchor(trained_weights(run.model), importance), self.strength, run, self.key)

    def _value(self, run: RunContext) -> Callable[[Batch], Tensor]:
        assert run.labels is not None and run.source is not None and run.criterion is not None
        criterion, link, before = run.criterion, run.labels.kind.link, run.source.outputs_before
        generator = torch.Generator().manual_seed(run.seed)

        def surprise_of(batch: Batch) -> Tensor:
            items = criterion.flat(run.model(**model_inputs(batch)), batch)
            logits = old_outputs(items.logits, before, link)
            if self.fisher == "true":
                targets = drawn_targets(logits, link, generator).to(logits.device)
            else:
                targets = old_outputs(items.targets, before, link) if link == "sigmoid" else items.targets
            # The gradient is squared: a row that weighs twice shall count twice, not four times.
            return (surprise(logits, targets, link) * items.weights.sqrt()).sum()

        return surprise_of


__all__ = ["EWC"]

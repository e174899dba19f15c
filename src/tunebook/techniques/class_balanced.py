"""Class-balanced weights: rows of rare classes weigh more, by the effective number of rows of their class."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Facts, RunContext, Technique, View


class ClassBalanced(Technique):
    """Weigh each row by (1 - beta) / (1 - beta ** n), n the training rows of its class.

    (1 - beta^n) / (1 - beta) is the effective number of rows: beta 0 counts every class once, so that all rows weigh
    the same, and beta close to 1 comes to the plain inverse of n. The weights multiply those that rows have, have the
    mean 1 over the training rows and act in any loss, so `focal` beside it is the paper's class-balanced focal loss.
    For classes of very different size; not where test data have the same shares and accuracy is what counts. Cost:
    none.

    Source: Cui et al. 2019 (arXiv:1901.05555), sections 3 and 4, with another constant factor.
    """

    key: ClassVar[str] = "class_balanced"
    zh: ClassVar[str] = """按 (1 - beta) / (1 - beta ** n) 给每条样本加权，n 是其类别的训练样本数。

    (1 - beta^n) / (1 - beta) 是有效样本数：beta 为 0 时每个类别都算一条，所有样本权重相同；beta 接近 1 时趋于 n 的倒
    数。该权重与样本自身的权重相乘，在训练样本上的平均值为 1，对任何损失都有效；与 `focal` 同用就是论文中的类别平衡焦点
    损失。适用于类别大小悬殊的情形；若测试数据的类别比例与训练数据相同、且看重的是准确率，则不适用。开销：无。

    来源：Cui 等 2019（arXiv:1901.05555），第 3 节和第 4 节，常数因子与原文不同。
    """

    beta: Annotated[
        float,
        Field(ge=0, lt=1),
        Row(
            "how soon further rows of a class add nothing: 0 weighs all rows alike, near 1 by the inverse of the count",
            zh="同类样本增多时收益递减的程度：0 表示权重相同，接近 1 时按数量的倒数加权",
            search=Search(0.9, 0.9999),
        ),
    ] = 0.999

    def refuse(self, facts: Facts) -> None:
        """One class a row, and not balanced twice.

        Raises:
            PlanError: `losses.problem`, `losses.class_weights`.
        """
        facts.fit(self.key, lambda kind: kind.classes == "one")
        if facts.settings.class_weights != "none":
            raise PlanError("losses.class_weights", key=self.key, value=facts.settings.class_weights, allowed="none")

    def prepare_data(self, view: View, run: RunContext) -> View:
        """The rows with their weights.

        Raises:
            PlanError: `losses.balanced`: all classes have the same number of rows.
        """
        if not self.beta:
            return view
        labels = np.asarray(view.rows.fixed["labels"])
        known = labels >= 0
        classes, at, counts = np.unique(labels[known], return_inverse=True, return_counts=True)
        of_class = (1 - self.beta) / (1 - self.beta**counts)
        if np.ptp(of_class) == 0:
            raise PlanError("losses.balanced", key=self.key, value=int(counts[0]))
        weights = np.ones(len(labels), dtype=np.float32)
        weights[known] = of_class[at] / of_class[at].mean()
        run.noted(self.key, classes=len(classes), lightest=weights.min().item(), heaviest=weights.max().item())
        given = view.rows.fixed.get("sample_weight", np.ones(1, dtype=np.float32))
        return replace(view, rows=view.rows.with_fixed(sample_weight=(given * weights).astype(np.float32)))


__all__ = ["ClassBalanced"]

"""Weights of rows: by class, by how hard another run finds them, or by how far their annotators agree."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from tunebook.core.answers import row_losses
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError, near
from tunebook.core.params import Row, Search
from tunebook.core.technique import Facts, RunContext, Technique, View
from tunebook.data.kind import column_kind

_MOST = 100.0  # no row's difficulty counts more than this many times another's
_PRIOR = 2.0  # what is known of a row before anybody has seen it counts as much as so many annotators


class SampleWeights(Technique):
    """Weigh training rows by their class, by what a finished run says of them, by their annotators, or by several.

    By class: `classes` names what a class counts, such as `complaint=5`; others count 1. By difficulty: `run` is a
    finished run; l is its loss on a row, and the row weighs exp(-power l), which for one class a row is the chance
    that it gave the row's label, to the power of `power`. power > 0 trusts the rows that were easy, which are seldom
    labelled wrongly; power < 0 dwells on the hard ones, wrong ones included. For numbers and ordered classes l is the
    squared error over its mean. A run that has learnt wrong labels by heart finds them easy, and one that has learnt
    nothing finds all rows alike: take one of few epochs that is well ahead of the commonest class. By annotators: a
    row weighs s^agreement, s = (k + 2 m) / (n + 2), where k of its n annotators gave the label that is trained on and
    m is that share over all rows together. So s is the chance that a further annotator would give that label too. With
    the plain k / n one annotator would prove as much as ten, and a label that an arbiter gave against all of them
    would count nothing; a row that nobody has seen gets s = m. How a tie was broken does not matter, and an unknown
    class counts against the label. For several labels a row, numbers and ordered classes nearness takes the place of
    sameness (Jaccard; 1 - distance / range). Not where disagreement is the truth that is to be learnt. The weights
    multiply those of the column `weight` and have the mean 1. Cost: for difficulty, one pass of that run over the
    training rows.

    Source: small-loss selection in Han et al. 2018 (arXiv:1804.06872), here as a weight instead of a choice; Sheng,
    Provost and Ipeirotis 2008 (KDD), examples weighed by the share of their labellers, here of the label that is
    trained on alone; Laplace's rule of succession on the 2, with the mean of all rows in place of one half.
    """

    key: ClassVar[str] = "sample_weights"
    zh: ClassVar[str] = """按类别、按某次已完成的训练的判断、按标注者，或同时按多项，给训练样本加权。

    按类别：`classes` 写明某个类别的权重，如 `complaint=5`；其余为 1。按难易：`run` 是一次已完成的训练；l 是它在该样本
    上的损失，样本权重为 exp(-power l)，每条样本一个类别时，就是它给出该标签的概率的 `power` 次方。power > 0 信任容易的
    样本，它们很少标错；power < 0 侧重难的样本，包括标错的。数值和有序类别的 l 是平方误差除以其平均值。把错误标签背下来
    的模型会觉得它们容易，什么都没学到的模型会觉得所有样本一样：请选轮数少、明显好于只猜最常见类别的训练。按标注者：样
    本权重为 s^agreement，s = (k + 2 m) / (n + 2)，其中 n 名标注者有 k 名给出了用于训练的标签，m 是全部样本合计的这一比
    例。因此 s 就是再有一名标注者也会给出该标签的概率。若用简单的 k / n，一名标注者的证明力就与十名相同，仲裁者推翻所有
    人给出的标签也会毫无分量；无人看过的样本取 s = m。平票如何裁定无关紧要，未知的类别计为不赞成该标签。多标签、数值和
    有序类别用接近程度代替是否相同（Jaccard；1 - 距离 / 范围）。若分歧本身就是要学习的真相，则不适用。这些权重与
    `weight` 列相乘，平均值为 1。开销：按难易加权时，该次训练要把训练样本过一遍。

    来源：Han 等 2018（arXiv:1804.06872）的小损失筛选，这里用作权重而非取舍；Sheng、Provost 和 Ipeirotis 2008（KDD），
    按标注者比例给样本加权，这里只取用于训练的标签；其中的 2 来自拉普拉斯接续法则，以全部样本的平均代替二分之一。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"row_logits"})

    classes: Annotated[
        list[str],
        Row("classes with what a row of theirs counts, such as complaint=5", zh="各类别样本的权重，例如 投诉=5"),
    ] = Field(default_factory=list)
    run: Annotated[
        str | None,
        Row(
            "finished run whose losses say how hard each row is",
            zh="一次已完成的训练，用其损失衡量样本难度",
            input="run",
        ),
    ] = None
    power: Annotated[
        float,
        Field(ge=-5, le=5),
        Row(
            "above 0 easy rows count more, below 0 hard ones",
            zh="大于 0 时容易的样本权重更大，小于 0 时困难的更大",
            search=Search(-2, 2),
        ),
    ] = 1.0
    agreement: Annotated[
        float,
        Field(ge=0, le=5),
        Row(
            "above 0 rows count more whose annotators gave the label that is trained on; 0 leaves annotators out",
            zh="大于 0 时，标注者与训练标签越一致的样本权重越大；0 表示不考虑标注者",
        ),
    ] = 0.0

    @field_validator("classes")
    @classmethod
    def _reads(cls, classes: list[str]) -> list[str]:
        for item in classes:
            name, sign, value = item.rpartition("=")
            if not (name and sign and float(value) >= 0 and np.isfinite(float(value))):
                raise ValueError(item)
        return classes

    @property
    def _of_class(self) -> dict[str, float]:
        return {name: float(value) for name, _, value in (item.rpartition("=") for item in self.classes)}

    def refuse(self, facts: Facts) -> None:
        """Something to weigh by, and classes that there are.

        Raises:
            PlanError: `losses.no_rule`, `losses.annotators`, `losses.problem`, `losses.class`.
        """
        labels = facts.labels
        if not self.classes and self.run is None and not self.agreement:
            raise PlanError("losses.no_rule", key=self.key)
        if self.agreement and not facts.annotators:
            raise PlanError("losses.annotators", key="sample_weights.agreement", value=self.agreement)
        if self.classes:
            facts.fit(self.key, lambda kind: kind.classes in ("one", "ordered"))
        for name in self._of_class.keys() - set(labels.names):
            allowed = " | ".join(labels.names[:20])
            raise PlanError("losses.class", key=self.key, value=name, allowed=allowed, near=near(name, labels.names))

    def prepare_data(self, view: View, run: RunContext) -> View:
        """The rows with their weights."""
        assert run.labels is not None
        targets = np.asarray(view.rows.fixed["labels"])
        weights = np.ones(len(targets))
        if self.classes:
            known = targets >= 0
            of_class = np.array([self._of_class.get(name, 1.0) for name in run.labels.names])
            weights[known] = of_class[targets[known].astype(int)]
        if self.run is not None and self.power:
            assert run.source is not None
            numbers = np.asarray(view.rows.fixed["row"])
            own = numbers >= 0  # rows from elsewhere have not been seen by it
            link, taught = run.labels.kind.link, run.source.taught("sample_weights.run")
            losses = row_losses(taught[numbers[own]], targets[own], link)
            if link == "identity":  # in no unit
                losses /= max(losses.mean(), np.finfo(float).tiny)
            most = np.log(_MOST) / abs(self.power)
            weights[own] *= np.exp(-self.power * np.minimum(losses, most))
        if self.agreement:
            weights *= self._agreed(view.rows, run) ** self.agreement
        if np.ptp(weights) == 0:
            if (
                self.run is not None and not self.power
            ):  # what was asked for: a search may try a power of 0 among others
                run.noted(self.key, lightest=1.0, heaviest=1.0)
            return view
        weights = (weights / weights.mean()).astype(np.float32)
        run.noted(self.key, lightest=weights.min().item(), heaviest=weights.max().item())
        given = view.rows.fixed.get("sample_weight", np.ones(1, dtype=np.float32))
        return replace(view, rows=view.rows.with_fixed(sample_weight=(given * weights).astype(np.float32)))

    def _agreed(self, rows: Encoded, run: RunContext) -> NDArray[np.float64]:
        """The chance that a further annotator would give each row its label, shape (N,).

        Raises:
            PlanError: `losses.no_votes`: no row is told from another by it.
        """
        assert run.source is not None and run.labels is not None
        labels, votes = run.labels, run.source.votes()
        kind = column_kind(labels.problem)
        own = [votes[number] if number >= 0 else [] for number in rows.fixed["row"]]
        seen = np.array([len(each) for each in own])
        pairs = zip(own, rows.fixed["labels"], strict=True)
        near = np.array([sum(kind.nearness(vote, target, labels) for vote in each) for each, target in pairs])
        mean = near.sum() / max(seen.sum(), 1)
        shares: NDArray[np.float64] = (near + _PRIOR * mean) / (seen + _PRIOR)
        if np.ptp(shares) < 1e-9:
            raise PlanError(
                "losses.no_votes", key="sample_weights.agreement", value=self.agreement, votes=int(seen.sum())
            )
        run.noted(self.key, agreement=float(mean), annotated=float((seen > 0).sum()), unseen=float((seen == 0).sum()))
        return shares


__all__ = ["SampleWeights"]

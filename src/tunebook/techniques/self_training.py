"""Self-training: rows of another domain that the model is sure of are learnt as if they were labelled so."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from tunebook.core.encoded import Encoded, join
from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, Event, Facts, LossFn, RunContext, Technique, View, model_inputs
from tunebook.nets.alignment import Target, refuse_adaptation
from tunebook.nets.evaluated import evaluated


class SelfTraining(Technique):
    """Label rows of another domain by the model itself before each epoch, and train on those that it is sure of.

    After `wait` epochs on the labelled rows alone, every epoch begins with a pass over the target rows; those whose
    likeliest class has at least `threshold` take their share of the epoch, which keeps its length. `balanced` admits
    no class beyond its share among the labelled rows, the surest first. The plainest adaptation, and often the best
    one where the model is already right on most target rows; where it is wrong on many it learns its own mistakes.
    Cost: a forward pass of the target rows each epoch.

    Source: Lee 2013 (pseudo-labels, ICML workshop), formula 14; Zou et al. 2018 (arXiv:1810.07911) on classes in
    balance.
    """

    key: ClassVar[str] = "self_training"
    zh: ClassVar[str] = """每轮之前由模型自己给另一领域的样本打标签，并用其中有把握的样本训练。

    先只用有标签样本训练 `wait` 轮，此后每轮开始时把目标领域的样本过一遍；最可能的类别概率不低于 `threshold` 的样本进入
    该轮，轮的长度不变。`balanced` 不允许任何类别超过其在有标签样本中的比例，优先取最有把握的。这是最朴素的领域适应；若
    模型在多数目标样本上已经判断正确，它往往也是最好的；若在许多样本上判断错误，它会学习自己的错误。开销：每轮对目标领
    域的样本做一次前向。

    来源：Lee 2013（伪标签，ICML 研讨会），公式 14；Zou 等 2018（arXiv:1810.07911），关于类别平衡。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"row_logits"})

    target: Target = None
    threshold: Annotated[
        float,
        Field(ge=0, le=1),
        Row(
            "probability from which the model counts as sure",
            zh="模型有把握的概率下限",
            aliases=("pseudo_label_threshold",),
            search=Search(0.7, 0.99),
        ),
    ] = 0.9
    wait: Annotated[
        int,
        Field(ge=0),
        Row("epochs on the labelled rows alone at first", zh="最初只用有标签样本训练的轮数", unit="epochs"),
    ] = 1
    balanced: Annotated[
        bool, Row("keep each class within its share among the labelled rows", zh="各类别不超过其在有标签样本中的比例")
    ] = True

    def refuse(self, facts: Facts) -> None:
        """One class a row, and target rows.

        Raises:
            PlanError: `adaptation.target`, `adaptation.single`, `adaptation.weights`.
        """
        refuse_adaptation(facts, self.key, self.target)
        kind = facts.labels.kind
        if kind.classes != "one":
            raise PlanError("adaptation.single", key=self.key, value=kind.key)
        if facts.settings.class_weights != "none":
            weights = facts.settings.class_weights
            raise PlanError("adaptation.weights", key=self.key, value=weights, allowed="none")

    def prepare_data(self, view: View, run: RunContext) -> View:
        """Append the target rows; none of them is in an epoch before it is labelled."""
        assert run.source is not None and run.labels is not None
        target, count = run.source.rows("self_training.target"), len(view.rows)
        classes = np.bincount(view.rows.fixed["labels"], minlength=len(run.labels.names))
        run.state[self.key] = {
            "shares": torch.from_numpy(classes / count),
            "labels": torch.zeros(len(target), dtype=torch.long),
            "sure": torch.zeros(0, dtype=torch.long),
        }
        given = view.order or (lambda epoch: np.random.default_rng([run.seed, epoch]).permutation(count))

        def order(epoch: int) -> NDArray[np.int64]:
            rows, sure = given(epoch), run.state[self.key]["sure"].numpy()
            draw = np.random.default_rng([run.seed, epoch, len(sure)])
            share = len(sure) / (len(sure) + len(rows))
            places = draw.permutation(len(rows))[: round(share * len(rows))]
            rows = rows.copy()
            rows[places] = count + draw.permutation(sure)[: len(places)]
            return rows

        return replace(view, rows=_appended(view.rows, target), order=order)

    def on(self, event: Event, run: RunContext) -> None:
        """Label the target rows anew."""
        if event != "epoch" or run.epoch < self.wait:
            return
        assert run.source is not None
        chances = _chances(run, run.source.rows("self_training.target"))
        sure = self.chosen(chances, run.state[self.key]["shares"])
        run.state[self.key] |= {"labels": chances.argmax(dim=1), "sure": sure}
        run.acted(self.key, labelled=len(sure))
        run.noted(self.key, share_labelled=len(sure) / len(chances))

    def chosen(self, chances: Tensor, shares: Tensor) -> Tensor:
        """Numbers of the rows to train on, from the probabilities of their classes (N, K) and the classes' shares."""
        best, labels = chances.max(dim=1)
        sure = best >= self.threshold
        if self.balanced:
            limits = (shares * sure.sum()).ceil().long()
            for label in range(chances.shape[1]):
                of = (sure & (labels == label)).nonzero()[:, 0]
                surest = of[best[of].argsort(descending=True, stable=True)]
                sure[surest[int(limits[label]) :]] = False
        return sure.nonzero()[:, 0]

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Give the target rows of a batch the labels that the model has found."""

        def loss(model: Any, batch: Batch) -> tuple[Tensor, Any]:
            place, labels = batch[_PLACE], run.state[self.key]["labels"].to(batch["labels"].device)
            found = torch.where(place >= 0, labels[place.clamp_min(0)], batch["labels"])
            return inner(model, {**batch, "labels": found})

        return loss


_PLACE = "self_training.place"  # column: number among the target rows, -1 for the others


def _appended(rows: Encoded, target: Encoded) -> Encoded:
    """Both, one after the other. Until they are labelled, target rows have the columns of labelled rows in turn, so
    that whoever counts classes counts the right shares. Where rows have weights, each of them has the mean one."""
    borrowed = np.arange(len(target)) % len(rows)
    columns = {name: np.concatenate([column, column[borrowed]]) for name, column in rows.fixed.items()}
    if "sample_weight" in columns:
        columns["sample_weight"][len(rows) :] = rows.fixed["sample_weight"].mean()
    columns["row"] = np.concatenate([rows.fixed["row"], np.full(len(target), -1)])
    columns[_PLACE] = np.concatenate([np.full(len(rows), -1), np.arange(len(target))])
    return join([rows, target]).with_fixed(**columns)


def _chances(run: RunContext, rows: Encoded) -> Tensor:
    """Probabilities of the classes (N, K) of rows, as the model now sees them."""
    assert run.source is not None
    with torch.no_grad(), evaluated(run.model):
        parts = [run.model(**model_inputs(batch)).logits.float() for batch in run.source.batches(rows)]
    return torch.cat(parts).softmax(dim=1).cpu()


__all__ = ["SelfTraining"]

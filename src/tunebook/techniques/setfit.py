"""SetFit: an encoder that puts texts of one class together, and a head that is fitted to its vectors."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, Event, Facts, LossFn, RunContext, Technique, View, model_inputs
from tunebook.nets.heads import head_inputs, head_of, pooled
from tunebook.nets.pairs import cosine_loss, drawn_pairs
from tunebook.nets.probe import fitted, with_pooling
from tunebook.nets.probe_rows import Pooling, Strength, refuse_settings


class SetFit(Technique):
    """Train the encoder on pairs of rows, alike where both are of one class, and fit the head by logistic regression.

    Few rows make many pairs: of 8 rows a class every row has seven partners of its class and all others against it. In
    every epoch each row is drawn `pairs` times with one of its class and as often with one of another; the cosine of
    the two is to be 1 or 0. Before each look, and for the model that is kept, the head is fitted to the vectors of all
    training rows. Such an epoch is 4 * pairs times as long as a plain one. For some 8 rows a class of few classes and a
    base model that was made for vectors: of ten classes and more, and from 16 rows a class on, a `head_start` was as
    good in our measurements at a quarter of the time. Cost: the pairs, and one reading of the training rows for each
    look.

    Source: Tunstall et al. 2022, Efficient Few-Shot Learning Without Prompts (arXiv:2209.11055).
    """

    key: ClassVar[str] = "setfit"
    zh: ClassVar[str] = """用样本对训练编码器（同类的两条应当相似），再用逻辑回归拟合分类头。

    少量样本能组成许多样本对：每类 8 条时，每条有七个同类伙伴，其余各类都与它相对。每轮中每条样本与同类的一条配对
    `pairs` 次，与异类的一条配对同样次数；两者的余弦应为 1 或 0。每次验证之前以及对最终保留的模型，都用全部训练样本的向
    量拟合分类头。这样的一轮是普通一轮的 4 * pairs 倍长。适用于类别不多、每类约 8 条样本的情形，以及为生成向量而训练的基
    座模型：类别达到十个，或每类达到 16 条时，实测 `head_start` 用四分之一的时间就同样好。开销：这些样本对，以及每次验证
    读一遍训练样本。

    来源：Tunstall 等 2022，Efficient Few-Shot Learning Without Prompts（arXiv:2209.11055）。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers", "head", "row_logits"})
    beside: ClassVar[frozenset[str] | None] = frozenset({"fgm", "layer_decay", "neftune", "pgd"})
    exclusive: ClassVar[str] = "loss"
    alone: ClassVar[bool] = True
    reshapes: ClassVar[bool] = True

    pairs: Annotated[
        int,
        Field(ge=1, le=100),
        Row(
            "pairs with a row of its class that each row is drawn into in an epoch, and as many with one of another",
            zh="每轮中每条样本与同类样本配对的次数，与异类样本配对的次数相同",
            search=Search(1, 4),
        ),
    ] = 1
    pooling: Pooling = "auto"
    strength: Strength = None

    def shown(self, rows: int) -> int:
        """Both rows of all pairs."""
        return 4 * self.pairs * rows

    def refuse(self, facts: Facts) -> None:
        """One class a row, whole pairs in every pass, and no settings of a loss that is not minimised.

        Raises:
            PlanError: `losses.problem`, `probe.pairs`, `probe.setting`.
        """
        facts.fit(self.key, lambda kind: kind.classes == "one")
        refuse_settings(self.key, facts)
        size = facts.settings.batch_size
        if size % 2:
            raise PlanError("probe.pairs", key="batch_size", value=size, allowed=str(size + 1))

    def prepare_data(self, view: View, run: RunContext) -> View:
        """Both rows of a pair come one after the other."""
        classes = view.rows.fixed["labels"]
        run.noted(self.key, pairs=2 * self.pairs * len(classes))
        return replace(view, order=lambda epoch: drawn_pairs(classes, self.pairs, (run.seed, epoch)).reshape(-1))

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The head is not trained but fitted.

        Raises:
            PlanError: `probe.pooling`.
        """
        assert run.labels is not None
        model = with_pooling(model, self.pooling, self.key, run)
        head_of(model, run.labels.outputs).requires_grad_(False)
        return model

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The loss of pairs in place of the task's, each pair with the mean weight of its rows."""
        assert run.labels is not None
        outputs = run.labels.outputs

        def loss(model: Any, batch: Batch) -> Any:
            assert run.criterion is not None
            with head_inputs(head_of(run.model, outputs)) as seen:
                found = model(**model_inputs(batch))
            vectors = pooled(seen, batch["attention_mask"])
            weights = run.criterion.counts(batch).reshape(-1, 2).mean(dim=1)
            losses = cosine_loss(vectors, batch["labels"])
            return (losses * weights).sum() / weights.sum().clamp_min(1e-12), found

        return loss

    def on(self, event: Event, run: RunContext) -> None:
        """A step leaves the head behind."""
        if event == "after_step":
            run.state.setdefault(self.key, {})["fitted"] = False

    def scoring(self, run: RunContext) -> AbstractContextManager[None]:
        """Inside, and until the next step, the head is fitted to the encoder as it is."""
        return fitted(run, self.key, self.strength)


__all__ = ["SetFit"]

"""A linear probe: the base model stays as it is, and a head is fitted to its vectors."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, ClassVar

from tunebook.core.technique import Event, Facts, RunContext, Technique
from tunebook.nets.heads import head_of
from tunebook.nets.probe import fitted, with_pooling
from tunebook.nets.probe_rows import Pooling, Strength, refuse_settings


class LinearProbe(Technique):
    """Leave the base model as it is and fit the head to its vectors of the training rows by logistic regression.

    There is nothing to be lucky with: no rate, no epochs, no seed; the training ends after its first step. The strength
    of regularisation is chosen by rows that are held out of the training rows in turn. Numbers and ordered classes are
    fitted by ridge regression, several labels by a logistic regression each. A model of BERT's or RoBERTa's kind gets
    one more layer, which hands the mean of all tokens to the place where its head reads; plain transformers loads it
    all the same. For few rows, and for a base model that was made for vectors. Where rows are many, or what decides is
    not in the vectors of the base model, fine-tuning is far ahead. Cost: one reading of the training rows.

    Source: Alain and Bengio 2016 (arXiv:1610.01644) on linear probes; Reimers and Gurevych 2019 (arXiv:1908.10084),
    section 6, on the mean of the tokens.
    """

    key: ClassVar[str] = "linear_probe"
    zh: ClassVar[str] = """基座模型保持不变，用逻辑回归在其训练样本的向量上拟合分类头。

    没有需要碰运气的地方：没有学习率、轮数和随机种子；训练在第一步之后结束。正则化强度由轮流留出的训练样本来选择。数值和
    有序类别用岭回归拟合，多标签则每个标签各用一个逻辑回归。BERT 或 RoBERTa 类模型会多出一层，把所有词元的平均送到分类头
    读取的位置；原版 transformers 照常可以加载。适用于样本少的情形，以及为生成向量而训练的基座模型。若样本很多，或起决定
    作用的信息不在基座模型的向量中，微调会领先很多。开销：读一遍训练样本。

    来源：Alain 和 Bengio 2016（arXiv:1610.01644），关于线性探针；Reimers 和 Gurevych 2019（arXiv:1908.10084），第 6
    节，关于词元的平均。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers", "head", "row_logits"})
    beside: ClassVar[frozenset[str] | None] = frozenset()
    reshapes: ClassVar[bool] = True
    solves: ClassVar[bool] = True

    pooling: Pooling = "auto"
    strength: Strength = None

    def refuse(self, facts: Facts) -> None:
        """No settings of a loss that is not minimised.

        Raises:
            PlanError: `probe.setting`.
        """
        refuse_settings(self.key, facts)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """All but the head is frozen.

        Raises:
            PlanError: `probe.pooling`.
        """
        assert run.labels is not None
        model = with_pooling(model, self.pooling, self.key, run)
        model.requires_grad_(False)
        head_of(model, run.labels.outputs).requires_grad_(True)
        return model

    def on(self, event: Event, run: RunContext) -> None:
        """Nothing is to be learnt by further steps."""
        run.finished = run.finished or event == "after_step"

    def scoring(self, run: RunContext) -> AbstractContextManager[None]:
        """Inside, and ever after, the head is the one that was fitted."""
        return fitted(run, self.key, self.strength)


__all__ = ["LinearProbe"]

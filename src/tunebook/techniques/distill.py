"""Distillation: learn from the answers of a larger model, or of several, beside the labels."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.registry import task_of
from tunebook.core.technique import Batch, Facts, LossFn, RunContext, Technique, model_inputs
from tunebook.nets.classify import divergence


class Distill(Technique):
    """Learn from the probabilities that finished runs give to the training rows, beside their labels.

    The loss is (1 - weight) * task loss + weight * T^2 * KL(teacher || student), both softened by the temperature T.
    The teacher's size and tokenizer may be others; several runs are one teacher with their mean probability, which
    makes one model of a seed ensemble. For a small or fast model, and for ensembles that would cost too much to serve.
    Not with a teacher that is no better than the student, and little is gained on few rows: a teacher teaches most on
    many rows. Numbers and ordered classes are drawn towards the teacher's by their squared difference. Rows from
    elsewhere (replay), on which the teacher was not asked, have (1 - weight) * task loss alone. Cost: one pass of the
    teacher over the rows, kept in the book's cache. A model that writes learns the probabilities of each next token
    from one teacher with the same tokenizer, asked in every step: what it says of all tokens would fill the disk.

    Source: Hinton, Vinyals and Dean 2015 (arXiv:1503.02531), section 2.
    """

    key: ClassVar[str] = "distill"
    zh: ClassVar[str] = """除标签外，还学习一个或多个已完成的训练在训练样本上给出的概率。

    损失为 (1 - weight) * 任务损失 + weight * T^2 * KL(教师 || 学生)，两者都用温度 T 软化。教师的大小和分词器可以不同；
    多次训练以其概率的平均作为一个教师，从而把多个种子的集成变成一个模型。适用于要求小或快的模型，以及部署成本过高的集
    成。教师不比学生好时不适用；样本少时收益也很小：样本越多，教师教得越多。数值和有序类别用与教师输出的平方差来拉近。
    来自别处（replay）、教师没有回答过的样本，只计 (1 - weight) * 任务损失。开销：教师对全部样本预测一遍，结果存入 book
    的缓存。会写作的模型则向一个分词器相同的教师学习每个后续词元的概率，每步都询问教师：全部词元的概率会占满磁盘。

    来源：Hinton、Vinyals 和 Dean 2015（arXiv:1503.02531），第 2 节。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"answer_logits"})
    in_lines: ClassVar[bool] = True

    teacher: Annotated[
        list[str] | None,
        Row(
            "finished run that teaches, or several, separated by commas",
            zh="作为教师的已完成的训练，可用逗号分隔多次",
            input="run",
        ),
    ] = None
    weight: Annotated[
        float,
        Field(ge=0, le=1),
        Row(
            "share of the teacher's part in the loss",
            zh="教师部分在损失中的比例",
            aliases=("distillation_alpha", "kd_alpha"),
            search=Search(0.1, 1),
        ),
    ] = 0.5
    temperature: Annotated[
        float,
        Field(gt=0),
        Row(
            "what the logits of both are divided by",
            zh="双方 logits 所除以的温度",
            aliases=("distillation_temperature", "kd_temperature"),
            search=Search(1, 8, log=True),
        ),
    ] = 2.0

    def refuse(self, facts: Facts) -> None:
        """There must be a teacher; of models that write, one.

        Raises:
            PlanError: `distillation.teacher`, `distillation.several`.
        """
        if not self.teacher:
            raise PlanError("distillation.teacher", key="distill.teacher", value=self.teacher)
        if "words" in task_of(facts.task).gives and len(self.teacher) > 1:
            raise PlanError("distillation.several", key="distill.teacher", value=", ".join(self.teacher))

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Mix the teacher's part in."""
        if not self.weight:
            return inner
        assert run.source is not None and run.labels is not None
        if "words" in run.gives:
            return self._of_tokens(inner, run, run.source.teacher("distill.teacher"))
        taught = torch.from_numpy(run.source.taught("distill.teacher"))
        link = run.labels.kind.link

        def loss(model: Any, batch: Batch) -> tuple[Tensor, Any]:
            value, outputs = inner(model, batch)
            assert run.criterion is not None
            items = run.criterion.flat(outputs, batch)
            logits = items.logits[: len(batch["row"])]
            own = (batch["row"] >= 0).to(logits)
            wanted = taught[batch["row"].cpu()].to(logits) / run.criterion.unit
            apart = divergence(wanted / self.temperature, logits / self.temperature, link)
            learnt = items.mean(own * apart * self.temperature**2)
            run.acted(self.key, rows=float(own.sum()))
            run.noted(self.key, divergence=float(learnt.detach()))
            return (1 - self.weight) * value + self.weight * learnt, outputs

        return loss

    def _of_tokens(self, inner: LossFn, run: RunContext, teacher: Any) -> LossFn:
        """The same for each token that is learnt."""

        def loss(model: Any, batch: Batch) -> tuple[Tensor, Any]:
            value, outputs = inner(model, batch)
            assert run.criterion is not None
            items = run.criterion.flat(outputs, batch)
            with torch.no_grad():
                wanted = run.criterion.flat(teacher(**model_inputs(batch)), batch).logits
            apart = divergence(wanted / self.temperature, items.logits / self.temperature, "softmax")
            learnt = items.mean(apart * self.temperature**2)
            run.acted(self.key, rows=float(len(apart)))
            run.noted(self.key, divergence=float(learnt.detach()))
            return (1 - self.weight) * value + self.weight * learnt, outputs

        return loss


__all__ = ["Distill"]

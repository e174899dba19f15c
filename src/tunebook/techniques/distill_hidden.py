"""Distillation of hidden states: layers that compute what the layers of a teacher compute."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, Facts, LossFn, RunContext, Technique
from tunebook.nets.distillation import Teacher, Watched, first, one_stack, over_tokens
from tunebook.nets.parameters import attach


class DistillHidden(Technique):
    """Draw the hidden states of chosen layers, and the embeddings, towards those of a finished run's model.

    The loss gains weight times the squared difference, a mean over pairs of layers, tokens and dimensions. Where the
    widths differ a projection of each pair, which is not kept, brings the student's states to the teacher's width. For
    a student with fewer layers, beside `distill`; most useful where there are many rows, or unlabelled ones. Not with
    a teacher of another tokenizer, whose tokens are not these. Cost: the teacher's forward pass of every batch.

    Source: Romero et al. 2015 (FitNets, arXiv:1412.6550), formula 3; Jiao et al. 2020 (TinyBERT, arXiv:1909.10351),
    formulas 8 and 9, and the uniform layer map.
    """

    key: ClassVar[str] = "distill_hidden"
    zh: ClassVar[str] = """让所选层的隐藏状态和嵌入接近某次已完成的训练的模型。

    损失加上 weight 乘以平方差，对层的配对、词元和维度取平均。宽度不同时，每对层用一个投影把学生的状态变到教师的宽度；
    投影不会保留。适用于层数更少的学生，与 `distill` 同用；样本多或有大量无标签样本时最有用。教师的分词器不同时不适用，
    因为词元对不上。开销：教师对每个批次做一次前向。

    来源：Romero 等 2015（FitNets，arXiv:1412.6550），公式 3；Jiao 等 2020（TinyBERT，arXiv:1909.10351），公式 8 和 9，
    以及均匀的层映射。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers"})

    teacher: Teacher = None
    weight: Annotated[
        float,
        Field(ge=0),
        Row("what the difference counts in the loss", zh="该差异在损失中的权重", search=Search(0.01, 10, log=True)),
    ] = 1.0
    pairs: Annotated[
        str,
        Row(
            "layers that are paired, student:teacher, such as 1:2,2:4, 0 the embeddings; uniform spreads the student's "
            "over the teacher's, last pairs from the top, first from below",
            zh="配对的层，写作 学生层:教师层，如 1:2,2:4，0 为嵌入；uniform 均匀分布，last 自顶层起，first 自底层起",
            aliases=("layer_map",),
        ),
    ] = "uniform"
    embeddings: Annotated[
        bool, Row("pair the embeddings too, beside uniform, last and first", zh="uniform、last、first 之外也配对嵌入")
    ] = True

    def refuse(self, facts: Facts) -> None:
        """There must be a teacher, and layers one upon the other.

        Raises:
            PlanError: `distillation.teacher`, `distillation.stacks`.
        """
        if self.teacher is None:
            raise PlanError("distillation.teacher", key="distill_hidden.teacher", value=self.teacher)
        one_stack(self.key, facts.config)

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Add the difference of the hidden states."""
        if not self.weight:
            return inner
        assert run.source is not None
        teacher, student = Watched(run.source.teacher("distill_hidden.teacher")), Watched(run.model)
        pairs = self.paired(student.layers, teacher.layers)
        widths = [width(model.model) for model in (student, teacher)]
        bridge = attach(run, self.key, lambda: _bridge(widths[0], widths[1], len(pairs)))

        def loss(model: Any, batch: Batch) -> tuple[Tensor, Any]:
            with student.states() as ours:
                value, outputs = inner(model, batch)
            with teacher.states() as theirs:
                teacher.read(batch)
            rows, mask = len(batch["row"]), batch["attention_mask"]
            apart = [
                over_tokens((to(first(ours[low], rows)) - first(theirs[high], rows)).square().mean(dim=2), mask)
                for to, (low, high) in zip(bridge, pairs, strict=True)
            ]
            assert run.criterion is not None
            learnt = run.criterion.mean(sum(apart[1:], apart[0]) / len(apart), batch)
            run.acted(self.key, rows=rows)
            run.noted(self.key, difference=float(learnt.detach()), pairs=len(pairs))
            return value + self.weight * learnt, outputs

        return loss

    def paired(self, student: int, teacher: int) -> list[tuple[int, int]]:
        """Pairs of layers of two models with so many layers.

        Raises:
            PlanError: `distillation.pairs`.
        """
        fewer = min(student, teacher)
        known = {
            "uniform": [(n, round(n * teacher / student)) for n in range(1, student + 1)],
            "last": [(student - n, teacher - n) for n in reversed(range(fewer))],
            "first": [(n, n) for n in range(1, fewer + 1)],
        }
        if self.pairs in known:
            return [(0, 0)] * self.embeddings + [pair for pair in known[self.pairs] if pair[1]]
        allowed = f"uniform | last | first | 0…{student}:0…{teacher}"
        try:
            found = [(int(low), int(high)) for low, high in (pair.split(":") for pair in self.pairs.split(","))]
        except ValueError:
            found = []
        if not found or not all(0 <= low <= student and 0 <= high <= teacher for low, high in found):
            raise PlanError("distillation.pairs", key="distill_hidden.pairs", value=self.pairs, allowed=allowed)
        return found


def width(model: Any) -> int:
    """Width of a model's hidden states."""
    return int(model.config.hidden_size)


def _bridge(student: int, teacher: int, pairs: int) -> nn.ModuleList:
    """From the student's width to the teacher's, one for each pair."""
    if student == teacher:
        return nn.ModuleList(nn.Identity() for _ in range(pairs))
    return nn.ModuleList(nn.Linear(student, teacher, bias=False) for _ in range(pairs))


__all__ = ["DistillHidden", "width"]

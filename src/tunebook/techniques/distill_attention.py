"""Distillation of attention: tokens of the last layer that relate to each other as the teacher's do."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from pydantic import Field
from torch import Tensor

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, Facts, LossFn, RunContext, Technique
from tunebook.nets.distillation import Teacher, Watched, first, one_stack, over_tokens


class DistillAttention(Technique):
    """Draw the relations between tokens in the last layer's attention towards those of a finished run's model.

    Queries, keys and values are each cut into as many heads in both models; the softmax of the products of the tokens'
    queries (keys, values) says how they relate, and the loss gains weight times the divergence of the student's from
    the teacher's, a mean over heads and tokens. Number of heads, of layers and widths may differ. For a student with
    fewer or narrower layers, beside `distill`. Not with a teacher of another tokenizer, and little is gained for a
    single small task over `distill` alone. Cost: the teacher's forward pass of every batch, and three matrices of
    tokens by tokens for each head.

    Source: Wang et al. 2021 (MiniLMv2, arXiv:2012.15828), formulas 5 to 8, with the last layer of both models.
    """

    key: ClassVar[str] = "distill_attention"
    zh: ClassVar[str] = """让最后一层注意力中词元之间的关系接近某次已完成的训练的模型。

    两个模型的查询、键和值各自切成同样多的头；词元的查询（键、值）两两相乘后取 softmax，表示它们之间的关系；损失加上
    weight 乘以学生与教师之间的散度，对头和词元取平均。头数、层数和宽度都可以不同。适用于层数更少或更窄的学生，与
    `distill` 同用。教师的分词器不同时不适用；对单个小任务，比只用 `distill` 收益甚微。开销：教师对每个批次做一次前向，
    每个头另需三个“词元 × 词元”的矩阵。

    来源：Wang 等 2021（MiniLMv2，arXiv:2012.15828），公式 5 至 8，两个模型都取最后一层。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers"})

    teacher: Teacher = None
    weight: Annotated[
        float,
        Field(ge=0),
        Row("what the divergence counts in the loss", zh="该散度在损失中的权重", search=Search(0.01, 10, log=True)),
    ] = 1.0
    heads: Annotated[
        int | None,
        Field(ge=1),
        Row(
            "heads into which queries, keys and values are cut; none takes the student's own number",
            zh="查询、键和值被切分成的头数；none 表示采用学生模型的头数",
            unit="heads",
            aliases=("relation_heads",),
        ),
    ] = None
    layer: Annotated[
        int | None,
        Field(ge=1),
        Row("layer of the teacher; none takes the last", zh="教师的层；none 表示最后一层", unit="layers"),
    ] = None

    def refuse(self, facts: Facts) -> None:
        """There must be a teacher, and layers one upon the other.

        Raises:
            PlanError: `distillation.teacher`, `distillation.stacks`.
        """
        if self.teacher is None:
            raise PlanError("distillation.teacher", key="distill_attention.teacher", value=self.teacher)
        one_stack(self.key, facts.config)

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Add the divergence of the relations."""
        if not self.weight:
            return inner
        assert run.source is not None
        teacher, student = Watched(run.source.teacher("distill_attention.teacher")), Watched(run.model)
        layer = self._layer(teacher.layers)
        heads = self._heads(run, student, teacher, layer)

        def loss(model: Any, batch: Batch) -> tuple[Tensor, Any]:
            with student.attention(student.layers) as ours:
                value, outputs = inner(model, batch)
            with teacher.attention(layer) as theirs:
                teacher.read(batch)
            rows, mask = len(batch["row"]), batch["attention_mask"]
            with torch.autocast(mask.device.type, enabled=False):
                apart = [
                    divergence(first(theirs[part], rows), first(ours[part], rows), mask, heads) for part in range(3)
                ]
            assert run.criterion is not None
            learnt = run.criterion.mean(apart[0] + apart[1] + apart[2], batch)
            run.acted(self.key, rows=rows)
            run.noted(self.key, divergence=float(learnt.detach()), heads=heads)
            return value + self.weight * learnt, outputs

        return loss

    def _layer(self, layers: int) -> int:
        if self.layer is not None and self.layer > layers:
            raise PlanError(
                "distillation.pairs", key="distill_attention.layer", value=self.layer, allowed=f"1 … {layers}"
            )
        return self.layer or layers

    def _heads(self, run: RunContext, student: Watched, teacher: Watched, layer: int) -> int:
        """Heads that divide every width.

        Raises:
            PlanError: `distillation.attention`, `distillation.heads`.
        """
        widths = []
        for model, number in ((student, student.layers), (teacher, layer)):
            found = model.projections(number)
            if not found:
                raise PlanError("distillation.attention", key=type(model.model).__name__, value=number)
            widths += found
        heads = self.heads or int(run.model.config.num_attention_heads)
        common = math.gcd(*widths)
        if common % heads:
            allowed = " | ".join(str(n) for n in range(1, common + 1) if common % n == 0)
            raise PlanError("distillation.heads", key="distill_attention.heads", value=heads, allowed=allowed)
        return heads


def divergence(teacher: Tensor, student: Tensor, mask: Tensor, heads: int) -> Tensor:
    """KL(teacher || student) of the relations between the tokens of each row, shape (B,): mean over heads and tokens.

    Args:
        teacher, student: of shape (B, length, width), each of its own width.
        mask: 1 for the tokens of a row, shape (B, length).
    """
    logs = [_relations(part, mask, heads) for part in (teacher, student)]
    apart = F.kl_div(logs[1], logs[0], reduction="none", log_target=True)
    return over_tokens(apart.sum(dim=3).mean(dim=1), mask)


def _relations(part: Tensor, mask: Tensor, heads: int) -> Tensor:
    """Logarithm of softmax(A A^T / sqrt(d)) of each head, shape (B, heads, length, length)."""
    cut = part.reshape(*part.shape[:2], heads, -1).transpose(1, 2)
    products = cut @ cut.transpose(2, 3) / math.sqrt(cut.shape[3])
    return F.log_softmax(products.masked_fill(mask[:, None, None] == 0, -1e9), dim=3)


__all__ = ["DistillAttention", "divergence"]

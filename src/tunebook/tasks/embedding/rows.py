"""Rows of the table that embedding alone reads."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from tunebook.core.errors import TableError
from tunebook.core.params import Params, Row, Search
from tunebook.models.sentences import TEXT

DISTILLING = ("margin_mse", "kl")  # losses that learn from a teacher's scores
MARGINS = {"triplet": 0.2, "contrastive": 0.5}  # as sentence-transformers has it for contrastive


class EmbeddingRows(Params):
    """How texts become vectors, and what is minimised."""

    key: ClassVar[str] = "embedding"

    loss: Annotated[
        Literal["auto", "cosent", "cosine_mse", "contrastive", "in_batch", "triplet", "supcon", "margin_mse", "kl"],
        Row(
            "what is minimised; auto takes cosent for graded pairs, in_batch for queries with passages, supcon for "
            "texts with a class; margin_mse and kl learn from a teacher's scores (pos_scores, neg_scores)",
            zh="训练目标；auto 对带分值的文本对取 cosent，对带段落的查询取 in_batch，对带类别的文本取 supcon；"
            "margin_mse 和 kl 学习教师模型的分数（pos_scores、neg_scores）",
            aliases=("embedding_loss",),
        ),
    ] = "auto"
    scale: Annotated[
        float,
        Field(gt=0, le=1000),
        Row(
            "what cosines are multiplied by in the loss: one over the temperature",
            zh="损失中余弦相似度所乘的系数，即温度的倒数",
            search=Search(5, 100, log=True),
        ),
    ] = 20.0
    margin: Annotated[
        float | None,
        Field(ge=0, le=2),
        Row(
            "by how much a cosine has to be higher with triplet (none: 0.2); how far apart texts that do not belong "
            "together have to be with contrastive (none: 0.5)",
            zh="triplet：余弦相似度应高出的幅度（none 取 0.2）；contrastive：不相关的文本应拉开的距离（none 取 0.5）",
            aliases=("triplet_margin",),
            search=Search(0.05, 0.5),
        ),
    ] = None
    temperature: Annotated[
        float,
        Field(gt=0, le=1000),
        Row(
            "what a teacher's scores are divided by with kl; cosines are multiplied by scale",
            zh="使用 kl 时教师分数所除以的温度；余弦相似度则乘以 scale",
            aliases=("teacher_temperature",),
            search=Search(0.2, 5, log=True),
        ),
    ] = 1.0
    symmetric: Annotated[
        bool,
        Row("with in_batch, let each passage find its query too", zh="使用 in_batch 时，也让每个段落找回它的查询"),
    ] = False
    mini_batch: Annotated[
        int | None,
        Field(ge=1, le=65536),
        Row(
            "texts in one forward pass of a cached loss (GradCache): a step of any size fits; none makes one pass",
            zh="缓存损失（GradCache）一次前向计算的文本数，使任意大小的批次都放得下；none 表示一次算完",
            unit="texts",
            aliases=("sub_batch_size", "mini_batch_size", "gc_chunk_size"),
        ),
    ] = None
    dims: Annotated[
        list[str] | None,
        Row(
            "lengths at which cut vectors are to be useful by themselves (Matryoshka); none for whole ones alone",
            zh="截短后仍可单独使用的向量维数（Matryoshka）；none 表示只训练完整向量",
            aliases=("matryoshka_dims", "mrl_dims"),
        ),
    ] = None
    pooling: Annotated[
        Literal["mean", "cls", "last"] | None,
        Row(
            "vector of a text: the mean of its tokens, the first or the last; none keeps the model's own",
            zh="文本向量：词元的平均、第一个或最后一个；none 表示沿用模型自身的方式",
            aliases=("pooling_mode", "sentence_pooling_method"),
        ),
    ] = None
    normalize: Annotated[
        bool | None,
        Row(
            "give vectors the length 1; none keeps the model's own",
            zh="把向量长度化为 1；none 表示沿用模型自身的方式",
            aliases=("normlized", "normalize_embeddings"),
        ),
    ] = None
    query: Annotated[
        str | None,
        Row(
            "what a query, or the first text of a pair, is put into, such as query: {text}; none keeps the model's own",
            zh="查询（或文本对的第一个文本）套用的模板，例如 query: {text}；none 表示沿用模型自身的方式",
            aliases=("query_instruction_for_retrieval",),
        ),
    ] = None
    passage: Annotated[
        str | None,
        Row(
            "what a passage, or the second text of a pair, is put into; none keeps the model's own",
            zh="段落（或文本对的第二个文本）套用的模板；none 表示沿用模型自身的方式",
            aliases=("passage_instruction_for_retrieval",),
        ),
    ] = None

    @model_validator(mode="after")
    def _ends(self) -> EmbeddingRows:
        for name, value in (("query", self.query), ("passage", self.passage)):
            if value is not None and (value.count(TEXT) != 1 or not value.endswith(TEXT)):
                allowed = f"{value.replace(TEXT, '').rstrip()} {TEXT}".lstrip()
                raise TableError("embedding.prompt", key=f"embedding.{name}", value=value, allowed=allowed)
        if any(not size.isdecimal() or int(size) < 1 for size in self.dims or ()):
            raise TableError("embedding.dims_value", key="embedding.dims", value=", ".join(self.dims or ()))
        return self


def margin_of(own: EmbeddingRows) -> float:
    """The margin of the loss that is named."""
    return own.margin if own.margin is not None else MARGINS.get(own.loss, 0.0)


__all__ = ["DISTILLING", "MARGINS", "EmbeddingRows", "margin_of"]

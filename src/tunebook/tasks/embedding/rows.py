"""Rows of the table that embedding alone reads."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from tunebook.core.params import Params, Row, Search
from tunebook.models.sentences import TEXT


class EmbeddingRows(Params):
    """How texts become vectors, and what is minimised."""

    key: ClassVar[str] = "embedding"

    loss: Annotated[
        Literal["auto", "cosent", "cosine_mse"],
        Row(
            "what is minimised; auto takes cosent for graded pairs",
            zh="训练目标；auto 对带分值的文本对取 cosent",
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
        for value in (self.query, self.passage):
            if value is not None and (value.count(TEXT) != 1 or not value.endswith(TEXT)):
                raise ValueError(f"{value!r}, ... {TEXT}")
        return self


__all__ = ["EmbeddingRows"]

"""Rows of the table that instruction tuning alone reads."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tunebook.core.params import Params, Row


class InstructionRows(Params):
    """How conversations are shown to a model, what of them is learnt, and how long its answers may be."""

    key: ClassVar[str] = "instruction"

    learn: Annotated[
        Literal["all", "last"],
        Row(
            "turns that are learnt: all of the assistant's, or the last one; a turn that says so itself is not asked",
            zh="学习哪些轮次：assistant 的全部轮次，或只有最后一个；数据中已注明的轮次以数据为准",
            aliases=("mask_history", "train_on_last_turn", "loss_scale"),
        ),
    ] = "all"
    template: Annotated[
        Literal["auto", "chatml", "llama", "plain"],
        Row(
            "chat template: auto keeps the model's own, and where it has none takes chatml, or plain where the "
            "vocabulary lacks its tokens; kept with the model",
            zh="对话模板：auto 沿用模型自带的模板，没有时用 chatml，词表缺少其标记时用 plain；随模型一起保存",
            aliases=("chat_template",),
        ),
    ] = "auto"
    cut: Annotated[
        Literal["drop", "mark"],
        Row(
            "a row whose last answer does not fit into max_length, without its earlier turns: leave it out, or learn "
            "what fits, without an end",
            zh="去掉前面的轮次后，最后的回答仍超出 max_length 的行：舍弃，或只学习放得下的部分（不学结束符）",
        ),
    ] = "drop"
    max_new_tokens: Annotated[
        int,
        Field(ge=1, le=32768),
        Row(
            "tokens that an answer may have at most, where a run is evaluated or asked",
            zh="评估或预测时，一个回答最多的词元数",
            unit="tokens",
            aliases=("max_tokens",),
        ),
    ] = 256


__all__ = ["InstructionRows"]

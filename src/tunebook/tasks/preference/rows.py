"""Rows of the table that learning from preferences alone reads."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tunebook.core.params import Params, Row, Search

PAIRED = ("sigmoid", "hinge", "ipo", "orpo")  # losses of a better and a worse answer
ALONE = "orpo"  # the loss that holds a model against none


class PreferenceRows(Params):
    """What is minimised, and how far the model may leave the one that it was."""

    key: ClassVar[str] = "preference"

    loss: Annotated[
        Literal["sigmoid", "hinge", "ipo", "orpo", "kto"],
        Row(
            "what is minimised: DPO (sigmoid), with a margin (hinge), without end points (ipo), with SFT and no "
            "reference model (orpo); kto takes answers one by one",
            zh="训练目标：DPO（sigmoid）、带间隔（hinge）、不会无限拉开（ipo）、与 SFT 合一且不需参考模型（orpo）；"
            "kto 逐个学习回答",
            aliases=("loss_type", "pref_loss", "rlhf_type"),
        ),
    ] = "sigmoid"
    beta: Annotated[
        float,
        Field(gt=0, le=100),
        Row(
            "how tightly the model is held to the one that it was; larger stays nearer (not with orpo)",
            zh="对参考模型的约束强度：越大越接近原模型（orpo 不用）",
            aliases=("pref_beta", "dpo_beta", "kto_beta"),
            search=Search(0.01, 1, log=True),
        ),
    ] = 0.1
    odds_weight: Annotated[
        float,
        Field(ge=0, le=100),
        Row(
            "with orpo, weight of the odds ratio beside the loss of the better answer",
            zh="orpo 中几率比一项相对于较好回答损失的权重",
            aliases=("orpo_lambda", "orpo_alpha"),
            search=Search(0.01, 1, log=True),
        ),
    ] = 0.1
    sft_weight: Annotated[
        float,
        Field(ge=0, le=100),
        Row(
            "weight of the loss of the better answer itself, a mean over its tokens, beside that of the pair; it keeps "
            "better answers from becoming unlikely",
            zh="在偏好损失之外加上较好回答自身损失（按词元平均）的权重；可防止较好回答的概率下降",
            aliases=("rpo_alpha", "pref_ftx", "sft_alpha"),
            search=Search(0.01, 1, log=True),
        ),
    ] = 0.0
    desirable_weight: Annotated[
        float,
        Field(ge=0, le=1000),
        Row("with kto, what a good answer counts", zh="kto 中好回答的权重", aliases=("kto_chosen_weight",)),
    ] = 1.0
    undesirable_weight: Annotated[
        float,
        Field(ge=0, le=1000),
        Row("with kto, what a bad answer counts", zh="kto 中差回答的权重", aliases=("kto_rejected_weight",)),
    ] = 1.0
    template: Annotated[
        Literal["auto", "chatml", "llama", "plain"],
        Row(
            "chat template: auto keeps the model's own, and takes chatml where it has none; kept with the model",
            zh="对话模板：auto 沿用模型自带的模板，没有时用 chatml；随模型一起保存",
        ),
    ] = "auto"
    cut: Annotated[
        Literal["drop", "mark"],
        Row(
            "a row whose answers do not fit into max_length, without the earlier turns of the prompt: leave it out, or "
            "learn what fits, without an end",
            zh="去掉提示中前面的轮次后，回答仍超出 max_length 的行：舍弃，或只学习放得下的部分（不学结束符）",
        ),
    ] = "mark"


__all__ = ["ALONE", "PAIRED", "PreferenceRows"]

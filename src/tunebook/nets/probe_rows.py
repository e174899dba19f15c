"""What the techniques that fit a head to what it reads have in their rows; a table is read without torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.params import Row
from tunebook.core.technique import Facts

Pooling = Annotated[
    Literal["auto", "mean", "first"],
    Row(
        "what the head reads: the mean of the tokens, the first one, or the mean where the architecture lets it",
        zh="分类头读取的内容：所有词元的平均、第一个词元，或在架构允许时取平均",
    ),
]
Strength = Annotated[
    Annotated[float, Field(gt=0)] | None,
    Row(
        "how freely the head follows the rows (C of a logistic regression); none chooses by rows that are held out",
        zh="分类头跟随样本的自由程度（逻辑回归的 C）；none 表示用留出的样本来选择",
    ),
]


def refuse_settings(key: str, facts: Facts) -> None:
    """Refuse settings of a loss that a fitted head does not have.

    Raises:
        PlanError: `probe.setting`.
    """
    settings = facts.settings
    several = facts.labels.kind.link == "sigmoid"
    for name, value, off in (
        ("label_smoothing", settings.label_smoothing, 0.0),
        ("class_weights", settings.class_weights if several else "none", "none"),
    ):
        if value != off:
            raise PlanError("probe.setting", key=name, value=value, allowed=str(off), technique=key)


__all__ = ["Pooling", "Strength", "refuse_settings"]

"""The training settings: the rows that every table has, and what a plan makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, SerializerFunctionWrapHandler, model_serializer, model_validator

from tunebook.core.params import P, Params, Row, Value, build
from tunebook.core.training import Training


class BaseModelRow(Params):
    """The base model by a name, in whose place a plan keeps the hash of its files."""

    base_model: Annotated[
        str,
        Row(
            "base model: builtin:minilm, builtin:multilingual, a folder, a name of a hub, or modelscope:NAME",
            zh="基座模型：builtin:minilm、builtin:multilingual、本地文件夹、Hugging Face 名称或 modelscope:名称",
            aliases=("model", "model_name_or_path", "model_name", "pretrained_model"),
        ),
    ] = "builtin:minilm"


_NO_SETTINGS = ("base_model", "max_trained_share")  # rows that no plan trains with
_LATER = ("packing", "tokens_at_once")  # rows that came later: their defaults are in no plan, whose id stays the same


class Settings(Training, BaseModelRow):
    """Rows of a table that belong to training itself, not to a technique: the base model first."""

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if self.warmup_steps is not None and self.max_steps is not None and self.warmup_steps >= self.max_steps:
            raise ValueError(f"warmup_steps = {self.warmup_steps} >= max_steps = {self.max_steps}")
        return self

    def deciding(self) -> dict[str, Any]:
        """What decides the outcome: neither the base model's name, in whose place its files count, nor what a run may
        be."""
        usual = {name for name in _LATER if getattr(self, name) == Training.model_fields[name].default}
        return self.model_dump(exclude={"base_model", "max_trained_share", *usual})


class Filled(Training):
    """What a plan trains with: the settings of its table, those filled in that a table may leave open.

    It is written as it was given: a setting that a plan's version did not know has its default and changes no id.
    `max_trained_share` was asked when the plan was made, and is not kept.
    """

    model_config = ConfigDict(extra="allow")

    max_length: int
    warmup_steps: int

    def more(self, group: type[P]) -> P:
        """What a plan has for its task alone, beside the settings of every table: rows under the group's key, or what a
        stage gives where the group has none.

        Raises:
            TableError: as `build`.
        """
        prefix, extra = f"{group.key}." if group.key else "", self.model_extra or {}
        own = {name.removeprefix(prefix): value for name, value in extra.items() if name.startswith(prefix)}
        return build(group, own)

    @classmethod
    def defaults(cls) -> Filled:
        """Where there is no plan, for what asks for no setting in particular."""
        return cls(max_length=512, warmup_steps=0)

    @classmethod
    def of_rows(cls, values: Mapping[str, Value]) -> Filled:
        """The same with the rows of a table, as far as these say something: before there is a plan of it."""
        known = {name: value for name, value in values.items() if value is not None and name not in _NO_SETTINGS}
        return cls(**{"max_length": 512, "warmup_steps": 0, **known})

    @model_serializer(mode="wrap")
    def _as_given(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in written(self).items() if name in self.model_fields_set}


__all__ = ["BaseModelRow", "Filled", "Settings"]

"""The one place that reads the declaration of a parameter.

A group of parameters is a frozen record whose annotations say everything once: type, bounds, default, one sentence
in English and in Chinese, unit, other names, range for a search. From it come the rows of tables and their checks,
the help of the command line, the generated reference, forms and search spaces.

    class FGM(Params):
        epsilon: Annotated[float, Field(gt=0), Row("length of the shift", zh="扰动长度")] = 1.0
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from tunebook.core.errors import TableError, near
from tunebook.core.messages import has_words, say

_ENDS = {">": "above", ">=": "least", "<": "below", "<=": "most"}
Value = bool | int | float | str | list[str] | None


@dataclass(frozen=True)
class Search:
    """Range that a search may try.

    Args:
        low, high: ends of the range, both included.
        log: draw on a logarithmic scale.
    """

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Row:
    """What a table says of a parameter beside its type, bounds and default.

    Args:
        text, zh: one sentence in English and in Chinese.
        unit: what the number counts ("tokens", "rows", "steps"), empty if it is a bare number.
        aliases: names that other tools give it.
        search: range that a search may try; None keeps searches away.
        input: what the value names, if it is a place: `file`, `run` for a run's id or folder, or `book` for the folder
            of a book. Its content then belongs to the plan.
        replaces: the training setting whose place the row takes where its technique is on.
        reads: from other spellings of the value to the one that the table keeps; anything else it leaves as it is.
    """

    text: str
    zh: str
    unit: str = ""
    aliases: tuple[str, ...] = ()
    search: Search | None = None
    input: Literal["", "file", "run", "book"] = ""
    replaces: str = ""
    reads: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Declaration:
    """A parameter, read from its annotation.

    `name` is what stands in a table: `learning_rate` of the training settings, `fgm.epsilon` of a technique. `bounds`
    holds the ends of its range, such as `((">", 0), ("<=", 1))`.
    """

    name: str
    owner: str
    field: str
    kind: str
    default: Value
    row: Row
    choices: tuple[Any, ...] = ()
    nullable: bool = False
    bounds: tuple[tuple[str, float], ...] = ()

    @property
    def allowed(self) -> str:
        """What may stand in the row, in the user's language: `float > 0 and <= 1`, `int >= 0 or all`."""
        text = _allowed(self.kind, self.choices, self.bounds)
        return text + say("allowed.or") + "none" if self.nullable else text

    @property
    def in_words(self) -> str:
        """The same for somebody who writes no code: `a number, above 0 and at most 1`."""
        either = say("allowed.or")
        kinds = [part for part in self.kind.replace("true or false", "true_or_false").split(" or ") if part != "choice"]
        text = either.join(dict.fromkeys(_word(part) for part in kinds))
        if self.bounds:
            ends = say("allowed.and").join(say(f"allowed.end.{_ENDS[sign]}", end=end) for sign, end in self.bounds)
            text = say("allowed.word_between", kind=text, ends=ends)
        choices = say("allowed.one_of", choices=", ".join(map(str, self.choices))) if self.choices else ""
        return either.join(part for part in (text, choices, say("allowed.none") if self.nullable else "") if part)


class Params(BaseModel):
    """Base of every group of parameters: frozen, typed, no unknown names.

    `key` is the first part of the rows' names (`fgm` of `fgm.epsilon`); empty for the training settings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
    key: ClassVar[str] = ""


P = TypeVar("P", bound=Params)


def declarations(group: type[Params]) -> list[Declaration]:
    """The rows that a group of parameters declares, in the order of its fields."""
    return [_declaration(group, name, info) for name, info in group.model_fields.items()]


def _declaration(group: type[Params], field: str, info: FieldInfo) -> Declaration:
    row = next(item for item in info.metadata if isinstance(item, Row))
    kinds, choices, nullable = _kinds(info.annotation)
    bounds = _bounds([*info.metadata, *_inner_metadata(info.annotation)])
    return Declaration(
        name=f"{group.key}.{field}" if group.key else field,
        owner=group.key or "training",
        field=field,
        kind=kinds,
        default=info.get_default(call_default_factory=True),
        row=row,
        choices=choices,
        nullable=nullable,
        bounds=bounds,
    )


def _kinds(annotation: Any) -> tuple[str, tuple[Any, ...], bool]:
    """Name of the type, choices of a Literal, and whether it may be None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        options = [item for item in get_args(annotation) if item is not type(None)]
        parts = [_kinds(item) for item in options]
        choices = tuple(choice for part in parts for choice in part[1])
        return " or ".join(part[0] for part in parts), choices, len(options) < len(get_args(annotation))
    if origin is Literal:
        return "choice", get_args(annotation), False
    if origin is not None:
        return f"list of {get_args(annotation)[0].__name__}", (), False
    return {"str": "text", "bool": "true or false"}.get(annotation.__name__, annotation.__name__), (), False


def _bounds(metadata: list[Any]) -> tuple[tuple[str, float], ...]:
    marks = ((Gt, ">"), (Ge, ">="), (Lt, "<"), (Le, "<="))
    return tuple(
        (sign, getattr(item, mark.__name__.lower()))
        for item in metadata
        for mark, sign in marks
        if isinstance(item, mark)
    )


def _inner_metadata(annotation: Any) -> list[Any]:
    """Bounds of one arm of a union: `Annotated[int, Field(ge=0)] | Literal["all"]`."""
    found: list[Any] = []
    for item in get_args(annotation):
        if get_origin(item) is Annotated:
            for mark in get_args(item)[1:]:
                found += mark.metadata if isinstance(mark, FieldInfo) else [mark]
    return found


def allowed_text(info: FieldInfo) -> str:
    """What a field takes beside None, in the user's language; empty where neither choices nor bounds say more than
    its type."""
    kind, choices, _ = _kinds(info.annotation)
    bounds = _bounds([*info.metadata, *_inner_metadata(info.annotation)])
    return _allowed(kind, choices, bounds) if choices or bounds else ""


def _allowed(kind: str, choices: tuple[Any, ...], bounds: tuple[tuple[str, float], ...]) -> str:
    either = say("allowed.or")
    kinds = [_kind_text(part) for part in kind.replace("true or false", "true_or_false").split(" or ")]
    text = either.join(dict.fromkeys(part for part in kinds if part != "choice"))
    if bounds:
        ends = say("allowed.and").join(f"{sign} {end}" for sign, end in bounds)
        text = say("allowed.between", kind=text, ends=ends)
    return either.join(part for part in (text, " | ".join(map(str, choices))) if part)


def _word(kind: str) -> str:
    """A type as people call it; one that only another package declares stays as it is."""
    code = f"allowed.word.{kind.replace(' ', '_')}"
    return say(code) if has_words(code) else _kind_text(kind)


def _kind_text(kind: str) -> str:
    """A type in the user's language; one that only another package declares stays as it is."""
    code = f"allowed.{kind.replace(' ', '_')}"
    return say(code) if has_words(code) else kind


def build(group: type[P], values: Mapping[str, Any]) -> P:
    """A group of parameters from `field -> value`.

    Raises:
        TableError: `row.value` for a value outside its declaration, `row.together` for values that contradict each
            other.
    """
    try:
        return group(**values)
    except ValidationError as error:
        raise _table_error(group, values, error) from None


def _table_error(group: type[Params], values: Mapping[str, Any], error: ValidationError) -> TableError:
    first = error.errors()[0]
    if not first["loc"]:
        reason = str(first.get("ctx", {}).get("error", first["msg"]))
        return TableError("row.together", key=group.key or "table", reason=reason)
    field = str(first["loc"][0])
    known = {item.field: item for item in declarations(group)}
    if field not in known:  # the table reader has checked names before; a caller from Python may not have
        return TableError("row.unknown", key=field, near=near(field, known))
    return TableError("row.value", key=known[field].name, value=values.get(field), allowed=known[field].allowed)


__all__ = ["Declaration", "Params", "Row", "Search", "Value", "allowed_text", "build", "declarations"]

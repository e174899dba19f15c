from typing import Annotated, ClassVar, Literal, Optional, Union

import pytest
from pydantic import Field, ValidationError, model_validator

from tunebook.core.errors import TableError
from tunebook.core.messages import speaking
from tunebook.core.params import Params, Row, Search, allowed_text, build, declarations


class Sample(Params):
    key: ClassVar[str] = "sample"

    open: Annotated[
        float, Field(gt=0, lt=1), Row("a", zh="甲", unit="rows", aliases=("o",), search=Search(0.1, 0.9))
    ] = 0.5
    closed: Annotated[int, Field(ge=1, le=9), Row("b", zh="乙")] = 3
    maybe: Annotated[int | None, Field(ge=1), Row("c", zh="丙")] = None
    old: Annotated[Optional[Annotated[int, "x"]], Row("d", zh="丁")] = None  # noqa: UP045
    choice: Annotated[Literal["x", "y"], Row("e", zh="戊")] = "x"
    mixed: Annotated[Union[int, Literal["all"]], Row("f", zh="己")] = "all"  # noqa: UP007
    both: Annotated[Annotated[int, Field(ge=0)] | Literal["all"] | None, Row("f", zh="己")] = None
    odd: Annotated[bytes, Row("f", zh="己")] = b""
    flag: Annotated[bool, Row("g", zh="庚")] = False
    words: Annotated[list[str], Field(default_factory=lambda: ["w"]), Row("h", zh="辛")]
    text: Annotated[str, Row("i", zh="壬")] = "t"

    @model_validator(mode="after")
    def _together(self):
        if self.closed == 9 and self.flag:
            raise ValueError("closed = 9 and flag")
        return self


class Plain(Params):
    one: Annotated[int, Row("a", zh="甲")] = 1

    @model_validator(mode="before")
    @classmethod
    def _not_13(cls, values):
        if values.get("one") == 13:
            raise ValueError("13")
        return values


ROWS = {item.field: item for item in declarations(Sample)}


def test_declarations_in_order_with_names_and_owner():
    assert list(ROWS) == list(Sample.model_fields)
    assert (ROWS["open"].name, ROWS["open"].owner) == ("sample.open", "sample")
    assert (declarations(Plain)[0].name, declarations(Plain)[0].owner) == ("one", "training")
    assert ROWS["open"].row == Row("a", zh="甲", unit="rows", aliases=("o",), search=Search(0.1, 0.9))


@pytest.mark.parametrize(
    ("field", "kind", "allowed", "nullable", "default"),
    [
        ("open", "float", "float > 0 and < 1", False, 0.5),
        ("closed", "int", "int >= 1 and <= 9", False, 3),
        ("maybe", "int", "int >= 1 or none", True, None),
        ("old", "int", "int or none", True, None),
        ("choice", "choice", "x | y", False, "x"),
        ("mixed", "int or choice", "int or all", False, "all"),
        ("both", "int or choice", "int >= 0 or all or none", True, None),
        ("flag", "true or false", "true or false", False, False),
        ("words", "list of str", "list of str", False, ["w"]),
        ("text", "text", "text", False, "t"),
    ],
)
def test_a_declaration_says_its_kind_and_what_is_allowed(field, kind, allowed, nullable, default):
    row = ROWS[field]
    assert (row.kind, row.allowed, row.nullable, row.default) == (kind, allowed, nullable, default)


@pytest.mark.parametrize(
    ("field", "allowed"),
    [
        ("open", "> 0 且 < 1 的小数"),
        ("maybe", ">= 1 的整数 或 none"),
        ("mixed", "整数 或 all"),
        ("both", ">= 0 的整数 或 all 或 none"),
        ("flag", "true 或 false"),
        ("words", "文本列表"),
        ("odd", "bytes"),
    ],
)
def test_what_is_allowed_is_said_in_the_users_language(monkeypatch, field, allowed):
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert ROWS[field].allowed == allowed


@pytest.mark.parametrize(
    ("field", "english", "chinese"),
    [
        ("open", "a number, above 0 and below 1", "大于 0 且 小于 1 的数"),
        ("closed", "a whole number, at least 1 and at most 9", "不小于 1 且 不大于 9 的整数"),
        ("choice", "one of: x, y", "以下之一：x, y"),
        ("maybe", "a whole number, at least 1 or none, which leaves it open", "不小于 1 的整数 或 none（不指定）"),
        ("flag", "true or false", "true 或 false"),
        ("odd", "bytes", "bytes"),
    ],
)
def test_what_is_allowed_is_said_in_words(field, english, chinese):
    assert ROWS[field].in_words == english
    with speaking("zh"):
        assert ROWS[field].in_words == chinese


def test_what_a_field_takes():
    fields = Sample.model_fields
    assert allowed_text(fields["maybe"]) == "int >= 1"
    assert allowed_text(fields["choice"]) == "x | y"
    assert allowed_text(fields["text"]) == ""


def test_choices_and_bounds():
    assert ROWS["choice"].choices == ("x", "y")
    assert ROWS["mixed"].choices == ("all",)
    assert ROWS["open"].bounds == ((">", 0), ("<", 1))
    assert ROWS["closed"].bounds == ((">=", 1), ("<=", 9))
    assert ROWS["text"].bounds == ()


def test_groups_are_frozen():
    with pytest.raises(ValidationError):
        Sample().closed = 4


def test_build():
    assert build(Sample, {"closed": 4}).closed == 4


@pytest.mark.parametrize(
    ("group", "values", "code", "key"),
    [
        (Sample, {"open": 1.0}, "row.value", "sample.open"),
        (Sample, {"open": float("nan")}, "row.value", "sample.open"),
        (Sample, {"choice": "z"}, "row.value", "sample.choice"),
        (Sample, {"mixed": "some"}, "row.value", "sample.mixed"),
        (Sample, {"closed": 9, "flag": True}, "row.together", "sample"),
        (Plain, {"one": 13}, "row.together", "table"),
        (Sample, {"colour": 1}, "row.unknown", "colour"),
    ],
)
def test_build_refuses(group, values, code, key):
    with pytest.raises(TableError) as caught:
        build(group, values)
    assert (caught.value.code, caught.value.key) == (code, key)
    assert str(caught.value)

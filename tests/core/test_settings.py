import re
from typing import Annotated, ClassVar

import pytest
from pydantic import ValidationError

from tunebook.core.errors import TableError
from tunebook.core.params import Params, Row, declarations
from tunebook.core.settings import Filled, Settings


def test_warmup_must_end_before_training_does():
    assert Settings(warmup_steps=9, max_steps=10).warmup_steps == 9
    assert Settings(warmup_steps=9).max_steps is None
    assert Settings(max_steps=9).warmup_steps is None
    with pytest.raises(ValidationError, match="warmup_steps = 10 >= max_steps = 10"):
        Settings(warmup_steps=10, max_steps=10)


def test_every_setting_is_described_in_both_languages():
    for item in declarations(Settings):
        assert item.row.text, item.name
        assert re.search(r"[\u4e00-\u9fff]", item.row.zh), item.name


def test_every_default_is_allowed_and_inside_its_search_range():
    Settings(**{item.field: item.default for item in declarations(Settings)})
    for item in declarations(Settings):
        search = item.row.search
        assert search is None or search.low < search.high
        if search is not None and item.default is not None:
            assert search.low <= item.default <= search.high or item.default == 0, item.name


def test_what_lies_in_a_search_range_is_allowed():
    for item in declarations(Settings):
        for value in (item.row.search.low, item.row.search.high) if item.row.search else ():
            assert getattr(Settings(**{item.field: value}), item.field) == value


class Drawn(Params):
    """What a task of its own reads."""

    share: Annotated[float, Row("share that is drawn", zh="抽取的比例")]


def test_a_plan_keeps_what_it_was_given_and_nothing_else():
    """So that a setting which is declared later is in no older plan, and changes no id."""
    given = {"batch_size": 4, "warmup_steps": 0, "max_length": 8, "seed": 3}
    made = Filled(**given)
    assert (made.batch_size, made.max_epochs) == (4, Settings().max_epochs)
    assert list(made.model_dump().items()) == list(given.items()), "in the order of the declaration"
    changed = Filled.model_validate_json(made.model_dump_json()).model_copy(update={"dropout": 0.0})
    assert changed.model_dump() == {**given, "dropout": 0.0}
    with pytest.raises(ValidationError, match="max_length"):
        Filled(warmup_steps=0)
    assert not hasattr(made, "base_model"), "a plan holds the hash of its files"


def test_what_a_stage_gives_a_task_has_its_type():
    made = Filled(max_length=8, warmup_steps=0).model_copy(update=Drawn(share=0.5).model_dump())
    assert made.more(Drawn).share == 0.5
    assert Filled(**made.model_dump()).more(Drawn) == Drawn(share=0.5)
    with pytest.raises(ValidationError):
        Filled(max_length=8, warmup_steps="many")
    with pytest.raises(TableError):
        Filled(max_length=8, warmup_steps=0).more(Drawn)


def test_a_tasks_own_rows_are_found_by_their_key():
    class Own(Drawn):
        key: ClassVar[str] = "own"

    made = Filled(max_length=8, warmup_steps=0, **{"own.share": 0.5, "other.share": 2})
    assert made.more(Own) == Own(share=0.5)
    assert Filled.defaults().max_length == 512
    rows = {"base_model": "m", "max_length": None, "max_trained_share": 0.5, "batch_size": 8, "own.row": "x"}
    assert Filled.of_rows(rows).model_dump() == {
        "max_length": 512, "warmup_steps": 0, "batch_size": 8, "own.row": "x",
    }  # fmt: skip


def test_the_base_model_is_the_first_row_and_the_seed_the_last():
    assert [item.name for item in declarations(Settings)][:: len(declarations(Settings)) - 1] == ["base_model", "seed"]


def test_a_plan_holds_what_decides_and_later_rows_only_where_they_are_not_usual():
    usual = Settings().deciding()
    assert {"base_model", "max_trained_share", "packing", "tokens_at_once"}.isdisjoint(usual)
    assert usual["learning_rate"] == Settings().learning_rate
    asked = Settings(packing="off", tokens_at_once=512).deciding()
    assert asked == usual | {"packing": "off", "tokens_at_once": 512}

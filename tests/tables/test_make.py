import pytest

from tunebook.core.errors import TableError
from tunebook.core.localized import STORED, localized
from tunebook.core.nouns import ParamTable
from tunebook.core.settings import Settings
from tunebook.tables.make import Given, child, inherit, make_table, new_table, tidy


def refused(values, code, **more):
    with pytest.raises(TableError) as caught:
        new_table(values, **more)
    assert caught.value.code == code
    assert str(caught.value)
    return caught.value


def test_every_setting_is_there_with_default_and_description():
    table = new_table({})
    assert list(table.rows) == list(Settings.model_fields)
    for name, row in table.rows.items():
        assert row.value == row.default == Settings.model_fields[name].default
        assert row.description
        assert row.reason == ""
        assert row.recommended is None
        assert row.effect is None


def test_descriptions_are_in_the_users_language(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert new_table({}).rows["learning_rate"].description == "优化器的峰值学习率"


def test_values_reasons_recommendations_note_and_owner():
    table = new_table(
        {"learning_rate": "1e-4", "shake.size": 2},
        reasons={"learning_rate": "because", "seed": "luck"},
        recommended={"learning_rate": "2e-4", "batch_size": 16},
        note=" a note ",
        owner=" Li ",
    )
    row = table.rows["learning_rate"]
    assert (row.value, row.default, row.recommended, row.reason) == (1e-4, 5e-5, 2e-4, "because")
    assert table.rows["batch_size"].value == 16
    assert table.rows["seed"].reason == "luck"
    assert (table.note, table.owner, table.version, table.parent) == ("a note", "Li", 0, None)


def test_one_row_of_a_technique_brings_all_its_rows():
    table = new_table({"shake.size": 2})
    assert {name: value for name, value in table.values().items() if "." in name} == {
        "shake.size": 2.0,
        "shake.parts": ["embeddings"],
        "shake.depth": "all",
        "shake.hidden": False,
        "shake.note": None,
    }


def test_a_row_that_is_false_is_no_switch():
    assert new_table({"shake.hidden": False}).values()["shake.size"] == 1.0
    assert new_table({"gradient_checkpointing": False}).values()["gradient_checkpointing"] is False


@pytest.mark.parametrize("on", ["on", True, "是", "YES"])
def test_a_bare_key_switches_on(on):
    assert new_table({"Fade": on}).values()["fade.last"] == 10


@pytest.mark.parametrize("off", ["off", False, None, "none", "无", "否"])
def test_a_bare_key_switches_off(off):
    assert new_table({"fade": off}).values() == new_table({}).values()


@pytest.mark.parametrize("given", [1.5, "maybe", []])
def test_a_bare_key_takes_nothing_else(given):
    error = refused({"fade": given}, "row.value")
    assert (error.key, error.allowed) == ("fade", "on | off")


def test_a_bare_key_with_a_reason_alone_is_refused():
    refused({}, "row.value", reasons={"fade": "why"})


def test_on_with_rows_and_off_with_rows():
    assert new_table({"fade": "on", "fade.last": 3}).values()["fade.last"] == 3
    assert "fade.last" in str(refused({"fade": "off", "fade.last": 3}, "row.together"))


def test_unknown_and_misspelt_names():
    assert "Did you mean learning_rate?" in str(refused({"lerning_rate": 1}, "row.unknown"))
    refused({"shake.sise": 1}, "row.unknown")
    refused({"": 1}, "row.unknown")


def test_aliases_are_accepted_and_told():
    table = new_table({"lr": 1e-4, "Num-Train-Epochs": 2, "Batch-Size": 8}, note="mine")
    assert table.values()["learning_rate"] == 1e-4
    assert table.note == "mine; renamed: lr -> learning_rate, Num-Train-Epochs -> max_epochs"
    assert new_table({"lr": 1e-4}).note == "renamed: lr -> learning_rate"


@pytest.mark.parametrize(
    "values", [{"lr": 1e-4, "learning_rate": 1e-4}, {"epochs": 1, "num_epochs": 1}, {"fade": "on", "Fade": "on"}]
)
def test_the_same_parameter_twice(values):
    first, second = values
    error = refused(values, "row.twice")
    assert first in str(error)
    assert second in str(error)


def test_contradictions_within_settings_and_within_a_technique():
    assert "warmup_steps" in str(refused({"warmup_steps": 10, "max_steps": 10}, "row.together"))
    assert refused({"fade.first": 11}, "row.together").key == "fade"


@pytest.mark.parametrize("column", ["values", "recommended"])
def test_wrong_values_are_refused_in_every_column(column):
    with pytest.raises(TableError) as caught:
        new_table(**{"values": {}, column: {"batch_size": 0}})
    assert caught.value.code == "row.value"


def test_the_value_is_the_given_one_else_the_recommended_else_the_files_default():
    assert make_table({"batch_size": Given(8, 4, 16)}).rows["batch_size"].value == 8
    assert make_table({"batch_size": Given(default=4, recommended=16)}).rows["batch_size"].value == 16
    row = make_table({"batch_size": Given(default=4)}).rows["batch_size"]
    assert (row.value, row.default) == (4, 4)
    assert make_table({"max_length": Given(default=64, recommended="none")}).rows["max_length"].value is None


@pytest.mark.parametrize(("given", "expected"), [(None, None), (0.02, 0.02), ("2%", 0.02), ("-0.1", -0.1)])
def test_effect(given, expected):
    assert make_table({"seed": Given(1, effect=given)}).rows["seed"].effect == expected


@pytest.mark.parametrize("given", ["good", float("nan"), True, []])
def test_an_effect_that_is_no_number(given):
    with pytest.raises(TableError) as caught:
        make_table({"seed": Given(1, effect=given)})
    assert caught.value.code == "row.effect"


def test_child_changes_rows_and_keeps_the_rest():
    first = make_table({"lr": Given(1e-4, reason="old", effect=0.1), "seed": Given(7, 3, 5, "mine", "lucky", 0.2)})
    first = first.model_copy(update={"version": 4})
    made = child(first, {"lr": 2e-4, "fade.last": 5}, "try faster", "Wang", reasons={"fade.last": "short"})
    assert (made.parent, made.version, made.owner, made.created) == (4, 0, "Wang", "")
    assert made.note == "try faster; renamed: lr -> learning_rate"
    row = made.rows["learning_rate"]
    assert (row.value, row.reason, row.effect) == (2e-4, "try faster", None)
    assert made.rows["seed"] == first.rows["seed"]
    assert made.rows["fade.last"].reason == "short"
    assert made.values()["fade.first"] == 0
    assert first.values()["learning_rate"] == 1e-4


def lived_in() -> ParamTable:
    """A version whose rows have a history: reasons of the catalogue, effects, descriptions, an older default."""
    first = new_table(
        {"learning_rate": 2e-4, "seed": 7, "shake.size": 2, "fade.last": 5},
        reasons={"learning_rate": localized("rules.checkpointing"), "seed": "luck", "shake.size": "firm"},
        recommended={"learning_rate": 3e-4, "shake.size": 3},
        owner="An",
    )
    history = {"effect": 0.02, "description": "our own words"}
    rows = {name: row.model_copy(update=history) if name != "seed" else row for name, row in first.rows.items()}
    rows["weight_decay"] = rows["weight_decay"].model_copy(update={"default": 0.3})
    return first.model_copy(update={"version": 4, "rows": rows})


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"batch_size": 8}, {"batch_size"}),
        ({"lr": 1e-4, "seed": 8}, {"learning_rate", "seed"}),
        ({"fade.last": 6}, {"fade.last"}),
        ({"shake": "on", "seed": 1}, {"seed"}),
        ({"shake": "off"}, {"shake.size", "shake.parts", "shake.depth", "shake.hidden", "shake.note"}),
    ],
)
def test_only_what_changes_is_touched(changes, changed):
    first = lived_in()
    made = child(first, changes, "why", "Wang")
    assert {name for name in first.rows if made.rows.get(name) is not first.rows[name]} == changed
    assert list(made.rows) == [name for name in first.rows if name in made.rows], "in the order of the parent"
    kept = made.model_dump(mode="json", context=STORED)["rows"]
    stored = first.model_dump(mode="json", context=STORED)["rows"]
    assert {name: row for name, row in kept.items() if name not in changed} == {
        name: row for name, row in stored.items() if name not in changed
    }


def test_a_child_asks_no_technique_about_a_setting(monkeypatch):
    """Importing them takes seconds."""
    first = lived_in()
    monkeypatch.setattr("tunebook.core.registry.techniques", lambda: pytest.fail("asked"))
    assert child(first, {"lr": 1e-4}).rows["fade.last"] is first.rows["fade.last"]


def test_a_child_has_the_settings_that_its_parent_did_not_know():
    first = lived_in()
    older = first.model_copy(update={"rows": {name: first.rows[name] for name in first.rows if name != "lr_power"}})
    assert child(older, {"seed": 1}).rows["lr_power"].value is None
    assert list(child(older, {"seed": 1}).rows) == list(first.rows)


def test_a_row_that_was_called_otherwise_gets_its_name():
    first = lived_in()
    rows = {
        {"seed": "random_seed", "shake.size": "shake_epsilon"}.get(name, name): row for name, row in first.rows.items()
    }
    older = first.model_copy(update={"rows": rows})
    made = child(older, {"batch_size": 8}, "n")
    assert made.rows["seed"].value == 7 and "random_seed" not in made.rows
    assert "random_seed -> seed" in made.note
    with pytest.raises(TableError) as caught:
        child(first.model_copy(update={"rows": {**first.rows, "gone": first.rows["seed"]}}), {"batch_size": 8})
    assert caught.value.code == "row.unknown"


def test_child_switches_techniques():
    first = new_table({"shake.size": 2, "fade.last": 5})
    assert first.version == 0
    off = child(first, {"shake": "off"})
    assert not [name for name in off.rows if name.startswith("shake")]
    assert off.values()["fade.last"] == 5
    assert off.parent is None
    again = child(off, {"shake": "on", "fade": "on"})
    assert again.values()["shake.size"] == 1.0
    assert again.values()["fade.last"] == 5


def test_child_refuses_contradictions_with_its_parents_rows():
    first = new_table({"max_steps": 100})
    with pytest.raises(TableError) as caught:
        child(first, {"warmup_steps": 100})
    assert caught.value.code == "row.together"
    with pytest.raises(TableError) as caught:
        child(new_table({"shake": "on"}), {"shake.size": "none"})
    assert caught.value.code == "row.off"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("  a  ", "a"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\x00b\x07c\ud800", "abc"),
        ("\x01 a\t b\x02 ", "a\t b"),
        ("中文 😀", "中文 😀"),
    ],
)
def test_tidy(given, expected):
    assert tidy(given) == expected


def test_inherit_keeps_what_the_file_does_not_say():
    parent = new_table({"lr": 2e-5, "seed": 3}, reasons={"lr": "paper", "seed": "luck"}, recommended={"lr": 3e-5})
    own = parent.rows["learning_rate"].model_copy(update={"description": "our rate", "effect": 0.5})
    parent = parent.model_copy(update={"rows": {**parent.rows, "learning_rate": own}})
    table = new_table(
        {"learning_rate": 2e-5, "seed": 4, "batch_size": 8, "fade": "on"}, reasons={"batch_size": "fits"}, note="n"
    )
    rows = inherit(table, parent, "n").rows
    rate = rows["learning_rate"]
    assert (rate.reason, rate.recommended, rate.effect, rate.description) == ("paper", 3e-5, 0.5, "our rate")
    assert (rows["seed"].reason, rows["batch_size"].reason, rows["fade.last"].reason) == ("n", "fits", "n")
    assert rows["max_epochs"].reason == ""


def test_inherit_gives_the_parents_own_rows_where_nothing_is_new():
    parent = lived_in()
    read = new_table(
        {**parent.values(), "seed": 8}, reasons={"learning_rate": str(parent.rows["learning_rate"].reason)}
    )
    rows = inherit(read, parent).rows
    assert {name for name in rows if rows[name] is not parent.rows[name]} == {"seed"}


def test_inherit_prefers_what_the_file_says():
    parent = new_table({"lr": 2e-5}, reasons={"lr": "paper"}, recommended={"lr": 3e-5})
    mine = new_table({"lr": 2e-5}, reasons={"lr": "mine"}, recommended={"lr": 4e-5})
    described = mine.rows["learning_rate"].model_copy(update={"description": "words", "effect": 1.0})
    mine = mine.model_copy(update={"rows": {**mine.rows, "learning_rate": described}})
    assert inherit(mine, parent).rows["learning_rate"] == described

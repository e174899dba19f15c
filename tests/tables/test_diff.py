from tunebook.core.nouns import TableRow
from tunebook.tables.in_force import diff
from tunebook.tables.make import child, new_table


def test_diff_of_values_only():
    a = new_table({"lr": 1e-4, "fade.last": 5}, note="a")
    b = child(a, {"lr": 2e-4, "max_length": 64, "fade": "off", "shake.size": 2}, "b")
    found = diff(a, b)
    assert found[:2] == [
        {"row": "learning_rate", "from": 1e-4, "to": 2e-4},
        {"row": "max_length", "from": None, "to": 64},
    ]
    assert {"row": "fade.last", "from": 5, "to": "off"} in found
    assert {"row": "shake.size", "from": "off", "to": 2.0} in found
    assert len(found) == 2 + 2 + 5
    mirrored = [{"row": item["row"], "from": item["to"], "to": item["from"]} for item in found]
    assert sorted(diff(b, a), key=str) == sorted(mirrored, key=str)


def test_no_difference():
    a = new_table({"shake": "on"})
    assert diff(a, child(a, {}, "another note", reasons={"seed": "x"})) == []


def test_a_setting_that_an_old_version_lacks_has_its_default():
    a = new_table({"seed": 7})
    old = a.model_copy(update={"rows": {name: row for name, row in a.rows.items() if name not in ("seed", "dropout")}})
    assert diff(old, a) == [{"row": "seed", "from": 42, "to": 7}]
    assert diff(a, old) == [{"row": "seed", "from": 7, "to": 42}]
    gone = TableRow(value=1)
    assert diff(a, a.model_copy(update={"rows": {**a.rows, "gone": gone}})) == [{"row": "gone", "from": "off", "to": 1}]

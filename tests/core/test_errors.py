import pytest

from tunebook.core import errors
from tunebook.core.errors import MachineError, RunError, TableError, TunebookError


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "en")


def test_an_error_says_what_is_wrong_what_is_allowed_and_what_to_do():
    error = TableError("row.value", key="seed", value="x", allowed="int")
    assert str(error) == (
        "[row.value] seed cannot be 'x'.\n  allowed: int\n  Give it one of the values allowed: seed=VALUE."
    )
    assert error.to_json() == {
        "code": "row.value",
        "key": "seed",
        "value": "'x'",
        "allowed": "int",
        "message": "seed cannot be 'x'.",
        "advice": "Give it one of the values allowed: seed=VALUE.",
    }


def test_in_chinese(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "seed 不能取 'x'。" in str(TableError("row.value", key="seed", value="x", allowed="int"))


def test_without_value_and_without_what_is_allowed():
    error = TableError("row.together", key="table", reason="a > b")
    assert (error.value, error.fields["value"], error.allowed) == (None, "", "")
    assert "allowed" not in str(error)
    assert TableError("row.value", key="seed", value=None).fields["value"] == "None"


@pytest.mark.parametrize(("length", "cut"), [(78, False), (79, True), (5000, True)])
def test_long_values_are_cut_at_80_characters(length, cut):
    shown = TableError("row.value", key="seed", value="x" * length).fields["value"]
    assert len(shown) == (80 if cut or length == 78 else length + 2)
    assert shown.endswith("…") == cut


def test_the_reason_of_a_library_does_not_end_the_sentence_twice(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    message = TableError("data.parquet", key="rows.parquet", reason="either this or that..").message
    assert message.endswith("either this or that.")


def test_exit_codes_and_the_tree():
    kinds = [getattr(errors, name) for name in errors.__all__ if name[0].isupper()]
    assert all(issubclass(kind, TunebookError) for kind in kinds)
    assert {kind.__name__ for kind in kinds if kind.exit_code == 3} == {"RunError"}
    assert RunError("row.together", reason="x").exit_code == 3
    assert MachineError("row.together", reason="x").exit_code == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lable", "Did you mean label? "),
        ("TEXTS", "Did you mean text? "),
        ("zzz", ""),
        ("label", "Did you mean label? "),
    ],
)
def test_near(monkeypatch, name, text):
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    assert errors.near(name, ["text", "label"]) == text


def test_several_checks_at_once():
    def wrong(*keys):
        errors.raise_all([TableError("row.value", key=key, value="x", allowed="int") for key in keys])

    errors.gathered()
    errors.gathered(wrong, lambda: None)
    with pytest.raises(TableError) as caught:
        errors.gathered(lambda: None, lambda: wrong("a"), lambda: wrong("b", "c"))
    error = caught.value
    assert [error.key, *(other.key for other in error.others)] == ["a", "b", "c"]
    assert [item["key"] for item in error.to_json()["others"]] == ["b", "c"]
    assert str(error).count("[row.value]") == 3
    with pytest.raises(ZeroDivisionError):  # no refusal: it is not swallowed
        errors.gathered(lambda: 1 // 0)

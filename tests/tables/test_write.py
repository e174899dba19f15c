import json
import tempfile
from itertools import pairwise, permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunebook.core.errors import MachineError, TableError
from tunebook.tables.declared import settings_rows
from tunebook.tables.make import Given, make_table, new_table
from tunebook.tables.read import read_table
from tunebook.tables.write import write_table

FORMS = ("json", "yml", "csv", "xlsx")
ANY_TEXT = st.text(max_size=30) | st.sampled_from(
    ["=1+1", "'=x", "none", "null", "~", "1e5", "TRUE", "# x", "a # b", "备注：\n第二行", "\u2028", "a\r\nb"]
)
RATE = st.floats(min_value=1e-300, max_value=1)
CELLS = {
    "learning_rate": RATE,
    "batch_size": st.integers(1, 65536),
    "max_length": st.none() | st.integers(4, 131072),
    "dropout": st.none() | st.floats(min_value=0, max_value=0.99),
    "max_grad_norm": st.floats(min_value=0, allow_nan=False, allow_infinity=False),
    "class_weights": st.sampled_from(["none", "balanced", "sqrt"]),
    "length_bucketing": st.sampled_from(["auto", "on", "off"]),
    "gradient_checkpointing": st.booleans(),
    "base_model": st.text(min_size=1).filter(lambda text: make_ok(text)),
    "seed": st.integers(0, 2**32 - 1),
    "shake.size": st.floats(min_value=1e-9, max_value=10),
    "shake.parts": st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1), max_size=3),
    "shake.depth": st.just("all") | st.integers(),
}


def make_ok(text):
    """Texts that a parameter may have: no ends of white space, nothing that cannot be written."""
    return text.strip() == text and text.isprintable() and not text.lower().startswith("[")


@st.composite
def tables(draw):
    names = draw(st.lists(st.sampled_from(sorted(CELLS)), unique=True))
    rows = {}
    for name in names:
        recommended = draw(CELLS[name])
        rows[name] = Given(
            draw(CELLS[name]),
            draw(CELLS[name]),
            *([recommended] if recommended is not None and draw(st.booleans()) else []),
            description=draw(ANY_TEXT),
            reason=draw(ANY_TEXT),
            effect=draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
        )
    table = make_table(rows, note=draw(ANY_TEXT), owner=draw(ANY_TEXT))
    version = draw(st.integers(0, 999))
    parent = draw(st.none() | st.integers(1, version - 1 if version > 1 else 999)) if version != 1 else None
    return table.model_copy(update={"version": version, "parent": parent})


# A walk that goes once from each form to each other one: 12 ways of 4 forms.
WALK = ("json", "yml", "json", "csv", "json", "xlsx", "yml", "csv", "yml", "xlsx", "csv", "xlsx", "json")


@settings(max_examples=25, deadline=None)
@given(table=tables(), languages=st.lists(st.sampled_from(["en", "zh"]), min_size=13, max_size=13))
def test_every_form_gives_the_same_table_back_to_every_other(table, languages):
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        last = table
        for place, (form, language) in enumerate(zip(WALK, languages, strict=True)):
            patch.setenv("TUNEBOOK_LANG", language)
            last = read_table(write_table(last, Path(name) / f"{place}.{form}"))
            assert last == table
            assert last.id == table.id


def test_the_walk_takes_every_way():
    assert set(pairwise(WALK)) == set(permutations(FORMS, 2))


def test_flat_files_hold_names_and_values_alone(tmp_path):
    table = new_table(
        {"lr": 2e-5, "length_bucketing": "off", "shake.parts": ["中", "b"]}, reasons={"lr": "why"}, note="n"
    )
    for ending in ("json", "yaml", "yml"):
        path = write_table(table, tmp_path / f"t.{ending}", flat=True)
        assert read_table(path).values() == table.values()
        assert "why" not in path.read_text(encoding="utf-8") and "中" in path.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "t.json").read_text()) == table.values()
    with pytest.raises(TableError) as caught:
        write_table(table, tmp_path / "t.csv", flat=True)
    assert caught.value.code == "table.form" and ".csv" not in caught.value.allowed


def test_the_filter_of_texts_lets_declared_rows_through():
    assert set(CELLS) - set(settings_rows()) == {"shake.size", "shake.parts", "shake.depth"}


def test_nothing_is_overwritten_unasked(tmp_path):
    path = write_table(new_table({}), tmp_path / "deep" / "t.json")
    with pytest.raises(TableError) as caught:
        write_table(new_table({"seed": 1}), path)
    assert caught.value.code == "table.exists"
    assert read_table(path) == new_table({})
    write_table(new_table({"seed": 1}), path, overwrite=True)
    assert read_table(path).values()["seed"] == 1
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["t", "t.txt", "t.tsv"])
def test_unknown_forms(tmp_path, name):
    with pytest.raises(TableError) as caught:
        write_table(new_table({}), tmp_path / name)
    assert caught.value.code == "table.form"
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "t.json", tmp_path / "file" / "deeper" / "t.json"):
        with pytest.raises(MachineError) as caught:
            write_table(new_table({}), path)
        assert caught.value.code == "table.unwritable"

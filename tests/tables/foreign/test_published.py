"""Every key of the tools' own published examples is taken, renamed, or told why not; what is told is true."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tunebook.core.messages import catalogue
from tunebook.tables.declared import declared, find, techniques
from tunebook.tables.foreign import TOOLS, read_foreign
from tunebook.tables.foreign.keys import Outcome
from tunebook.tables.foreign.take import take
from tunebook.tables.values import is_nothing

PUBLISHED = tomllib.loads((Path(__file__).parent / "published.toml").read_text(encoding="utf-8"))
CASES = [(tool, meant, key) for tool, rows in PUBLISHED.items() for meant, keys in rows.items() for key in keys.split()]
BY_VALUE = "its_value_says"  # no row of one name: a conversion tells it
# Names that mean something else with that tool than the row that is called so here.
OTHERWISE = {
    ("llama-factory", "buffer_size"),  # rows of a stream that are shuffled at once
    ("llama-factory", "model_max_length"),  # what the tokenizer takes; cutoff_len says what is kept
    ("llama-factory", "packing"),  # so many rows a line that steps have others
    ("ms-swift", "packing"),
    ("axolotl", "packing"),
    ("transformers", "packing"),
    ("ms-swift", "model_name"),  # what the model is to call itself
    ("ms-swift", "optimizer"),  # a plug-in
    ("axolotl", "kd_alpha"),  # of a teacher whose answers lie in the data, not of a run
    ("axolotl", "kd_temperature"),
}
VALUES = (True, False, None, 4, 0.5, "4", "lora", "full", "x,y", ["q_proj", "v_proj"], {"a": 1}, "linear", "auto")
METHODS = {
    "llama-factory": [{}, {"finetuning_type": "full"}, {"finetuning_type": "freeze"}],
    "ms-swift": [{}, {"tuner_type": "full"}, {"tuner_type": "adalora"}, {"tuner_type": "adapter"}],
    "axolotl": [{}, {"adapter": "lora"}, {"adapter": "qlora"}],
    "transformers": [{}, {"use_peft": True}],
}


@pytest.mark.parametrize("tool", PUBLISHED)
def test_each_key_is_known_with_its_row_or_its_reason(tool):
    known = TOOLS[tool].keys
    for _, meant, name in (case for case in CASES if case[0] == tool):
        key = known[name]
        assert (key.row or key.why.removeprefix("importing.") or BY_VALUE) == meant, name
        assert meant in declared() or meant in techniques() or meant == BY_VALUE or f"importing.{meant}" in catalogue()


def test_each_key_stands_once():
    assert len({(tool, key) for tool, _, key in CASES}) == len(CASES)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_no_key_is_said_to_have_no_row_that_has_one(tool):
    """A key that only gets a reason must not be a name of a declared row, unless it means something else there."""
    found = {(tool.name, name) for name, key in tool.keys.items() if not (key.row or key.convert) and find(name)}
    assert found <= OTHERWISE


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_whatever_a_key_holds_it_leads_to_rows_that_there_are(tool):
    """Each key with values of every kind, under each method: rows are declared, and nothing is `not available`."""
    for method in METHODS[tool.name]:
        for name in tool.keys:
            for value in VALUES:
                note = take({**method, name: value}, tool).notes[-1]
                assert note.action != "not_available", (name, value)
                assert note.why and (is_nothing(value) or note.action != "unknown"), (name, value)
                for row in (note.row or "").split(", "):
                    assert not row or row in declared() or row in techniques(), (name, value, row)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_reasons_are_words_of_the_catalogue(tool):
    for name, key in tool.keys.items():
        for value in VALUES:
            outcome = key.convert(value, {name: value}) if key.convert else Outcome({key.row: value}, key.why)
            assert outcome.rows or outcome.why, name
            assert not outcome.why or outcome.why in catalogue(), (name, outcome.why)


def test_a_real_shape_of_each_tool_leaves_nothing_unknown(tmp_path):
    for tool, rows in PUBLISHED.items():
        text = "".join(f"{key}: 1\n" for keys in rows.values() for key in keys.split())
        (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
        imported = read_foreign(tmp_path / "c.yaml", tool)
        assert not [note.key for note in imported.notes if note.action in ("unknown", "not_available")]

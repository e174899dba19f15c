"""Whose file it is."""

from __future__ import annotations

import json

import pytest
from tests.tables.foreign.conftest import SAMPLES

from tunebook.core.errors import TableError
from tunebook.tables.foreign import TOOLS, read_foreign


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("axolotl.yml", "axolotl"),
        ("llama_factory_full.yaml", "llama-factory"),
        ("llama_factory_lora.yaml", "llama-factory"),
        ("ms_swift.sh", "ms-swift"),
        ("ms_swift.yaml", "ms-swift"),
        ("training_args.json", "transformers"),
    ],
)
def test_recognised_by_its_keys(name, tool):
    assert read_foreign(SAMPLES / name).tool is TOOLS[tool]


def config(tmp_path, data, name="c.json"):
    path = tmp_path / name
    path.write_text(json.dumps(data) if not isinstance(data, str) else data, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        ({"a": 1}, "c.json", "importing.whose"),
        ({"seed": 1}, "c.json", "importing.whose"),
        ({"sequence_len": 1, "cutoff_len": 1}, "c.json", "importing.whose"),
        ({"rows": {"learning_rate": 1}}, "c.json", "importing.whose"),
        ([1], "c.json", "importing.no_config"),
        ("# nothing\n", "c.yaml", "importing.no_config"),
        ("learning_rate = 1", "c.toml", "importing.form"),
        ("", "c.yaml", "table.empty"),
        ('{"seed": 1, "seed": 2}', "c.json", "row.twice"),
        ("echo done\n", "c.sh", "importing.no_command"),
    ],
)
def test_refused_files(tmp_path, data, name, code):
    with pytest.raises(TableError) as caught:
        read_foreign(config(tmp_path, data, name))
    assert caught.value.code == code and str(caught.value)


def test_a_tool_may_be_named(tmp_path):
    path = config(tmp_path, {"seed": 3})
    assert {read_foreign(path, name.upper()).tool.name for name in TOOLS} == set(TOOLS)
    with pytest.raises(TableError, match=r"importing\.tool"):
        read_foreign(path, "trl")

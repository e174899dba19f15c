"""Options of a command in a shell script."""

from __future__ import annotations

import pytest

from tunebook.core.errors import TableError
from tunebook.tables.foreign.script import parse_script


@pytest.mark.parametrize(
    ("text", "options", "tool", "program"),
    [
        ("swift sft --lr 1e-4", {"lr": "1e-4"}, "ms-swift", "sft"),
        ("/opt/bin/swift sft --a --b=2 --c 1 2", {"a": True, "b": "2", "c": ["1", "2"]}, "ms-swift", "sft"),
        (
            "llamafactory-cli train learning_rate=1e-5 --x -1",
            {"learning_rate": "1e-5", "x": "-1"},
            "llama-factory",
            "train",
        ),
        ("axolotl train --lora-r 8", {"lora_r": "8"}, "axolotl", "train"),
        ("trl dpo --a 1", {"a": "1"}, "transformers", "dpo"),
        ("swift --a 1", {"a": "1"}, "ms-swift", ""),
        ("python src/run.py --a 1 > log 2>&1 &", {"a": "1"}, None, "run"),
        ("cd x && torchrun --nproc 2 run.py \\\r\n  --a 1 \\\r\n  --b 2\r\n", {"a": "1", "b": "2"}, None, "run"),
        ("A=1 B=2 python run.py --a $A", {"A": "1", "B": "2", "a": "$A"}, None, "run"),
        (
            "A=1\nexport B='x y'\nrun --a $A --b ${B} --c ${C:-3} --d $D",
            {"a": "1", "b": "x y", "c": "3", "d": "$D"},
            None,
            "",
        ),
        ("# don't\nrun --a 1 # it's --b 2\n", {"a": "1"}, None, ""),
        ("run --a 'x # y' --b z#1", {"a": "x # y", "b": "z#1"}, None, ""),
        ("pip install --upgrade x\nswift sft --a 1", {"a": "1"}, "ms-swift", "sft"),
        ("run --a '{\n\"b\": 1}'", {"a": '{\n"b": 1}'}, None, ""),
    ],
)
def test_options(text, options, tool, program):
    assert parse_script(text, "file") == (options, tool, program)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "importing.no_command"),
        ("A=1\nls -l", "importing.no_command"),
        ("swift sft --a 1\nswift sft --a 2", "importing.commands"),
        ("run --a 1; run --a 2", "importing.commands"),
        ("run --a 'x", "table.broken"),
        ("run --a 1 --a 2", "row.twice"),
    ],
)
def test_refused(text, code):
    with pytest.raises(TableError) as caught:
        parse_script(text, "file")
    assert caught.value.code == code and str(caught.value)


def test_a_variable_that_the_script_does_not_set_is_refused(tmp_path):
    from tunebook.tables.foreign import read_foreign

    path = tmp_path / "run.sh"
    path.write_text("swift sft --model $MODEL --learning_rate $(cat rate) --seed 3\n")
    imported = read_foreign(path)
    assert imported.values == {"seed": 3, "lora": True}  # which ms-swift trains with unless told otherwise
    assert [note.action for note in imported.notes] == ["refused", "refused", "taken", "converted"]
    assert all("shell" in note.why for note in imported.notes if note.action == "refused")

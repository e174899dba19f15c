"""The tree of commands: each can be loaded, each example can be parsed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import openpyxl
import pytest
from tests.cli.conftest import Call

from tunebook.cli.app import COMMANDS, application, command_of, examples, fitted, options_of
from tunebook.cli.examples import EXAMPLES
from tunebook.core.errors import TunebookError
from tunebook.core.messages import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", EXAMPLES)
def test_examples_can_be_parsed(path: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    for example in examples(path):
        assert "{" not in example
        parse(*shlex.split(example))


def parse(program: str, *given: str) -> None:
    assert program == "tunebook"
    group, words = application(), list(given)
    while hasattr(group, "list_commands"):
        context = group.make_context(program, words, resilient_parsing=True)
        program, words = words[0], words[1:]
        group = group.get_command(context, program)
    assert group.make_context(program, words).params


def test_texts_of_examples_are_in_the_language_of_the_help(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--note 'smaller steps'" in examples("table set")[0] in tunebook("table", "set", "--help").out
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    texts = [text for path in EXAMPLES for line in examples(path) for text in re.findall(r"['\"](.+)['\"]", line)]
    assert len(texts) >= 9 and all(re.search(r"[\u4e00-\u9fff]", text) for text in texts)


def test_examples_belong_to_commands() -> None:
    assert set(EXAMPLES) <= {"", *COMMANDS}
    for path, lines in EXAMPLES.items():
        assert all(line.startswith(f"tunebook {path}") for line in lines)


def test_an_unknown_command_names_those_that_there_are() -> None:
    root = application()
    context = root.make_context("tunebook", ["train"], resilient_parsing=True)
    with pytest.raises(TunebookError, match=r"cli\.no_command") as caught:
        root.get_command(context, "trian")
    assert "train" in caught.value.allowed and "table show" not in caught.value.allowed


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["chek"], "Did you mean check?"),
        (["show"], "Did you mean table show?"),
        (["table", "lst"], "Did you mean list?"),
    ],
)
def test_a_misspelt_command_is_guessed(words: list[str], expected: str, tunebook: Call) -> None:
    done = tunebook(*words)
    assert done.code == 2 and expected in done.err


def test_help_has_a_short_name(tunebook: Call) -> None:
    for words in ((), ("train",), ("table",), ("table", "set")):
        assert tunebook(*words, "-h").out == tunebook(*words, "--help").out != ""
    assert "Usage" in tunebook("train", "-h", "--json").out


def test_options_of_a_command() -> None:
    assert {"--table", "--dry-run"} <= options_of("train") and "--flat" in options_of("table export")
    assert options_of("table") == options_of("nonsense") == frozenset()


@pytest.mark.parametrize(
    ("line", "path"),
    [("train book", "train"), ("table log book", "table log"), ("table", ""), ("tarin book", ""), ("", "")],
)
def test_command_of_a_line(line: str, path: str) -> None:
    assert command_of(line.split()) == path


@pytest.mark.parametrize(
    ("advice", "line"),
    [
        ("Name it with --text COLUMN.", "predict book --file new.csv"),
        ("Train it again: the same `tunebook train` command with --again.", "eval book"),
        ("`tunebook init` takes it with --model; else --allow-unknown-tokens.", "train book"),
        ("Start fewer processes (torchrun --nproc_per_node).", "train book"),
        ("Name it with --label COLUMN.", "nonsense"),
    ],
)
def test_advice_that_fits_stays(advice: str, line: str) -> None:
    assert fitted(advice, line.split()) == advice


def test_an_option_of_another_command_is_called_that() -> None:
    told = fitted("Say --problem multi_label, or --sheet NAME; see --again.", ["ab", "book", "v1", "v2"])
    assert told.count("tunebook init") == 1 and "--problem, --sheet" in told and "not of `tunebook ab`" in told
    assert "--again: an option of `tunebook train`" in told


def test_errors_of_files_say_whose_their_options_are(
    tunebook: Call, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hard = tmp_path / "hard.xlsx"
    workbook = openpyxl.Workbook()
    for sheet in (workbook.active, workbook.create_sheet("second")):
        sheet.append(["text", "label"])
        sheet.append(["where is it", "other"])
    workbook.save(hard)
    line = ("ab", str(fresh), "v1", "v1", "--aa", "--challenge", str(hard))
    error = tunebook(*line, "--json").json["error"]
    assert error["code"] == "data.sheets"
    told = "(--sheet: an option of `tunebook init`, not of `tunebook ab`; here the file or the book itself is to be"
    assert error["advice"].endswith(f"{told} put right.)")
    assert error["advice"] in tunebook(*line).err.replace("\n", "")
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "`tunebook ab` 没有" in tunebook(*line).err
    shown = tunebook("init", str(tmp_path / "b"), "--data", str(hard), "--json").json["error"]
    assert shown["code"] == "data.sheets" and "tunebook init" not in shown["advice"]


def test_warnings_of_the_rows_say_it_too(tunebook: Call, rows: Path, model: Path, tmp_path: Path) -> None:
    first, *lines = rows.read_text(encoding="utf-8").splitlines()
    weighted = [f"{first},weight", *(f"{line},{number % 5}" for number, line in enumerate(lines))]
    (tmp_path / "rows.csv").write_text("\n".join(weighted) + "\n", encoding="utf-8")
    made = tunebook("init", tmp_path / "book", "--data", tmp_path / "rows.csv", "--model", model)
    assert "--weight" in made.out and "option of" not in made.out
    told = " ".join(tunebook("check", tmp_path / "book").out.split())
    assert "(--weight: an option of `tunebook init`, not of `tunebook check`" in told

"""Options in advice that the command at work does not have."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from tests.cli.conftest import Call

from tunebook.cli.elsewhere import command_of, fitted, options_of


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

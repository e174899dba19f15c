"""Around the commands: exit codes, errors in words, JSON, languages, interruption, a closed stdout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Call, shell

from tunebook.core.errors import RunError
from tunebook.verbs.steps import book as book_module
from tunebook.verbs.steps import doctor as doctor_module


def test_version(tunebook: Call) -> None:
    from tunebook import __version__

    assert tunebook("--version").out == f"tunebook {__version__}\n"
    assert tunebook("--json", "--version").json == {"version": __version__}


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["nope"], "cli.no_command", "nope"),
        (["table", "nope"], "cli.no_command", "export"),
        (["train"], "cli.missing", "BOOK is missing"),
        (["init", "b"], "cli.missing", "--data is missing"),
        (["train", "b", "--tabel", "v2"], "cli.no_option", "--table"),
        (["train", "b", "--table"], "cli.no_value", "tunebook train --help"),
        (["table", "set", "b", "--note"], "cli.no_value", "tunebook table set --help"),
        (["runs", "b", "--jsn"], "cli.no_option", "Did you mean --json?"),
        (["ab", "b", "v1", "v2", "--set"], "cli.no_option", "no option --set.\n"),
        (["merge", "a", "b c", "--into", "m"], "cli.too_much", "no use for: b c"),
        (["train", "b", "--set", "max_steps=9", "lora=on"], "cli.say_again", "--set max_steps=9 --set lora=on"),
        (["train", "b", "--set", "max_steps=9", "lora"], "cli.too_much", "no use for: lora"),
        (["init", "b", "--data", "x.csv", "--max-classes", "many"], "cli.option", "--max-classes"),
        (["train", "nobook"], "book.missing", "nobook"),
        (["predict", "nobook", "text"], "book.missing", "nobook"),
        (["init", "b", "--data", "nofile.csv"], "", "nofile.csv"),
    ],
)
def test_wrong_use(
    tunebook: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str], code: str, part: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = tunebook(*words)
    assert done.code == 2 and done.out == "" and part in done.err and "→" in done.err
    assert "Traceback" not in done.err
    error = tunebook(*words, "--json").json["error"]
    assert error["code"] == (code or error["code"]) and error["message"] and error["advice"]
    assert set(error) == {"code", "key", "value", "allowed", "message", "advice"}
    assert list(tmp_path.iterdir()) == []


def test_errors_speak_chinese(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "缺少 BOOK" in tunebook("train").err
    monkeypatch.delenv("TUNEBOOK_LANG")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "没有选项 --tabel" in tunebook("train", "b", "--tabel", "v1").err


def _raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def broken(**_: object) -> None:
        raise error

    monkeypatch.setattr(doctor_module, "doctor", broken)


def test_an_unexpected_error_is_one_line(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, ZeroDivisionError("by\nzero"))
    done = tunebook("doctor")
    assert done.code == 3 and "ZeroDivisionError: by zero" in done.err and "--debug" in done.err
    assert "Traceback" not in done.err
    debugged = tunebook("doctor", "--debug")
    assert debugged.code == 3 and "Traceback" in debugged.err
    assert tunebook("doctor", "--json").json["error"]["code"] == "cli.unexpected"


def test_a_failed_run_exits_with_3(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, RunError("run.unfinished", key="r1"))
    assert tunebook("doctor").code == 3


def test_ctrl_c_says_how_to_go_on(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, KeyboardInterrupt())
    done = tunebook("doctor")
    assert done.code == 130 and "same command again" in done.err and "Traceback" not in done.err


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [("torch", "torch", "train"), ("sklearn.linear_model", "scikit-learn", "train"), ("wandb", "wandb", "track")],
)
def test_a_missing_library_names_its_extra(
    tunebook: Call, monkeypatch: pytest.MonkeyPatch, name: str, package: str, extra: str
) -> None:
    _raising(monkeypatch, ModuleNotFoundError(f"No module named {name!r}", name=name))
    done = tunebook("doctor")
    assert done.code == 2 and package in done.err and f".[{extra}]" in done.err


def test_another_import_error_is_unexpected(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, ModuleNotFoundError("No module named 'nothing'", name="nothing"))
    assert tunebook("doctor").code == 3


def test_offline_is_set_before_anything_is_loaded(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "0")  # so that monkeypatch puts both back
    done = tunebook("doctor", "--offline", "--json")
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["TRANSFORMERS_OFFLINE"] == "1"
    assert done.json["hub"]["reachable"] is None


def test_what_libraries_print_stays_out_of_the_json(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def chatty(**_: object) -> dict[str, object]:
        sys.stdout.write("hello from a library\n")
        return {"missing": {}}

    monkeypatch.setattr(doctor_module, "doctor", chatty)
    done = tunebook("doctor", "--json")
    assert done.lines == [{"missing": {}}] and "hello" in done.err


def test_common_options_after_two_dashes_are_text(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise RunError("run.unfinished", key="r1")

    monkeypatch.setattr(book_module, "open_book", refuse)
    assert tunebook("predict", "b", "--", "--json").out == ""


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["--version", "--json"]])
def test_a_closed_stdout_is_no_fault(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code = "import sys; from tunebook.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code, *words], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_terminal_that_knows_no_chinese() -> None:
    done = shell("--help", env={"TUNEBOOK_LANG": "zh", "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and "tunebook" in done.stdout


def test_the_package_is_a_command() -> None:
    done = subprocess.run([sys.executable, "-m", "tunebook", "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.strip()

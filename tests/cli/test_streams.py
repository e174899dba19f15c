"""Streams that are closed, full or gone, and signals, as a shell gives them to a command."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from tests.cli.conftest import Call

from tunebook.cli import streams as module
from tunebook.cli.answer import note
from tunebook.cli.streams import RobustStream, heard, heartbeat

CODE = "import sys; from tunebook.cli import main; sys.exit(main())"
WAITING = """
import sys, time
from tunebook.cli import streams
streams.SECONDS = 1000.0  # a slow machine says no more than a quick one
import tunebook.verbs.steps.doctor as module
def wait(*_, **__):
    sys.stderr.write("waiting\\n"); sys.stderr.flush()
    time.sleep(60)
module.doctor = wait
from tunebook.cli import main
sys.exit(main(["doctor", *sys.argv[1:]]))
"""


def until_it_waits(process: subprocess.Popen[str]) -> None:
    """Read on until the command says so; before that it may say that it loads."""
    assert process.stderr is not None
    assert "waiting\n" in iter(process.stderr.readline, "")


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """A line of the shell in which $TB is the command."""
    around = {**os.environ, "TB": f"{sys.executable} -c '{CODE}'", "TUNEBOOK_LANG": "en"}
    return subprocess.run(["sh", "-c", line.replace("$TB", around["TB"])], env=around, capture_output=True, text=True)


@pytest.mark.parametrize("words", ["--version", "--help", "--version --json", "techniques"])
def test_a_full_standard_output_is_told(words: str) -> None:
    done = shell(f"$TB {words} > /dev/full")
    assert done.returncode == 2 and "machine.disk" in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_a_closed_standard_output_is_told() -> None:
    done = shell("$TB --version >&-")
    assert done.returncode == 2 and "machine.output" in done.stderr and "Traceback" not in done.stderr


def test_a_closed_standard_error_hides_no_exit_code(tmp_path: Path) -> None:
    done = shell(f"$TB check {tmp_path}/none 2>&-")
    assert (done.returncode, done.stderr) == (2, "")
    full = shell(f"$TB check {tmp_path}/none 2>/dev/full")
    assert (full.returncode, full.stdout) == (2, "")


def test_a_closed_standard_input_is_no_fault() -> None:
    done = shell("$TB --version <&-")
    assert done.returncode == 0 and done.stdout.startswith("tunebook")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_before_the_first_step_says_how_to_go_on(number: int, code: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", WAITING], stderr=subprocess.PIPE, text=True)
    until_it_waits(process)
    process.send_signal(number)
    told = process.communicate(timeout=30)[1]
    assert process.returncode == code and "same command again" in told and "Traceback" not in told
    assert "a training that had saved a checkpoint goes on from it" in told, "there may be none yet"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_machines_read_what_was_interrupted_and_by_what(number: signal.Signals) -> None:
    pipes: dict[str, Any] = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", WAITING, "--json"], text=True, **pipes)
    until_it_waits(process)
    process.send_signal(number)
    error = json.loads(process.communicate(timeout=30)[0])["error"]
    assert (error["code"], error["key"], error["value"]) == ("cli.interrupted", "tunebook doctor", repr(number.name))


def test_nohup_is_obeyed() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what a child inherits from nohup
    try:
        process = subprocess.Popen([sys.executable, "-c", WAITING], stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGHUP, before)
    until_it_waits(process)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.kill()
    process.communicate()


def test_signals_are_given_back(tunebook: Call) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert tunebook("--version").code == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_progress_into_a_stream_that_is_gone() -> None:
    class Gone(io.StringIO):
        def write(self, *_: Any) -> int:
            raise OSError(errno.EIO, "gone")

        def flush(self) -> None:
            raise OSError(errno.EIO, "gone")

    stream = RobustStream(Gone())
    assert stream.write("text") == 4
    stream.flush()
    assert not stream.isatty()


def test_silence_is_broken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.01)
    with heartbeat():
        time.sleep(0.1)
    assert capsys.readouterr() == ("", "Loading …\n")


class Waits:
    """Nothing else is said until the third word."""

    def __init__(self) -> None:
        self.left = 3

    def wait(self, seconds: float) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("loads", [True, False])
def test_a_long_silence_says_what_is_loaded_again_and_again(
    loads: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 5.2, 10.3])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    for name in module._LARGE:
        under_way = SimpleNamespace(_initializing=loads and name in ("pandas", "transformers"))
        monkeypatch.setitem(sys.modules, name, cast("ModuleType", SimpleNamespace(__spec__=under_way)))
    module._beat(cast("Event", Waits()))
    named = ["Loading pandas …", "Still loading pandas (5 s) …", "Still loading pandas (10 s) …"]
    plain = ["Loading …", "Still getting ready (5 s) …", "Still getting ready (10 s) …"]
    assert capsys.readouterr().err.splitlines() == (named if loads else plain)


@pytest.mark.parametrize("spoken", [True, False])
def test_a_quick_command_and_one_that_has_spoken_say_nothing_more(
    spoken: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.05)
    with heartbeat():
        if spoken:
            note("Reading …")
            time.sleep(0.15)
    time.sleep(0.0 if spoken else 0.15)
    assert "Loading" not in capsys.readouterr().err
    heard()


def test_a_stream_that_is_gone_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            said.append(text)
            return super().write(text)

    stream = Gone()
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        stream.write("")
    monkeypatch.setattr(sys, "stderr", stream)
    module._speak(0)
    assert said == ["", "Loading …\n"], "it tried, and went on"

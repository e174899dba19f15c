"""A command that gets ready for long says so, once, and only where it has said nothing else."""

from __future__ import annotations

import io
import sys
import time

import pytest

from tunebook.cli import patience as module
from tunebook.cli.answer import note
from tunebook.cli.patience import heard, patience


def test_silence_is_broken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.01)
    with patience():
        time.sleep(0.1)
    assert capsys.readouterr() == ("", "Loading …\n")


@pytest.mark.parametrize("spoken", [True, False])
def test_a_quick_command_and_one_that_has_spoken_say_nothing_more(
    spoken: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.05)
    with patience():
        if spoken:
            note("Reading …")
            time.sleep(0.15)
    time.sleep(0.0 if spoken else 0.15)
    assert "Loading" not in capsys.readouterr().err
    heard()


def test_a_stream_that_is_gone_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    module._speak()

"""The page on its socket, as the command opens it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tunebook.cli.ui import Found, Visitors, ui
from tunebook.core.errors import MachineError, TunebookError
from tunebook.web.server import Opening, check_extra, run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_tells_its_address_and_stops_when_told(tmp_path: Path, number: signal.Signals) -> None:
    words = [sys.executable, "-m", "tunebook", "ui", str(tmp_path), "--port", "0", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        bare = url.partition("?")[0]
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(bare)
        assert refused.value.code == 401
        refused.value.close()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(url) as page:
            assert b"Tunebook" in page.read()
        process.send_signal(number)
        assert process.wait(20) == 0 and process.stdout.read() == ""


def test_to_be_stopped_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tunebook.web.server.run", lambda *_: None)
    answer = ui(Found(), Visitors(), [tmp_path])
    assert answer is not None and answer.code == 0


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MachineError, match=r"machine\.extra"):
        check_extra()
    with pytest.raises(MachineError, match=r"machine\.extra"):
        run([], Opening(listen=None), print)  # type: ignore[arg-type]


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(TunebookError, match=r"cli\.option"):
        ui(Found(port=70000), Visitors())

"""Alarms to a webhook that fails, and to files of mail that mail programs read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tunebook.core.errors import PlanError
from tunebook.watch.course import Alarm
from tunebook.watch.posting import alarm_data, check_webhook, mail, post, sentence
from tunebook.watch.signals import Signal


def alarm(name: str = "answer.label", **more: Any) -> Alarm:
    given = {"kind": "share", "old": 0.5, "new": 0.75, "where": "good", **more}
    return Alarm(number=3, at=1.7e9, run="run-1", signal=Signal(name=name, statistic=0.25, p_value=1e-9, **given))


class Server:
    """Answers with these codes, one after the other, and remembers what came."""

    def __init__(self, *codes: int) -> None:
        self.codes, self.bodies = list(codes), []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(outer.codes.pop(0))
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/hook"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def stop(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    found = Server(*request.param)
    yield found
    found.stop()


@pytest.mark.parametrize("server", [(503, 429, 200)], indirect=True)
def test_a_webhook_is_tried_again(server: Server) -> None:
    waited: list[float] = []
    assert post(server.url, alarm_data("hotel", [alarm()]), waited.append) == ""
    assert waited == [1.0, 2.0]
    assert server.bodies[0] == server.bodies[2]
    assert server.bodies[0]["alarms"][0] == {
        "number": 3, "at": "2023-11-14T22:13:20+00:00", "run": "run-1", "signal": "answer.label", "statistic": 0.25,
        "p_value": 1e-9, "old": 0.5, "new": 0.75, "class": "good",
    }  # fmt: skip


@pytest.mark.parametrize("server", [(404, 200)], indirect=True)
def test_what_is_refused_for_good_is_not_tried_again(server: Server) -> None:
    assert post(server.url, {}, lambda _: None) == "HTTP 404"
    assert len(server.bodies) == 1


def test_nobody_there_is_told() -> None:
    server = Server()
    server.stop()
    assert "refused" in post(server.url, {}, lambda _: None)


def test_nothing_of_the_texts_is_sent() -> None:
    data = alarm_data("hotel", [alarm("input.language", where="zh"), alarm("input.mmd", old=float("nan"))])
    assert [item["class"] for item in data["alarms"]] == ["", ""]
    assert data["alarms"][1]["old"] is None


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "https://", "hook"])
def test_addresses_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(PlanError) as error:
        check_webhook(url)
    assert error.value.code == "watch.webhook"
    check_webhook("")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_letter_is_read_by_mail_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    path = mail(tmp_path / "new" / "alarm.eml", "ops@example.org", "books/hotel", [alarm(), alarm("input.mmd")])
    assert path.name == "alarm-0003.eml"
    letter = message_from_bytes(path.read_bytes(), policy=default)
    assert letter["To"] == "ops@example.org"
    assert "hotel" in letter["Subject"]
    assert "answer.label, input.mmd" in letter["Subject"]
    body = letter.get_content()
    assert "good" in body
    assert "tunebook retrain books/hotel" in body


def test_alarms_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    assert "the share of good went from 50.0% to 75.0%" in sentence(alarm())
    assert "went from 50.0% to 75.0%" in sentence(alarm("input.cut"))
    assert "went from 0.5 to 0.75" in sentence(alarm("input.tokens", kind="ks"))
    assert "statistic 0.25" in sentence(alarm("input.mmd", kind="mmd", old=float("nan")))

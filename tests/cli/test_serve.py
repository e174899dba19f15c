"""tunebook serve: what it prints once it is ready, and when it has stopped."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tunebook.core.messages import LANGUAGES
from tunebook.serve import server, workers

VERSIONS = [
    {"version": "run-a", "live": True, "gives": ["predict"]},
    {"version": "run-b", "live": False, "gives": ["predict"]},
]


@pytest.fixture
def asked(monkeypatch):
    found = []

    def run(what, listen, how, ready):
        found.append((what, listen, how, 1))
        ready("http://127.0.0.1:8080", VERSIONS)
        return {"requests": 3, "seconds": 1.0}

    def run_many(what, listen, how, count, ready):
        found.append((what, listen, how, count))
        ready("http://127.0.0.1:8080", VERSIONS[:1])
        return {"requests": 4, "seconds": 1.0}

    monkeypatch.setattr(server, "run", run)
    monkeypatch.setattr(workers, "run_many", run_many)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_the_server_is_and_when_it_has_stopped(asked, tunebook, monkeypatch, language):
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    done = tunebook("serve", "book", "--port", "0", "--prefix", "/nlp", "--threads", "2")
    assert done.code == 0
    assert "http://127.0.0.1:8080" in done.out and "run-a" in done.out and "run-b" in done.out
    assert ("Requests: 3" in done.out) == (language == "en")
    [(what, listen, how, _)] = asked
    assert (str(what), listen.port, how.prefix, how.threads, how.progress) == ("book", 0, "/nlp", 2, True)


def test_machines_get_one_line_when_it_is_ready(asked, tunebook, monkeypatch):
    monkeypatch.setattr(sys, "__stdout__", out := io.StringIO())
    assert tunebook("serve", "book", "--workers", "2", "--json").code == 0
    said = out.getvalue().strip().splitlines()
    assert [json.loads(line) for line in said] == [{"url": "http://127.0.0.1:8080", "versions": VERSIONS[:1]}]
    assert asked[0][3] == 2

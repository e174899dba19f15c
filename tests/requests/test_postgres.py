"""The request log in PostgreSQL: what is its own."""

from __future__ import annotations

import sys

import pytest
from tests.requests.conftest import fresh
from tests.requests.rows import row

from tunebook.core.errors import BookError, MachineError
from tunebook.requests.log import open_log
from tunebook.requests.postgres import PostgresLog


def test_a_database_that_goes_away_and_comes_back(server):
    log = open_log(fresh(server))
    log.append([row(1)])
    server.stop()
    try:
        for call in (log.answered, lambda: log.append([row(2)])):
            with pytest.raises(MachineError) as caught:
                call()
            assert caught.value.code == "requests.away"
    finally:
        server.start()
    log.append([row(3)])
    assert log.answered()["request"].to_pylist() == ["r1", "r3"]
    log.close()


def test_two_books_in_one_database(server):
    logs = [open_log(fresh(server)) for _ in range(2)]
    logs[0].append([row(1)])
    assert [log.answered().num_rows for log in logs] == [1, 0]
    logs[0].close()


def test_a_password_is_never_shown(server):
    address = f"postgresql://tester:s3cret@127.0.0.1:{server.port}/none"
    log = open_log(address)
    with pytest.raises(MachineError) as caught:
        log.append([row(1)])
    assert "s3cret" not in str(caught.value) + log.name and "none" in str(caught.value)
    with pytest.raises(BookError) as caught:
        PostgresLog("postgresql://tester:s3cret@[::1")
    assert caught.value.code == "requests.url" and "s3cret" not in str(caught.value)


def test_a_right_that_is_missing_is_told(server):
    import psycopg

    address = fresh(server)
    log = open_log(address)
    log.append([row(1)])
    with psycopg.connect(server.url, autocommit=True) as db:
        db.execute("CREATE ROLE weak LOGIN")
    with pytest.raises(MachineError) as caught:
        open_log(address.replace("tester", "weak")).append([row(2)])
    assert caught.value.code == "requests.unwritable"
    log.close()


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MachineError) as caught:
        open_log("postgres://host/db")
    assert caught.value.code == "machine.extra" and "postgres" in str(caught.value)

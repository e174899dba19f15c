"""The request log in SQLite and in PostgreSQL: what goes in comes out, and nothing goes away."""

from __future__ import annotations

import json
import math
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pytest
from tests.requests.rows import row

from tunebook.core.errors import BookError, MachineError
from tunebook.requests.columns import COLUMNS
from tunebook.requests.log import LOG_FILE, open_log
from tunebook.requests.record import Answered, Feedback
from tunebook.requests.sql import names, select
from tunebook.requests.sqlite import SqliteLog, _journal


@pytest.fixture
def log(place):
    made = open_log(place)
    yield made
    made.close()


def test_a_column_is_an_attribute():
    assert list(COLUMNS) == [item.name for item in fields(Answered)]


def test_what_goes_in_comes_out(log):
    scores = np.array([0.25, 0.75], np.float32).tobytes()
    whole = row(1, cut=True, scores=scores, sketch=b"\0\1", text="好 \U0001f600", answer={"label": "a\0", "é": [1]})
    log.append([row(2, score=math.nan, text="half \ud800 and \0"), whole])
    found = log.answered()
    first, second = found.to_pylist()
    assert found.column_names == list(COLUMNS) and found.schema.field("at").type == pa.float64()
    assert {**first, "answer": json.loads(first["answer"])} == vars(whole)
    assert math.isnan(second["score"]) and second["text"] == "half ? and \ufffd" and second["answer"] is None


def test_names_of_columns_are_quoted_and_values_are_not_in_the_statement():
    said, values = select(["at", "text"], 1.0, 2.0, {"label": "x'; DROP"}, "?")
    assert names(["at", "text"]) == '"at", "text"' and "DROP" not in said and values == [1.0, 2.0, "x'; DROP"]


def test_a_window_and_equal_columns(log):
    log.append([row(n, version=f"v{n % 2}", role="shadow" if n % 3 else "challenger", stage=n % 4) for n in range(40)])
    log.append([row(5, request="late")])
    found = log.answered(3.0, 9.0, columns=["request", "at"])
    assert found["request"].to_pylist() == ["r3", "r4", "r5", "late", "r6", "r7", "r8"]
    one = log.answered(10, version="v1", role="challenger", stage=1)
    assert one["at"].to_pylist() == [at for at in range(10, 40) if at % 2 and at % 3 == 0 and at % 4 == 1]
    assert log.answered(version="none").num_rows == 0 and log.answered(100).column_names == list(COLUMNS)
    with pytest.raises(ValueError, match="strange"):
        log.answered(strange=1)
    with pytest.raises(ValueError, match="other"):
        log.answered(columns=["other"])


def test_the_last_value_of_a_text_counts(log):
    log.append([row(1), row(2)])
    told = [
        Feedback("r1", 0, 5.0, "label", "bad"),
        Feedback("r1", 0, 7.0, "label", "good"),
        Feedback("r1", 0, 6.0, "label", "worse"),
        Feedback("r2", 0, 7.0, "label", 5.0),
        Feedback("r2", 0, 8.0, "label", 2.5),
        Feedback("r2", 0, 8.0, "bought", 1),
        Feedback("r9", 0, 8.5, "bought", 0),
    ]
    assert log.tell(told) == 1  # r9 is not known
    assert log.feedback("label").to_pylist() == [
        {"request": "r1", "number": 0, "at": 7.0, "value": "good"},
        {"request": "r2", "number": 0, "at": 8.0, "value": "2.5"},
    ]
    assert log.feedback("label", until=7.0)["value"].to_pylist() == ["worse"]
    assert log.feedback("bought")["value"].to_pylist() == [1.0, 0.0]
    log.tell([Feedback("r2", 0, 9.0, "bought", "yes"), Feedback("r1", 0, 9.0, "bought", 3)])
    assert log.feedback("bought")["value"].to_pylist() == ["0", "yes", "3"]
    log.tell([Feedback("r1", 0, 9.0, "rated", math.nan), Feedback("r1", 0, 9.0, "label", math.nan)])
    assert math.isnan(log.feedback("rated")["value"][0].as_py()) and log.feedback("label")["value"][1].as_py() == "nan"
    log.append([])
    assert log.feedback("none").schema.field("value").type == pa.float64()
    assert log.names() == ["bought", "label", "rated"]


def test_a_batch_is_kept_once(log):
    for _ in range(2):
        log.append([row(1), row(2)], "b1")
        log.tell([Feedback("r1", 0, 1.0, "label", "a")], "b2")
    log.append([row(3)], "b3")
    assert log.answered()["request"].to_pylist() == ["r1", "r2", "r3"]


def test_a_batch_that_fails_leaves_nothing(log):
    with pytest.raises(Exception, match=r"requests\.refused"):
        log.append([row(1), 5], "b1")  # type: ignore[list-item]
    log.append([row(1)], "b1")
    assert log.answered()["request"].to_pylist() == ["r1"]


def test_threads_write_and_read_at_once(log):
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(log.append, [row(n * 10 + i) for i in range(10)]) for n in range(20)]
        looks = [pool.submit(lambda: log.answered(columns=["at"]).num_rows) for _ in range(10)]
        assert all(job.result() is None for job in jobs) and all(look.result() % 10 == 0 for look in looks)
    assert sorted(log.answered()["at"].to_pylist()) == list(range(200))


@pytest.mark.parametrize("statement", ["UPDATE {} SET at = 0", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["answered", "feedback"])
def test_nothing_is_changed_or_removed(log, place, statement, table):
    log.append([row(1)])
    log.tell([Feedback("r1", 0, 5.0, "label", "bad")])
    if place.startswith("postgres"):
        import psycopg

        with psycopg.connect(place) as db, pytest.raises(psycopg.Error, match="only appended to"):
            db.execute(statement.format(table))
    else:
        with sqlite3.connect(place) as db, pytest.raises(sqlite3.Error, match="only appended to"):
            db.execute(statement.format(table))
        with pytest.raises(sqlite3.Error, match="only appended to"):
            db.execute(f"INSERT OR REPLACE INTO {table} (seq, at) VALUES (1, 0.0)")
        db.close()


def test_no_log_yet(place):
    log = open_log(place)
    assert log.answered().num_rows == 0 and log.feedback("label").num_rows == 0 and log.names() == []
    log.close()


def test_a_newer_log_is_not_touched(place):
    log = open_log(place)
    log.append([row(1)])
    log.close()
    if place.startswith("postgres"):
        import psycopg

        with psycopg.connect(place) as db:
            db.execute("UPDATE tunebook_schema SET version = 99")
    else:
        db = sqlite3.connect(place)
        db.execute("PRAGMA user_version = 99")
        db.close()
    again = open_log(place)
    for call in (again.answered, lambda: again.append([row(2)])):
        with pytest.raises(BookError) as caught:
            call()
        assert caught.value.code == "requests.newer" and "99" in str(caught.value)


def test_the_folder_of_a_book_has_its_log(tmp_path):
    log = open_log(tmp_path)
    log.append([row(1)])
    assert log.name == str(tmp_path / LOG_FILE)
    assert stat.S_IMODE((tmp_path / LOG_FILE).stat().st_mode) == 0o600
    log.close()


def test_a_reader_does_not_wait_for_the_writer(tmp_path):
    log = open_log(tmp_path)
    log.append([row(1)])
    other = sqlite3.connect(tmp_path / LOG_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert log.answered().num_rows == 1
    other.execute("ROLLBACK")
    other.close()
    assert sqlite3.connect(tmp_path / LOG_FILE).execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert log._writing is not None and log._writing.execute("PRAGMA synchronous").fetchone() == (2,)
    log.close()


def test_a_full_disk_is_told_and_over_when_there_is_room(tmp_path):
    log = open_log(tmp_path)
    log.append([row(1)])
    log._writing.execute("PRAGMA max_page_count = 1")
    with pytest.raises(MachineError) as caught:
        log.append([row(n, text="x" * 4000) for n in range(50)])
    assert caught.value.code == "requests.unwritable" and "full" in str(caught.value)
    log.append([row(2)])  # by a connection of its own
    assert log.answered()["request"].to_pylist() == ["r1", "r2"]
    log.close()


def test_the_journal_waits_for_another_process_at_the_same(monkeypatch):
    class Busy:
        calls = 0

        def execute(self, statement):
            self.calls += 1
            if self.calls < 3:
                raise sqlite3.OperationalError("database is locked")

    busy = Busy()
    _journal(busy)  # type: ignore[arg-type]
    assert busy.calls == 4  # the third did it, then the sync
    monkeypatch.setattr("tunebook.requests.sqlite.WAIT", -1.0)
    with pytest.raises(sqlite3.OperationalError):
        _journal(Busy())  # type: ignore[arg-type]


def test_a_log_without_tables_is_an_empty_one(tmp_path):
    db = sqlite3.connect(tmp_path / LOG_FILE)
    db.execute("CREATE TABLE other (x)")
    db.close()
    assert SqliteLog(tmp_path / LOG_FILE).answered().num_rows == 0


def test_what_is_no_database_is_told(tmp_path):
    path = tmp_path / "x.sqlite"
    path.write_text("no database, but long enough to be taken for one " * 100)
    log = open_log(path)
    for call in (log.answered, lambda: log.append([row(1)])):
        with pytest.raises(BookError) as caught:
            call()
        assert caught.value.code == "requests.damaged"


def test_a_folder_that_takes_no_files_is_told():
    with pytest.raises(MachineError) as caught:
        open_log("/proc/none/x.sqlite").append([row(1)])
    assert caught.value.code == "requests.unwritable"
    with pytest.raises(MachineError) as caught:
        open_log("/proc/x.sqlite").append([row(1)])
    assert caught.value.code == "requests.unwritable"


def test_a_file_that_was_taken_away_is_made_anew(tmp_path):
    log = open_log(tmp_path)
    log.append([row(1)])
    (tmp_path / LOG_FILE).rename(tmp_path / "old.sqlite")
    for end in ("-wal", "-shm"):
        (tmp_path / f"{LOG_FILE}{end}").rename(tmp_path / f"old.sqlite{end}")
    log.append([row(2)])
    assert log.answered()["request"].to_pylist() == ["r2"]
    assert open_log(tmp_path / "old.sqlite").answered()["request"].to_pylist() == ["r1"]
    log.close()


def test_several_processes_write_one_log(tmp_path):
    code = (
        "import sys; from tests.requests.rows import row; from tunebook.requests.log import open_log\n"
        "log = open_log(sys.argv[1])\n"
        "for n in range(20): log.append([row(n, request=f'{sys.argv[2]}-{n}')])\n"
        "log.close()"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(3)]
    assert [other.wait(60) for other in others] == [0, 0, 0]
    assert len(set(open_log(tmp_path).answered()["request"].to_pylist())) == 60

import sqlite3

import pytest

from tunebook.core.errors import BookError, MachineError
from tunebook.knowledge import database as module
from tunebook.knowledge.database import database, keep_private


def opened(path, write=True):
    return database(path, damaged="log.damaged", write=write)


def test_what_was_not_committed_is_rolled_back(tmp_path):
    path = tmp_path / "a b%.sqlite"  # a name that an address must quote
    with opened(path) as db:
        db.execute("CREATE TABLE t (a)")
        db.execute("BEGIN")
        db.execute("INSERT INTO t VALUES (1)")
    with opened(path, write=False) as db:
        assert db.execute("SELECT count(*) FROM t").fetchone() == (0,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert db.execute("PRAGMA synchronous").fetchone() == (3,)
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_of_the_caller_passes_and_rolls_back(tmp_path):
    path = tmp_path / "a.sqlite"
    with opened(path) as db:
        db.execute("CREATE TABLE t (a)")
    with pytest.raises(ZeroDivisionError), opened(path) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError
    with opened(path) as db:
        assert db.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_a_database_that_stays_locked(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WAIT", 0.02)
    path = tmp_path / "a.sqlite"
    with opened(path) as first:
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(BookError) as caught, opened(path) as second:
            second.execute("BEGIN IMMEDIATE")
    assert caught.value.code == "log.locked"


@pytest.mark.parametrize("data", [b"no database at all, but long enough to be read as one" * 20, b"x"])
def test_a_file_that_is_no_database(tmp_path, data):
    path = tmp_path / "a.sqlite"
    path.write_bytes(data)
    with pytest.raises(BookError) as caught, opened(path) as db:
        db.execute("SELECT * FROM entries")
    assert caught.value.code == "log.damaged"


@pytest.mark.parametrize("write", [True, False])
def test_a_place_where_nothing_can_be(tmp_path, write):
    with pytest.raises(MachineError) as caught, opened(tmp_path / "none" / "a.sqlite", write=write):
        pass
    assert caught.value.code == "log.unwritable"


def test_a_full_disk(tmp_path):
    path = tmp_path / "a.sqlite"
    with opened(path) as db:
        db.execute("CREATE TABLE t (a)")
    with pytest.raises(MachineError) as caught, opened(path) as db:
        db.execute("PRAGMA max_page_count = 3")
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO t VALUES (zeroblob(100000))")
    assert (caught.value.code, "full" in str(caught.value)) == ("log.unwritable", True)


def test_spoilt_texts_are_read(tmp_path):
    with opened(tmp_path / "a.sqlite") as db:
        assert db.execute("SELECT CAST(x'61ff' AS TEXT)").fetchone() == ("a\ufffd",)


def test_errors_that_do_not_come_from_sqlite(tmp_path):
    with pytest.raises(BookError), opened(tmp_path / "a.sqlite"):
        raise sqlite3.ProgrammingError("odd")


def test_a_private_database_is_for_the_user_alone(tmp_path):
    path = tmp_path / "own.sqlite"
    keep_private(path)
    with database(path, damaged="index.damaged", write=True) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE kept (word TEXT)")
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("own.sqlite", "own.sqlite-wal", "own.sqlite-shm"), 0o600)
    path.chmod(0o644)  # as an older version has made it
    keep_private(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with database(path, damaged="index.damaged") as db:
        assert db.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_private_database_where_nothing_can_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError) as caught:
        keep_private(tmp_path / "file" / "own.sqlite")
    assert caught.value.code == "log.unwritable"

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest

from tunebook.core.errors import BookError, MachineError
from tunebook.core.localized import localized
from tunebook.core.messages import say
from tunebook.knowledge import database
from tunebook.knowledge import log as module
from tunebook.knowledge.chain import Head, read_head, write_head
from tunebook.knowledge.log import Change, ChangeLog


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "en")


@pytest.fixture
def log(tmp_path):
    return ChangeLog(tmp_path / "log.sqlite")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    log = ChangeLog(tmp_path_factory.mktemp("written") / "log.sqlite")
    log.append("table", table=1, actor="Ada", reason="first")
    log.crown(Change(action="init", table=1, actor="Ada"), None)
    log.append("table", table=2, evidence={"changed": [{"row": "learning_rate", "from": 1e-5, "to": 2e-5}]})
    log.append("test", table=2, reason="两个点", evidence={"gain": float("nan"), "where": log.path})
    log.crown(Change(action="promote", table=2, forced=True, reason="agreed"), 1)
    return log


@pytest.fixture
def five(written, log):
    """A log of five entries; v2 is the champion."""
    for path in (written.path, written.head_path):
        shutil.copy(path, log.path.parent)
    return log


def refused(kind, code, call, *args, **words):
    with pytest.raises(kind) as caught:
        call(*args, **words)
    assert caught.value.code == code
    return str(caught.value)


def tamper(log, *statements):
    """Change the file past the triggers, as a forger would."""
    with sqlite3.connect(log.path) as db:
        db.execute("PRAGMA synchronous = OFF")
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
    db.close()


def test_an_empty_log(log):
    assert (log.entries(), log.champion, log.versions()) == ([], None, set())
    assert log.verify().ok
    assert not log.path.exists()
    log.path.touch()  # what a kill may leave before the first entry
    assert (log.entries(), log.champion, log.verify().ok) == ([], None, True)


def test_entries_come_back_as_they_were_written(five):
    entries = five.entries()
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.action for entry in entries] == ["table", "init", "table", "test", "promote"]
    assert entries[0].actor == "Ada"
    assert entries[2].actor == module.user()
    assert entries[3].reason == "两个点"
    assert entries[3].evidence["where"].endswith("log.sqlite")
    assert entries[4].forced and not entries[3].forced
    assert all(one.hash == two.previous for one, two in pairwise(entries))
    assert (five.champion, five.versions()) == (2, {1, 2})
    assert five.verify().model_dump() == {"entries": 5, "head": entries[-1].hash, "faults": []}
    assert read_head(five.head_path) == Head(count=5, hash=entries[-1].hash)
    assert {path.name for path in five.path.parent.iterdir()} == {"log.sqlite", "log.head"}


def test_only_the_newest_or_only_some_actions(five):
    every = five.entries()
    assert five.entries(last=2) == every[-2:] and five.entries(last=99) == every
    assert five.entries("init", "test") == [entry for entry in every if entry.action in ("init", "test")]
    assert five.entries("test", last=1) == [entry for entry in every if entry.action == "test"][-1:]


def test_figures_of_the_test_behind_an_entry(five):
    assert five.entries()[3].figures["gain"] != 0
    assert five.entries()[0].figures == {}
    entry = five.append("test", evidence={"verdict": {"gain": 1}})
    assert entry.figures == {"gain": 1}


def test_a_champion_is_named_by_crown_alone(log):
    with pytest.raises(ValueError, match="crown"):
        log.append("promote", table=1)
    with pytest.raises(ValueError, match="append"):
        log.crown(Change(action="test", table=1), None)


def test_compare_and_swap(five):
    told = refused(BookError, "log.moved", five.crown, Change(action="promote", table=1), 1)
    assert "v2, not v1" in told and "entry 5" in told
    assert "not –" in refused(BookError, "log.moved", five.crown, Change(action="promote", table=1), None)
    assert (five.champion, len(five.entries())) == (2, 5)
    empty = ChangeLog(five.path.parent / "other.sqlite")
    assert "is –, not v3" in refused(BookError, "log.moved", empty.crown, Change(action="promote", table=1), 3)
    assert (empty.champion, empty.entries(), empty.verify().ok) == (None, [], True)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE entries SET reason = 'x'", "DELETE FROM entries", "INSERT OR REPLACE INTO entries SELECT * FROM entries",
     "INSERT INTO entries VALUES (-1, '', '', 'table', '', 1, '{}', 0, '', '')"],
)  # fmt: skip
def test_the_table_itself_refuses_changes(five, statement):
    with sqlite3.connect(five.path) as db, pytest.raises(sqlite3.IntegrityError, match="only appended"):
        db.execute(statement)
    db.close()
    assert five.verify().ok


COLUMNS = {
    "time": "'2001'", "actor": "'Eve'", "action": "'search'", "reason": "'x'", "version": "9", "evidence": "'{}x'",
    "forced": "1 - forced", "previous": "'x'", "hash": "'x'", "number": "90",
}  # fmt: skip


@pytest.mark.parametrize("number", [1, 3, 5])
@pytest.mark.parametrize("column", COLUMNS)
def test_an_edited_entry_is_found(five, number, column):
    tamper(five, f"UPDATE entries SET {column} = {COLUMNS[column]} WHERE number = {number}")
    found = five.verify()
    assert not found.ok
    assert number in found.broken


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_removed_entry_is_found_for_ever(five, number):
    tamper(five, f"DELETE FROM entries WHERE number = {number}")
    assert five.verify().broken == [number]
    assert five.append("search").number == 6
    assert five.verify().broken == [number]


def test_a_lost_database_is_found_for_ever(five):
    five.path.unlink()
    assert five.verify().broken == [1, 2, 3, 4, 5]
    assert five.champion is None
    assert five.crown(Change(action="promote", table=2), None).number == 6
    assert five.verify().broken == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_text("{")])
def test_a_lost_head_is_found_for_ever(five, spoil):
    spoil(five.head_path)
    assert five.verify().broken == [6]
    five.append("search")
    assert five.verify().broken == [6]


def test_an_end_that_was_replaced(five):
    row = sqlite3.connect(five.path).execute("SELECT * FROM entries WHERE number = 5").fetchone()
    content = (*row[:4], "forged", *row[5:9])
    tamper(five, f"UPDATE entries SET reason = 'forged', hash = '{module.digest(content)}' WHERE number = 5")
    assert five.champion == 2  # it agrees with itself, but not with the head
    assert five.verify().broken == [5]
    five.append("search")
    assert five.verify().broken == [5]


def test_a_champion_that_was_edited_is_not_believed(five):
    tamper(five, "UPDATE entries SET version = 1 WHERE number = 5")
    assert "entry 5" in refused(BookError, "log.edited", lambda: five.champion).lower()
    refused(BookError, "log.edited", five.crown, Change(action="promote", table=1), 1)


def test_entries_that_cannot_be_read(five):
    tamper(five, "UPDATE entries SET evidence = '{' WHERE number = 3")
    refused(BookError, "log.edited", five.entries)
    assert five.verify().broken == [3]


def test_bytes_in_place_of_a_text(five):
    tamper(five, "UPDATE entries SET reason = CAST(x'ff' AS TEXT) WHERE number = 3")
    assert five.verify().broken == [3]


def test_a_file_that_is_no_log(log):
    log.path.write_bytes(b"x" * 5000)
    for call in (log.entries, log.verify, lambda: log.champion, lambda: log.append("search")):
        assert "log.head" in refused(BookError, "log.damaged", call)


def test_a_clock_that_goes_back(five, monkeypatch):
    later = five.entries()[-1].time
    monkeypatch.setattr(module, "_now", lambda: "2001-01-01T00:00:00.000+00:00")
    entry = five.append("search", evidence={"a": 1})
    assert entry.evidence == {"a": 1, "time_went_back": later}
    assert (entry.number, entry.time[:4]) == (6, "2001")
    assert five.verify().ok
    assert five.entries()[-1] == entry


def test_words_that_no_file_can_hold(log):
    entry = log.append("search", actor="a\udcff", reason="b\udcff", evidence={"c": "\udcff"})
    assert (entry.actor, entry.reason) == ("a?", "b?")
    assert log.verify().ok


def test_a_user_without_a_name(log, monkeypatch):
    def nobody():
        raise KeyError("uid")

    monkeypatch.setattr(module, "getuser", nobody)
    assert log.append("search").actor == ""


def test_a_copy_is_valid(five, tmp_path):
    shutil.copytree(five.path.parent, tmp_path / "copy")
    copied = ChangeLog(tmp_path / "copy" / "log.sqlite")
    assert copied.verify().ok
    copied.append("search")
    assert (copied.verify().ok, len(copied.entries()), len(five.entries())) == (True, 6, 5)


def test_a_locked_log(five, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0.05)
    with sqlite3.connect(five.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        refused(BookError, "log.locked", five.append, "search")
        assert len(five.entries()) == 5  # readers go on
        other.execute("ROLLBACK")
        other.execute("BEGIN EXCLUSIVE")
        refused(BookError, "log.locked", five.entries)
    other.close()


def test_a_full_disk_while_logging(five, monkeypatch):
    before = five.path.read_bytes()
    size = f"PRAGMA max_page_count = {len(before) // 4096}"
    monkeypatch.setattr(module, "_SCHEMA", (size,))
    told = refused(MachineError, "log.unwritable", five.append, "search", reason="x" * 100_000)
    assert "full" in told and "Nothing was changed" in told
    monkeypatch.undo()
    assert five.path.read_bytes() == before
    assert (five.verify().ok, len(five.entries())) == (True, 5)


def test_a_full_disk_before_the_first_entry(log, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space" in refused(MachineError, "log.unwritable", log.append, "search")
    monkeypatch.undo()
    assert (log.entries(), log.verify().ok) == ([], True)


LIMITED = """
import resource, sys
from pathlib import Path
from tunebook.core.errors import MachineError
from tunebook.knowledge.log import Change, ChangeLog
log = ChangeLog(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    log.crown(Change(action="promote", table=7, reason="x" * 60000), 2)
except MachineError as error:
    print(error.code)
"""


@pytest.mark.parametrize("room", [0, 4096, 20_000])
def test_a_disk_that_takes_no_more_bytes(five, room):
    """Writes of another process fail half-way for real: of the journal, or of the database."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, five.path, str(five.path.stat().st_size - 4096 + room if room else 0)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == "log.unwritable", done.stderr
    assert (five.champion, five.verify().ok, len(five.entries())) == (2, True, 5)
    assert five.append("search").number == 6


def test_a_kill_between_entry_and_head(five, monkeypatch):
    def killed(*_):
        raise OSError

    monkeypatch.setattr(module, "write_head", killed)
    five.append("search")
    monkeypatch.undo()
    assert read_head(five.head_path).count == 5
    assert five.verify().ok
    five.append("search")
    assert (five.verify().ok, read_head(five.head_path).count) == (True, 7)


def test_the_head_is_never_ahead(five):
    write_head(five.head_path, Head(count=4, hash=five.entries()[3].hash))
    assert five.verify().ok


HALF = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
for number in range(6, 400):
    db.execute("INSERT INTO entries SELECT ?, time, actor, action, ?, 9, evidence, 0, previous, hash FROM entries "
               "WHERE number = 5", (number, "x" * 2000))
os._exit(9)
"""


def test_a_kill_in_the_middle_of_a_transaction(five):
    size = five.path.stat().st_size
    subprocess.run([sys.executable, "-c", HALF, five.path], timeout=60)
    assert five.path.stat().st_size > size  # half of it had reached the file
    assert (five.path.parent / "log.sqlite-journal").exists()
    assert (five.champion, len(five.entries()), five.verify().ok) == (2, 5, True)
    assert five.append("search").number == 6


READER = """
import os, sys
from pathlib import Path
from tunebook.core.errors import MachineError
from tunebook.knowledge.log import ChangeLog
log = ChangeLog(Path(sys.argv[1]))
if os.getuid() == 0:
    os.setuid(65534)  # root may write everywhere
print(log.champion, len(log.entries()), log.verify().ok)
try:
    log.append("search", actor="nobody")
except MachineError as error:
    print(error.code)
"""


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_read_only_book_can_be_read(five):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "book"
        shutil.copytree(five.path.parent, folder)
        for path, mode in ((Path(name), 0o755), *((path, 0o444) for path in folder.iterdir()), (folder, 0o555)):
            path.chmod(mode)
        command = [sys.executable, "-c", READER, folder / "log.sqlite"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        folder.chmod(0o755)
    assert done.stdout.split() == ["2", "5", "True", "log.unwritable"], done.stderr


WRITER = """
import sys
from pathlib import Path
from tunebook.knowledge.log import ChangeLog
log = ChangeLog(Path(sys.argv[1]))
for number in range(8):
    log.append("search", reason=sys.argv[2])
"""


def test_two_processes_write_one_chain(log):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, log.path, name]) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    entries = log.entries()
    assert [entry.number for entry in entries] == list(range(1, 17))
    assert sorted(entry.reason for entry in entries) == ["a"] * 8 + ["b"] * 8
    assert log.verify().ok
    assert read_head(log.head_path).count == 16


def test_an_entry_is_json(five):
    assert json.loads(five.entries()[0].model_dump_json())["action"] == "table"


def test_what_tunebook_says_itself_is_read_in_the_readers_language(log, monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    log.append("search", reason=localized("search.logged"))
    log.append("search", reason="a reason of the owner")
    english = [entry.reason for entry in log.entries()]
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    chinese = log.entries()
    assert [entry.reason for entry in chinese] == [say("search.logged"), "a reason of the owner"]
    assert english[0] != chinese[0].reason and "said" not in chinese[0].evidence
    assert log.verify().ok
    with sqlite3.connect(log.path) as db:  # whoever opens the database reads a sentence
        assert db.execute("SELECT reason FROM entries WHERE number = 1").fetchone() == (english[0],)
    db.close()


def test_an_entry_follows_the_last_of_its_action_or_is_refused(five):
    change = Change(action="rollout", evidence={"event": "start"})
    with pytest.raises(ValueError, match="crown"):
        five.follow(Change(action="promote", table=1), 5)
    first = five.follow(change, 0)
    five.append("search")  # of another action: in nobody's way
    assert five.follow(change, first.number).number == first.number + 2
    count = len(five.entries())
    assert f"entry {count}" in refused(BookError, "log.followed", five.follow, change, first.number)
    refused(BookError, "log.followed", five.follow, change, 0)
    assert len(five.entries()) == count

"""What was acknowledged is there: after a kill, with two writers, and where somebody has edited the file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tunebook.core.errors import BookError, MachineError
from tunebook.rating.store import Given, RatingStore

WRITER = """
import sys
from pathlib import Path
from tunebook.rating.store import Given, RatingStore
store = RatingStore(Path(sys.argv[1]))
for number in range(10_000):
    store.give([Given(rater=sys.argv[2], item=f"i{number}", question="q", value="1")], f"t{number}")
    print(f"i{number}", flush=True)
"""


def said(item="i", value="1", **more):
    return Given(**{"rater": "ann", "item": item, "question": "q", "value": value, **more})


def test_the_last_word_counts_and_all_are_kept(tmp_path):
    store = RatingStore(tmp_path)
    assert store.current() == [] and store.verify().ok
    assert store.give([said(), said("j")]).fresh == 2
    assert store.give([said(value="2")]).changed == 1
    assert store.give([said(value="2")]).same == 1
    assert store.give([]).fresh == 0
    first, second = store.current()
    assert (first.item, first.value, first.before, second.before) == ("i", "2", ["1"], [])
    assert [one.value for one in store.history()] == ["1", "1", "2"]
    assert store.verify().ok and store.verify().entries == 3
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_form_that_is_sent_twice_is_written_once_whatever_was_said_since(tmp_path):
    store = RatingStore(tmp_path)
    store.give([said(value="1")], "form 1")
    store.give([said(value="2")], "form 2")
    assert store.give([said(value="1")], "form 1").same == 1
    assert store.current()[0].value == "2"


def test_a_word_that_is_taken_back_is_gone_and_can_be_said_again(tmp_path):
    store = RatingStore(tmp_path)
    store.give([said()])
    store.give([said(value="")])
    assert store.current() == [] and store.give([said(value="")]).same == 1
    assert store.give([said()]).fresh == 1


@pytest.mark.parametrize("lines", [1, 7])
def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path, lines):
    writer = [sys.executable, "-c", WRITER, str(tmp_path), "ann"]
    with subprocess.Popen(writer, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().decode().strip() for _ in range(lines)]
        process.kill()
        told += [line.decode().strip() for line in process.stdout if line.endswith(b"\n")]
    store = RatingStore(tmp_path)
    kept = [one.item for one in store.current()]
    assert set(told) <= set(kept) and len(kept) <= len(told) + 1
    assert store.verify().ok
    assert store.give([said(told[-1])], f"t{told[-1][1:]}").same == 1  # the browser sends its last form again
    assert store.give([said("next")]).fresh == 1 and store.verify().ok


def test_two_at_once_write_one_chain(tmp_path):
    def write(rater):
        for number in range(15):
            RatingStore(tmp_path).give([said(f"i{number}", rater=rater)])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ("ann", "bo")))
    store = RatingStore(tmp_path)
    assert len(store.current()) == 30 and store.verify().ok


def test_two_processes_at_once_write_one_chain_and_a_reader_sees_it_whole(tmp_path):
    store, names = RatingStore(tmp_path), ("ann", "bo")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name], stdout=-1) for name in names]
    told = [0, 0]
    for place in (0, 1, 1, 0, 0, 1):
        assert writers[place].stdout.readline()
        told[place] += 1
        assert store.verify().ok and len(store.current()) >= sum(told)
    for process in writers:
        process.kill()
        process.communicate()
    assert store.verify().ok and all(len(store.said_by(name)) >= 3 for name in names)


def test_a_form_that_comes_twice_at_once_is_written_once(tmp_path):
    RatingStore(tmp_path).give([said("other")])
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda _: RatingStore(tmp_path).give([said()], "form"), range(4)))
    assert sorted(one.fresh for one in kept) == [0, 0, 0, 1]
    assert len(RatingStore(tmp_path).history()) == 2


def test_edits_are_refused_and_found(tmp_path):
    store = RatingStore(tmp_path)
    store.give([said(f"i{number}") for number in range(4)])
    with sqlite3.connect(store.path) as db:
        for statement in ("UPDATE ratings SET value = '2'", "DELETE FROM ratings"):
            with pytest.raises(sqlite3.Error, match="appended"):
                db.execute(statement)
        db.execute("DROP TRIGGER no_update")
        db.execute("UPDATE ratings SET value = '2' WHERE number = 2")
    assert store.verify().broken == [2]


def test_a_cut_off_end_is_found(tmp_path):
    store = RatingStore(tmp_path)
    store.give([said("i"), said("j")])
    with sqlite3.connect(store.path) as db:
        db.execute("DROP TRIGGER no_delete")
        db.execute("DELETE FROM ratings WHERE number = 2")
    assert store.verify().broken == [2]
    store.give([said("k")])
    assert not store.verify().ok


@pytest.mark.parametrize("content", [b"no database", b""])
def test_a_damaged_store_is_told(tmp_path, content):
    store = RatingStore(tmp_path)
    store.give([said()])
    store.path.write_bytes(content)
    with pytest.raises(BookError) as caught:
        store.current()
    assert caught.value.code == "rate.damaged"


def test_a_rating_that_is_none_and_a_file_without_ratings(tmp_path):
    store = RatingStore(tmp_path)
    with sqlite3.connect(store.path) as db:
        db.execute("CREATE TABLE other (a)")
    assert store.current() == []
    store.give([said()])
    with sqlite3.connect(store.path) as db:
        db.execute("DROP TRIGGER no_update")
        db.execute("UPDATE ratings SET role = 'boss'")
    with pytest.raises(BookError) as caught:
        store.current()
    assert caught.value.code == "rate.damaged"


def test_a_place_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError) as caught:
        RatingStore(tmp_path / "file" / "study").give([said()])
    assert caught.value.code == "rate.unwritable"

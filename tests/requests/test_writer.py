"""The thread that writes: nothing that it told as kept goes away, whatever dies."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest
from tests.requests.conftest import fresh
from tests.requests.rows import row

from tunebook.core.errors import DataError, MachineError
from tunebook.requests.log import open_log
from tunebook.requests.record import Feedback
from tunebook.requests.replay import Replay
from tunebook.requests.spool import Batch, Spool, orphans, read
from tunebook.requests.trouble import Trouble
from tunebook.requests.writer import UNKNOWN, Writer


class Shaky:
    """A log that can be made to fail, or to wait."""

    name = "shaky"

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.groups: list[list[str]] = []
        self.told: list[Feedback] = []
        self.keys: set[str] = set()
        self.go = Event()
        self.go.set()

    def append(self, rows, batch=""):
        self.go.wait(10)
        if self.error:
            raise self.error
        if batch not in self.keys:
            self.keys.add(batch)
            self.groups.append([item.request for item in rows])

    def tell(self, rows, batch=""):
        if self.error:
            raise self.error
        self.told += rows
        return 1

    @property
    def all(self):
        return sorted(name for group in self.groups for name in group)


@pytest.fixture
def log():
    return Shaky()


@pytest.fixture
def writer(log, tmp_path):
    made = Writer(log, tmp_path / "spool", most=100, kept=10)
    yield made
    log.go.set()
    made.close()


def until(true):
    for _ in range(500):
        if true():
            return True
        time.sleep(0.01)
    return False


AWAY = MachineError("requests.away", key="x", reason="gone")


def test_what_comes_meanwhile_goes_in_one_transaction(log, writer):
    log.go.clear()
    first = writer.put([row(0)])
    assert until(lambda: not writer._queue)
    futures = [writer.put([row(n)]) for n in range(1, 9)]
    assert not first.done() and writer.state.waiting == 9
    log.go.set()
    assert [future.result(5) for future in (first, *futures)] == [0] * 9
    assert log.groups == [["r0"], [f"r{n}" for n in range(1, 9)]]
    assert until(lambda: writer.state == Trouble(logged=9))


def test_feedback_says_how_many_are_unknown(log, writer):
    assert writer.tell([Feedback("r", 0, 1.0, "label", "a")]).result(5) == 1


def test_a_queue_that_is_full_takes_no_more(log, writer):
    log.go.clear()
    writer.put([row(0)])
    full = writer.put([row(n) for n in range(100)])
    with pytest.raises(MachineError) as caught:
        full.result(0)
    assert caught.value.code == "requests.full"
    assert (writer.state.unlogged, writer.state.lost) == (100, 100)


def test_a_log_that_goes_away_and_comes_back(log, writer, tmp_path):
    log.error = AWAY
    assert writer.put([row(1)]).result(5) == 0
    assert writer.put([row(2)]).result(5) == 0
    assert writer.tell([Feedback("r1", 0, 1.0, "label", "a")]).result(5) == UNKNOWN
    state = writer.state
    assert state.durable and state.error == "requests.away" and state.spooled == 3 and state.unlogged == 0
    assert [len(batch) for path in (tmp_path / "spool").glob("*.spool") for batch in read(path)] == [1, 1, 1]
    log.error = None
    assert until(lambda: writer.state == Trouble(logged=3))
    assert log.all == ["r1", "r2"] and log.told == [Feedback("r1", 0, 1.0, "label", "a")]
    assert until(lambda: list((tmp_path / "spool").iterdir()) == [])
    assert writer.put([row(3)]).result(5) == 0
    assert log.all == ["r1", "r2", "r3"]


def test_neither_log_nor_spool(log, writer, monkeypatch):
    log.error = MachineError("requests.unwritable", key="x", reason="full")

    def full(self, batch):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Spool, "put", full)
        for count in (8, 5):
            with pytest.raises(MachineError) as caught:
                writer.put([row(n) for n in range(count)]).result(5)
            assert caught.value.code == "machine.disk"
        state = writer.state
        assert (state.durable, state.kept, state.unlogged, state.lost) == (False, 8, 13, 5)
        log.error = None
        assert until(lambda: not writer.state.error)
    assert writer.state == Trouble(logged=8, unlogged=13, lost=5) and log.all == [f"r{n}" for n in range(8)]


def test_what_is_in_memory_at_the_end_goes_to_the_spool_or_is_counted(log, tmp_path, monkeypatch):
    log.error = AWAY
    whole = Spool.put

    def full(self, batch):
        if batch.rows[0].request != "r1":
            raise OSError(28, "No space left on device")
        whole(self, batch)

    writer = Writer(log, tmp_path, kept=10)
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "put", lambda self, batch: full(self, replace(batch, rows=(row(2),))))
        assert writer.put([row(1)]).exception(5) and writer.put([row(2)]).exception(5)
        patch.setattr(Spool, "put", full)
        patch.setattr(writer, "_again", 1e18)
        state = writer.close()
    assert (state.spooled, state.lost, state.kept) == (1, 1, 0)
    assert [item.request for path in tmp_path.glob("*.spool") for batch in read(path) for item in batch.rows] == ["r1"]


def test_a_bug_in_the_log_does_not_end_the_thread(log, writer):
    log.error = RuntimeError("odd")
    with pytest.raises(MachineError) as caught:
        writer.put([row(1)]).result(5)
    assert "odd" in str(caught.value)
    log.error = None
    assert until(lambda: log.all == ["r1"])


def refusing(log, monkeypatch):
    """A log that never takes `bad`."""
    append, tell = log.append, log.tell

    def picky(rows, whole, batch):
        if log.error is None and any(row.request == "bad" for row in rows):
            raise DataError("requests.refused", key="x", reason="bad")
        return whole(rows, batch)

    monkeypatch.setattr(log, "append", lambda rows, batch="": picky(rows, append, batch))
    monkeypatch.setattr(log, "tell", lambda rows, batch="": picky(rows, tell, batch))


def test_what_the_log_refuses_for_what_it_is_is_set_aside_at_once(log, writer, tmp_path, monkeypatch):
    """And nothing of those who wrote at the same time."""
    refusing(log, monkeypatch)
    log.go.clear()
    writer.put([row(0)])
    assert until(lambda: not writer._queue)
    first, bad, last = writer.put([row(1)]), writer.put([row(2, request="bad")]), writer.put([row(3)])
    log.go.set()
    assert first.result(5) == last.result(5) == 0
    assert isinstance(bad.exception(5), DataError)
    assert isinstance(writer.tell([Feedback("bad", 0, 1.0, "label", "a")]).exception(5), DataError)
    assert writer.put([row(4)]).result(5) == 0
    assert until(lambda: writer.state == Trouble(logged=4, refused=2)) and log.all == ["r0", "r1", "r3", "r4"]
    kept = list(read(tmp_path / "spool" / "refused.jsonl"))
    assert [len(batch.rows) for batch in kept] == [1, 0] and kept[1].told[0].request == "bad"


def test_what_was_spooled_and_is_refused_stops_nothing_behind_it(log, writer, tmp_path, monkeypatch):
    refusing(log, monkeypatch)
    log.error = AWAY
    writer.put([row(1), row(2, request="bad"), row(3)]).result(5)
    writer.tell([Feedback("bad", 0, 1.0, "label", "a")]).result(5)
    writer.put([row(4)]).result(5)
    log.error = None
    assert until(lambda: writer.state == Trouble(logged=3, refused=2)) and log.all == ["r1", "r3", "r4"]
    assert until(lambda: [path.name for path in (tmp_path / "spool").iterdir()] == ["refused.jsonl"])


def test_what_breaks_again_and_again_is_set_aside(log, writer, tmp_path, monkeypatch):
    monkeypatch.setattr("tunebook.requests.writer._FIRST", 0.01)
    writer._pause = 0.01
    whole = log.append

    def breaking(rows, batch=""):
        if rows[0].request == "bad":
            raise RuntimeError("odd")
        whole(rows, batch)

    log.append = breaking
    assert writer.put([row(1, request="bad")]).exception(5)
    assert until(lambda: writer.state == Trouble(unlogged=1, refused=1))
    assert [len(batch) for batch in read(tmp_path / "spool" / "refused.jsonl")] == [1]


def test_what_is_no_json_either_is_lost_and_counted(log, writer, monkeypatch):
    refusing(log, monkeypatch)
    assert writer.put([row(1, request="bad", answer={"a": object()})]).exception(5)
    assert until(lambda: writer.state == Trouble(refused=1, lost=1))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_feedback_that_no_database_holds(kind, tmp_path, request):
    """A spool of an earlier version may have it."""
    where = tmp_path / "requests.sqlite" if kind == "sqlite" else fresh(request.getfixturevalue("server"))
    log, folder = open_log(where), tmp_path / "spool"
    dead = Spool(folder)
    dead.put(Batch("b1", told=(Feedback("r", 10**30, 1.0, "bought", 1.0),)))
    dead.put(Batch("b2", told=(Feedback("r\0", 0, 1.0, "bought", "\0"), Feedback("r", 3 * 10**9, 1.0, "bought", 1.0))))
    dead.put(Batch("b3", told=(Feedback("r", 0, 1.0, "bought", ["a"]),)))  # type: ignore[arg-type]
    dead.put(Batch("b4", rows=(row(1), row(2, tokens=2**70), row(3, request="\ud83d"))))
    dead.close()
    writer = Writer(log, folder)
    assert until(lambda: writer.state == Trouble(logged=4, refused=3))
    with pytest.raises(DataError):
        writer.tell([Feedback("r", 2**63, 1.0, "bought", 1.0)]).result(5)
    assert writer.tell([Feedback("r1", 0, 1.0, "bought", 1.0), Feedback("\0", 0, 1.0, "a", 1.0)]).result(5) == 1
    writer.close()
    assert log.answered(columns=["request"])["request"].to_pylist() == ["r1", "?"]
    log.close()


def test_a_replay_gives_what_is_not_done_and_begins_again(tmp_path):
    dead, own = Spool(tmp_path), Spool(tmp_path)
    for key in ("b1", "b2"):
        dead.put(Batch(key, (row(1),)))
    dead.close()
    own.put(Batch("b3", (row(3),)))
    replay = Replay(own, tmp_path)
    assert (replay.find(), replay.waiting) == (2, True)
    first = replay.next()
    assert first is not None and replay.done(first).key == "b1"
    replay.again()
    assert [batch.key for batch in iter(replay.next, None)] == ["b2", "b3"]
    assert not replay.waiting and list(tmp_path.iterdir()) == []
    replay.close()


def test_a_closed_writer_takes_nothing(log, tmp_path):
    writer = Writer(log, tmp_path)
    kept = writer.put([row(1)])
    writer.close()
    assert kept.result(0) == 0
    with pytest.raises(MachineError):
        writer.put([row(2)]).result(0)


def test_what_a_dead_process_left_is_taken_over(log, tmp_path):
    dead = Spool(tmp_path)
    dead.put(Batch("b1", (row(1), row(2, scores=b"\0\xff", answer={"label": "好"}))))
    with next(tmp_path.glob("*.spool")).open("ab") as stream:
        stream.write(b'{"key": "b2", "rows": [{"requ')
    assert orphans(tmp_path) == []  # it lives
    dead.close()
    writer = Writer(log, tmp_path)
    assert until(lambda: writer.state == Trouble(logged=2)) and log.all == ["r1", "r2"]
    assert until(lambda: list(tmp_path.iterdir()) == [])
    writer.close()


def test_a_line_that_was_cut_off_does_not_take_the_next_one_with_it(tmp_path):
    spool = Spool(tmp_path)
    spool.put(Batch("b1", (row(1),)))
    spool._stream.write(b'{"key": "b2"')
    spool.put(Batch("b3", (row(3, scores=b"\0\xff", answer={"label": "好"}),)))
    assert list(spool.drain()) == [
        Batch("b1", (row(1),)), Batch("b3", (row(3, scores=b"\0\xff", answer={"label": "好"}),)),
    ]  # fmt: skip


def test_a_replay_that_is_broken_off_begins_again_and_writes_nothing_twice(log, writer):
    log.error = AWAY
    for n in range(3):
        writer.put([row(n)]).result(5)
    calls = 0
    whole = log.append

    def second_fails(rows, batch=""):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise AWAY
        whole(rows, batch)

    log.error, log.append = None, second_fails
    assert until(lambda: writer.state == Trouble(logged=3)) and log.all == ["r0", "r1", "r2"]


def test_a_real_database_that_is_killed_and_comes_back(server, tmp_path):
    log = open_log(fresh(server))
    writer = Writer(log, tmp_path)
    writer.put([row(1)]).result(10)
    server.stop()
    assert writer.put([row(2)]).result(10) == 0 and writer.state.spooled == 1
    server.start()
    assert until(lambda: writer.state == Trouble(logged=2))
    assert log.answered()["request"].to_pylist() == ["r1", "r2"]
    writer.close()
    log.close()


KILLED = """
import os, sys
from threading import Thread
from pathlib import Path
from tests.requests.rows import row
from tunebook.requests.log import open_log
from tunebook.requests.writer import Writer
place, turn = sys.argv[1:]
writer = Writer(open_log(place), Path(place) / "spool")
def ask(thread):
    for n in range(100000):
        name = f"{turn}-{thread}-{n}"
        writer.put([row(n, request=name, sketch=b"x" * 256)]).result()
        os.write(1, f"{name}\\n".encode())
threads = [Thread(target=ask, args=(n,)) for n in range(4)]
for thread in threads: thread.start()
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_told_as_kept(tmp_path):
    draw, told = random.Random(1), []
    for turn in range(4):
        killed = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), str(turn)], stdout=subprocess.PIPE)
        assert killed.stdout is not None
        first = killed.stdout.readline()
        time.sleep(draw.uniform(0.0, 0.15))
        killed.kill()
        told += [line.decode().strip() for line in (first, *killed.stdout) if line.endswith(b"\n")]
        killed.wait()
        killed.stdout.close()
    kept = open_log(tmp_path).answered(columns=["request"])["request"].to_pylist()
    assert len(told) > 8 and set(told) <= set(kept) and len(kept) == len(set(kept))


def test_a_spool_that_takes_only_a_part(tmp_path, monkeypatch):
    spool = Spool(tmp_path)
    spool.put(Batch("b1", (row(1),)))
    whole = spool._stream

    class Short:
        """A file on a disk that is nearly full."""

        def write(self, line):
            return whole.write(line[:9])

        def __getattr__(self, name):
            return getattr(whole, name)

    spool._stream = Short()
    with pytest.raises(OSError, match="part"):
        spool.put(Batch("b2", (row(2),)))
    spool._stream = whole
    assert spool.waiting == 1 and [batch.key for batch in spool.drain()] == ["b1"] and list(spool.drain()) == []


def test_a_spool_whose_owner_has_just_finished(tmp_path):
    (tmp_path / "x.spool").touch()
    lock = tmp_path / "x.spool.lock"
    lock.touch()
    found = orphans(tmp_path)
    assert [item.waiting for item in found] == [0]
    for item in found:
        item.close()
    assert lock.exists() and (tmp_path / "x.spool").exists()


def test_many_threads_put(log, writer):
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda n: writer.put([row(n)]).result(10), range(80))) == 0
    assert len(log.all) == 80

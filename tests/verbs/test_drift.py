"""Drift from the request log and from files: quiet on the same source, raised by another, and told once."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import small
from tests.asked import BEGUN, asked
from tests.books import Trained
from tunebook.core.errors import BookError, DataError, PlanError
from tunebook.data.load import load
from tunebook.requests.log import open_log
from tunebook.requests.record import Feedback
from tunebook.rollout.state import State, write
from tunebook.verbs.drift import Drift, Window, acknowledge, drift
from tunebook.verbs.monitor import Monitored, monitor
from tunebook.verbs.steps.book import Book, open_book
from tunebook.watch.course import read_course
from tunebook.watch.opened import opened
from tunebook.watch.reference import folder_of, reference

OTHER = [f"sad {text} dirty awful slow and sad" for text, _ in small.texts(60, 1, seed=77)]


@pytest.fixture
def watched(trained: Callable[[str], Trained], tmp_path: Path) -> Book:
    """A book of three classes with a run, for one test to change."""
    shutil.copytree(trained("classes").book.path, tmp_path / "book")
    return open_book(tmp_path / "book")


def same(count: int, seed: int = 9) -> list[str]:
    """New texts of the book's source."""
    return [text for text, _ in small.texts(count, 3, seed)]


def put(book: Book, said: list[str], first: int = 0, **more: Any) -> None:
    log = open_log(book.path)
    log.append(asked(book.run(), said, first=first, **more))
    log.close()


def test_the_same_source_is_quiet_and_another_is_told_once(watched: Book) -> None:
    put(watched, same(130))
    quiet = drift(watched, window=60)
    assert isinstance(quiet, Drift)
    assert isinstance(quiet.window, Window)
    assert (quiet.alarm, quiet.looks, quiet.window.waiting, quiet.window.rows) == (False, 2, 10, 60)
    put(watched, OTHER, first=130)
    raised = drift(watched, window=60)
    assert raised.alarm
    assert raised.looks == 1
    assert {alarm.signal.name for alarm in raised.alarms} >= {"input.classifier", "answer.label"}
    assert [alarm.number for alarm in raised.alarms] == raised.fresh
    put(watched, OTHER, first=190)
    again = drift(watched, window=60)
    known = {alarm.signal.name for alarm in raised.alarms}
    assert known.isdisjoint(alarm.signal.name for alarm in again.alarms if alarm.number in again.fresh)
    assert acknowledge(watched, "ann") == len(again.alarms)
    assert {alarm.by for alarm in read_course(folder_of(watched.path)).alarms} == {"ann"}
    assert acknowledge(watched) == 0
    assert not drift(watched, window=60).alarm


def test_a_look_is_not_taken_twice_and_nothing_is_looked_at_without_a_window(watched: Book) -> None:
    put(watched, same(60))
    assert drift(watched, window=60).looks == 1
    found = drift(watched, window=60)
    assert (found.looks, found.page, found.window.number, found.window.waiting) == (0, None, 1, 0)
    assert {signal.name for signal in found.signals} >= {"input.characters", "answer.label"}  # of the look before


def test_a_day_is_written_with_examples_where_texts_are_kept(watched: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    put(watched, OTHER, keep=True)
    page = drift(watched, window=60).page
    assert page is not None
    day = json.loads(page.with_suffix(".json").read_text("utf-8"))
    assert day["date"] == time.strftime("%Y-%m-%d", time.gmtime(BEGUN)) == page.stem
    assert day["looks"][0]["alpha"] == pytest.approx(0.05 * 0.8 / 4)
    assert day["examples"][0]["new"] in OTHER
    assert day["examples"][0]["old"] in {*load(watched.data, "train").texts, *load(watched.data, "validation").texts}
    text = page.read_text("utf-8")
    assert "changed beyond chance" in text
    assert day["examples"][0]["new"][:20] in text


def test_labels_that_came_are_measured_beside_what_probabilities_say(watched: Book) -> None:
    put(watched, same(120))
    log = open_log(watched.path)
    told = [label for _, label in small.texts(120, 3, 9)]
    log.tell([Feedback(f"q{place}", 0, BEGUN + 9000 + place, "label", label) for place, label in enumerate(told)])
    log.close()
    found = drift(watched, window=60)
    assert found.labelled == 120
    assert found.measured is not None and found.expected is not None and found.estimated is not None
    assert found.measured.low <= found.measured.value <= found.measured.high
    names = {signal.name for signal in found.signals}
    assert {"label.true", "answer.right", "answer.mistakes"} <= names
    put(watched, same(60, seed=3), first=120)
    assert drift(watched, window=60).labelled == 0  # they count once


def test_mistakes_that_become_frequent_are_told(watched: Book) -> None:
    put(watched, same(120))
    log = open_log(watched.path)
    rows = log.answered()
    wrong = ["good" if label != "good" else "bad" for label in rows["label"].to_pylist()]
    log.tell([Feedback(f"q{place}", 0, BEGUN + 9000 + place, "label", label) for place, label in enumerate(wrong)])
    log.close()
    found = drift(watched, window=60)
    assert {alarm.signal.name for alarm in found.alarms} >= {"answer.right", "answer.mistakes"}


def test_rows_of_a_file_need_no_log(watched: Book, tmp_path: Path) -> None:
    file = small.write_csv(tmp_path / "new.csv", 60, 3, seed=5)
    found = drift(watched, rows=file, window=50)
    assert (found.source, found.looks, found.alarm, found.window.waiting) == ("new.csv", 1, False, 10)
    assert found.measured is not None
    bare = tmp_path / "bare.csv"
    bare.write_text("text\n" + "\n".join(OTHER) + "\n", encoding="utf-8")
    assert drift(watched, rows=bare, window=60).alarm
    assert drift(watched, rows=bare, window=60, run=watched.run().id).labelled == 0


def test_what_is_seen_in_a_file_is_none_of_the_requests(watched: Book, tmp_path: Path) -> None:
    """Its labels join no stream, looking twice says the same, and its alarms stand for themselves."""
    put(watched, same(60))
    before = drift(watched, window=60)
    page = before.page
    assert page is not None
    written = page.read_bytes()
    bad = tmp_path / "bad.csv"
    bad.write_text("text,label\n" + "".join(f"{text},good\n" for text in OTHER), encoding="utf-8")
    first, second = (drift(watched, rows=bad, window=60) for _ in range(2))
    assert first.alarm and [alarm.number for alarm in second.alarms] == [alarm.number for alarm in first.alarms]
    streams = [next(item for item in seen.signals if item.name == "answer.mistakes") for seen in (first, second)]
    assert streams[0] == streams[1] and streams[0].rows == 60
    assert first.page != page and page.read_bytes() == written
    assert "bad.csv" in first.page.read_text(encoding="utf-8") and b"bad.csv" not in written
    after = drift(watched, window=60)
    assert not after.alarm and acknowledge(watched) == 0
    assert not any(item.name == "answer.mistakes" for item in after.signals)


@pytest.mark.parametrize("kind", ["number", "several", "pairs", "ordered"])
def test_other_kinds_of_answers_are_watched_too(trained: Callable[[str], Trained], tmp_path: Path, kind: str) -> None:
    shutil.copytree(trained(kind).book.path, tmp_path / "book")
    found = drift(
        open_book(tmp_path / "book"), rows=small.write_records(tmp_path / "new.csv", kind, 60, seed=4), window=60
    )
    names = {signal.name for signal in found.signals}
    assert {"input.characters", "input.tokens"} <= names
    assert found.looks == 1
    assert (found.measured is None) == (kind == "number")


def test_what_is_known_of_the_book_is_made_once(watched: Book) -> None:
    first = reference(watched.run())
    assert len(first.inputs) == watched.data.rows["train"] + watched.data.rows["validation"]
    assert len(first.answered) == watched.data.rows["validation"]
    assert first.both
    again = reference(watched.run())
    assert again.inputs.ids.tolist() == first.inputs.ids.tolist()
    file = next((watched.path / "watch").glob("*.inputs.npz"))
    file.write_bytes(b"damaged")
    assert reference(watched.run()).inputs.ids.tolist() == first.inputs.ids.tolist()


def test_refusals(watched: Book, tmp_path: Path) -> None:
    with pytest.raises(BookError) as none:
        drift(watched)
    assert none.value.code == "watch.no_requests"
    with pytest.raises(DataError) as small_:
        drift(watched, window=49)
    assert small_.value.code == "watch.window"
    strange = tmp_path / "strange.csv"
    strange.write_text("text,label\nit was fine,great unknown\nit was sad,bad\n", encoding="utf-8")
    with pytest.raises(DataError) as label:
        drift(watched, rows=strange)
    assert label.value.code == "outside.label"
    with (watched.path / "book.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[watch]\nwebhook = "file:///etc/passwd"\n')
    with pytest.raises(PlanError) as hook:
        drift(open_book(watched.path))
    assert hook.value.code == "watch.webhook"


def test_two_looks_at_once_are_refused(watched: Book) -> None:
    from filelock import FileLock

    (watched.path / "watch").mkdir()
    with FileLock(watched.path / "watch" / ".lock"), pytest.raises(BookError) as busy:
        drift(watched)
    assert busy.value.code == "watch.busy"


def test_figures_of_the_last_hours(watched: Book) -> None:
    put(watched, same(30))
    put(watched, same(10, seed=2), first=30, error="serve.full", status=503)
    now = BEGUN + 40 * 60
    found = monitor(watched, now=now)
    assert isinstance(found, Monitored)
    [only] = found.versions
    assert (only.texts, only.errors, only.codes) == (40, 0.25, {"serve.full": 10})
    assert only.a_minute == pytest.approx(1.0)
    assert only.latency[0] == pytest.approx(13.0, abs=1)
    assert sum(only.answers.values()) == pytest.approx(1.0)
    assert monitor(watched, now=now, hours=0.25).versions[0].texts == 15
    with pytest.raises(BookError) as none:
        monitor(watched, now=now + 1e6)
    assert none.value.code == "watch.no_requests"
    with pytest.raises(DataError) as hours:
        monitor(watched, hours=-1)
    assert hours.value.code == "watch.hours"


def test_of_very_many_rows_some_are_drawn(watched: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.verbs.drift._MOST", 70)
    put(watched, same(130))
    found = drift(watched, window=60)
    assert (found.looks, found.window.rows, found.window.waiting) == (1, 60, 10)


def test_alarms_are_sent_until_they_arrive(watched: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    with (watched.path / "book.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[watch]\nwindow = 60\nwebhook = "http://127.0.0.1:9/"\nmail_file = "mail/alarm.eml"\n')
    sent: list[dict[str, Any]] = []
    why = ["nobody there", ""]
    monkeypatch.setattr("tunebook.verbs.drift.post", lambda _, data: sent.append(data) or why.pop(0))
    book = open_book(watched.path)
    put(book, OTHER)
    assert drift(book).undelivered == "nobody there"
    assert drift(book).undelivered == ""
    assert drift(book).undelivered == ""
    assert sent[0] == sent[1]
    assert len(sent) == 2
    assert len(list((book.path / "mail").glob("alarm-*.eml"))) == 1


def test_of_answers_that_are_no_classes_the_texts_are_watched(watched: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("watch.reference", "verbs.drift"):
        monkeypatch.setattr(f"tunebook.{place}.speaks", lambda task, run: False)
    file = small.write_csv(watched.path / "new.csv", 60, 3, seed=5)
    found = drift(watched, rows=file, window=60)
    assert {signal.name.partition(".")[0] for signal in found.signals} == {"input"}
    assert (found.measured, found.estimated) == (None, None)


def test_rows_that_differ_by_their_split_leave_the_validation_rows(
    watched: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunebook.watch.reference._APART", 2.0)
    found = reference(watched.run())
    assert not found.both
    assert len(found.inputs) == len(found.answered)


def test_another_run_begins_without_the_alarms_of_the_last(watched: Book) -> None:
    put(watched, OTHER)
    first = drift(watched, window=60)
    assert first.alarm
    shutil.copytree(watched.run().path, watched.path / "runs" / f"99991231-000000-{watched.run().plan.id}")
    put(watched, same(60), first=60)
    again = drift(watched, window=60)
    assert (again.run == first.run, again.alarm) == (False, False)
    assert not monitor(watched, hours=0).alarms


def test_the_run_in_service_is_watched_though_all_its_requests_were_those_of_a_challenger(watched: Book) -> None:
    old = watched.run().id
    put(watched, OTHER)
    new = f"99991231-000000-{watched.run().plan.id}"
    shutil.copytree(watched.run().path, watched.path / "runs" / new)
    put(watched, same(60), first=60, role="challenger")
    assert drift(watched, window=60).run == old  # nobody has put a run in service
    write(watched, State(), "deploy", {"run": new})
    assert drift(watched, window=60).run == new


def test_a_log_elsewhere_is_seen_from_the_book_and_closed(watched: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    with (watched.path / "book.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[serve]\nlog = "logs.sqlite"\n')
    book, closed = open_book(watched.path), []
    log = open_log(watched.path / "logs.sqlite")
    log.append(asked(book.run(), same(60)))
    monkeypatch.setattr(type(log), "close", lambda own: closed.append(own))
    assert drift(book, window=60).looks == 1
    assert len(closed) == 1
    with opened(book, log) as found:
        assert found is log
    assert len(closed) == 1

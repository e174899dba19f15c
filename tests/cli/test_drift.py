"""tunebook drift and monitor: exit codes, JSON, words in both languages, and going on for ever."""

from __future__ import annotations

import re
import shutil
from itertools import islice
from pathlib import Path

import pytest
from tests import small
from tests.asked import asked

from tunebook.cli.drift import drift as drift_command
from tunebook.cli.monitor import _again, monitor
from tunebook.requests.log import open_log
from tunebook.verbs.steps.book import open_book

from .conftest import Call

OTHER = [f"sad {text} dirty awful slow and sad" for text, _ in small.texts(60, 1, seed=77)]


@pytest.fixture
def served(book: Path, tmp_path: Path) -> Path:
    """A copy of a book whose server was asked 60 texts of the same source."""
    shutil.copytree(book, tmp_path / "book")
    put(tmp_path / "book", [text for text, _ in small.texts(60, 2, 9)], 0)
    return tmp_path / "book"


def put(book: Path, texts: list[str], first: int) -> None:
    log = open_log(book)
    log.append(asked(open_book(book).run(), texts, first=first))
    log.close()


def test_an_alarm_ends_with_one_until_it_is_known(tunebook: Call, served: Path) -> None:
    quiet = tunebook("drift", served, "--window", 60)
    assert (quiet.code, quiet.err.count("Error")) == (0, 0)
    assert "Nothing has changed beyond chance" in quiet.out
    put(served, OTHER, 60)
    loud = tunebook("drift", served, "--window", 60, "--json")
    assert loud.code == 1
    assert loud.json["alarm"] is True
    assert loud.json["window"]["rows"] == 60
    assert {"name", "statistic", "p_value", "alarm"} <= set(loud.json["signals"][0])
    assert "shown" not in loud.json["signals"][0]
    again = tunebook("drift", served, "--window", 60)
    assert again.code == 1
    assert re.search(r"tunebook retrain \S+ --from-log\n", again.out)
    assert "0 rows are waiting" in again.out
    assert tunebook("drift", served, "--ack", "--json").json["acknowledged"] == len(loud.json["alarms"])
    assert tunebook("drift", served, "--window", 60).code == 0


def test_figures_and_chinese(tunebook: Call, served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tunebook("monitor", served, "--hours", 0)
    assert found.code == 0
    assert "Texts a minute" in found.out
    assert tunebook("monitor", served, "--hours", 0, "--json").json["versions"][0]["texts"] == 60
    assert tunebook("monitor", served).code == 2
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "每分钟文本数" in tunebook("monitor", served, "--hours", 0).out
    put(served, OTHER, 60)
    assert "警报" in tunebook("drift", served, "--window", 60).out


def test_it_looks_again_and_again(tunebook: Call, served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("tunebook.cli.monitor.time.sleep", slept.append)
    found = list(islice(_again(open_book(served), 0, 5.0), 3))
    assert [item.versions[0].texts for item in found] == [60, 60, 60]
    assert slept == [5.0, 5.0]
    assert [item.versions for item in islice(_again(open_book(served), 1.0, 5.0), 2)] == [[], []]  # nothing lately
    assert tunebook("monitor", served, "--every", 0.5).code == 2
    answer = monitor(served, 0, 5.0)
    assert callable(answer.data)
    assert next(iter(answer.data()))["versions"][0]["texts"] == 60
    assert drift_command.__doc__


def test_what_follows_an_alarm_of_a_file(tunebook: Call, served: Path, tmp_path: Path) -> None:
    """Rows without labels teach nothing, and alarms of a file are not kept."""
    bare, told = tmp_path / "bare.csv", tmp_path / "told.csv"
    bare.write_text("text\n" + "\n".join(OTHER) + "\n", encoding="utf-8")
    told.write_text("text,label\n" + "".join(f"{text},good\n" for text in OTHER), encoding="utf-8")
    first = tunebook("drift", served, "--window", 60, "--rows", bare)
    assert first.code == 1 and "tunebook retrain" not in first.out and f"drift {served} --ack" not in first.out
    second = tunebook("drift", served, "--window", 60, "--rows", told)
    assert second.code == 1 and "--new" in second.out

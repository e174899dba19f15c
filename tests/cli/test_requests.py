"""requests: show, export, feedback."""

from __future__ import annotations

import time

import pytest
from tests import logged
from tests.requests.rows import row

from tunebook.requests.log import open_log


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))
    made = logged.make_book(tmp_path / "hotel").path
    log = open_log(made)
    now = time.time()
    log.append([row(n, at=now - 100 + n, text="a quiet room" if n else "") for n in range(3)])
    log.append([row(9, at=now - 200_000, score=float("nan"), label="")])
    log.close()
    return made


def test_show(tunebook, book):
    done = tunebook("requests", "show", book)
    assert done.code == 0 and "a quiet room" in done.out and "r9" not in done.out and "requests export" in done.out
    log = open_log(book)
    log.append([row(10, at=time.time() - 50, status=500, label="", score=float("nan"))])
    log.append([row(11, at=time.time() - 50, label="", score=float("nan"))])  # an empty text
    log.close()
    told = tunebook("requests", "show", book, "--since", "1h").out
    assert "HTTP 500" in told and "nan" not in told and " 200 " not in told
    data = tunebook("requests", "show", book, "--since", "7d", "--last", 1, "--json").json
    assert (data["records"], [one["request"] for one in data["rows"]]) == (6, ["r11"])
    assert tunebook("requests", "show", book, "--since", "2d", "--until", "1d", "--json").json["records"] == 0


def test_feedback_and_export(tunebook, book, tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("request,label\nr1,bad\nr7,good\n")
    done = tunebook("requests", "feedback", book, file)
    assert done.code == 0 and "label" in done.out and "1 of them" in done.out
    assert tunebook("requests", "feedback", book, file, "--json").json == {"told": 2, "unknown": 1, "names": ["label"]}
    done = tunebook("requests", "export", book, "--since", "1d", "--out", tmp_path / "out", "--json")
    assert done.json["rows"] == 3 and len(list((tmp_path / "out").glob("*.parquet"))) >= 1
    assert "3" in tunebook("requests", "export", book, "--since", "1d", "--out", tmp_path / "out").out
    empty = tmp_path / "none.csv"
    empty.write_text("request,label\n")
    assert tunebook("requests", "feedback", book, empty, "--json").json["told"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "--last", -1), "--last"),
        (("show", "--since", "soon"), "requests.moment"),
        (("show", "--since", "1d", "--until", "2d"), "--until"),
        (("export", "--out", "/proc/none"), "machine"),
        (("feedback", "/none.csv"), "none.csv"),
    ],
)
def test_what_cannot_be(tunebook, book, words, said):
    done = tunebook("requests", words[0], book, *words[1:])
    assert done.code == 2 and said in done.err


def test_in_chinese(tunebook, book, monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "请求日志" in tunebook("requests", "show", book).out

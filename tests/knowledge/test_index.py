from __future__ import annotations

import sqlite3

import pytest
from tests.knowledge.lessons import lesson

from tunebook.core.errors import BookError, MachineError
from tunebook.knowledge import index as module
from tunebook.knowledge.index import INDEX_FILE, Index, Question, pieces

LESSONS = [
    lesson("en", reason="larger steps paid", date="2026-05-01"),
    lesson("zh", language="zh", rows=600, book="酒店", reason="小样本需要更多轮次", date="2026-05-02",
           changed=[{"row": "fgm.epsilon", "from": "off", "to": 1.0}, {"row": "max_epochs", "from": 3, "to": 6}],
           techniques=["fgm"]),
    lesson("big", rows=50_000, model="acme/Bert-Base", date="2026-05-03", reason="warm-up 预热", action="promote",
           changed=[{"row": "batch_size", "from": 32, "to": 64}]),
    lesson("reg", task="regression", classes=0, rows=3_000, language="zh", date="2026-05-04", reason="", changed=[]),
]  # fmt: skip


@pytest.fixture(params=[True, False], ids=["trigrams", "plain"])
def index(tmp_path, monkeypatch, request):
    """An index by an SQLite with the index of words, and by one without."""
    if not request.param:
        monkeypatch.setattr(module, "_WORDS", "CREATE VIRTUAL TABLE IF NOT EXISTS words USING no_such_module(text)")
    index = Index(tmp_path / "home" / INDEX_FILE)
    assert index.add(LESSONS) == 4
    assert index.path.stat().st_mode & 0o777 == 0o600
    return index


def keys(index, **asked):
    return [item.key for item in index.find(Question(**asked))]


def test_the_place_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "tb"))
    index = Index()
    assert (index.find(), index.known()) == ([], set())
    assert not (tmp_path / "tb").exists()
    index.add(LESSONS[:1])
    assert (tmp_path / "tb" / "knowledge.sqlite").exists()
    assert index.find() == LESSONS[:1]


def test_everything_newest_first(index):
    assert keys(index) == ["reg", "big", "zh", "en"]
    assert index.find()[1] == LESSONS[2]
    assert index.known() == {"en", "zh", "big", "reg"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"task": "regression"}, ["reg"]),
        ({"language": "zh"}, ["reg", "zh"]),
        ({"least": 650, "most": 3_000}, ["reg", "en"]),
        ({"most": 0}, []),
        ({"model": "bert"}, ["big"]),
        ({"technique": "fgm"}, ["zh"]),
        ({"technique": "fg"}, []),
        ({"row": "fgm"}, ["zh"]),
        ({"row": "fgm.epsilon"}, ["zh"]),
        ({"row": "epochs"}, []),
        ({"row": "learning_rate", "language": "zh"}, []),
        ({"text": "Steps Paid"}, ["en"]),
        ({"text": "轮次"}, ["zh"]),
        ({"text": "100%_"}, []),
        ({"action": "promote"}, ["big"]),
    ],
)
def test_circumstances(index, asked, expected):
    assert keys(index, **asked) == expected


@pytest.mark.parametrize(
    ("words", "first", "count"),
    [
        ("small chinese classification", "zh", 2),
        ("小样本中文分类", "zh", 1),
        ("轮次", "zh", 1),
        ("预热", "big", 1),
        ("learning_rate", "en", 1),
        ("LARGE bert", "big", 1),
        ("fgm", "zh", 1),
        ("酒店", "zh", 1),
        ("中", "reg", 2),
        ('"quoted" OR', None, 0),
        ("nothing of the kind", None, 0),
    ],
)
def test_words(index, words, first, count):
    found = keys(index, words=words)
    assert len(found) == count
    assert found[:1] == ([first] if first else [])


def test_words_and_circumstances_together(index):
    assert keys(index, words="classification", language="zh") == ["zh"]


def test_nothing_twice(index):
    assert index.add(LESSONS) == 0
    assert len(index.find()) == 4


def test_what_was_known_without_its_book_gets_it(index):
    bare = lesson("own", book="", reason="")
    assert index.add([bare]) == 1
    assert "own" not in index.known()
    assert index.add([lesson("own", book="tickets", reason="my words")]) == 0
    assert keys(index, text="my words") == keys(index, words="words tickets") == ["own"]
    assert index.add([bare]) == 0
    assert keys(index, text="my words") == ["own"]
    assert len(index.find()) == 5


def test_a_file_that_is_no_index(tmp_path):
    path = tmp_path / INDEX_FILE
    path.write_bytes(b"x" * 4096)
    with pytest.raises(BookError) as caught:
        Index(path).find()
    assert caught.value.code == "index.damaged"
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE lessons (a)")
    db.close()
    with pytest.raises(BookError):
        Index(path).find()


def test_a_place_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError):
        Index(tmp_path / "file" / "home" / INDEX_FILE).add(LESSONS)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("", []),
        ("  small  Chinese  ", ["small", "chinese"]),
        ("分类", ["分类"]),
        ("中", ["中"]),
        ("小样本，中文分类", ["小样", "样本", "中文", "文分", "分类"]),
        ("用bert做分类, bert", ["用", "bert", "做分", "分类"]),
        ('a"b learning_rate', ['a"b', "learning_rate"]),
    ],
)
def test_pieces(question, expected):
    assert pieces(question) == expected

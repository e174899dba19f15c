"""Hard negatives of books and files: what is written, and that it can be read again."""

from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError, ModelError
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.tasks.ranking.mining import Rules
from tunebook.verbs.mine import mine
from tunebook.verbs.steps.book_file import BookFile, write_book_file

THINGS = ("kettle", "lamp", "chair", "table", "mirror", "window", "carpet", "pillow")


@pytest.fixture
def pairs(tmp_path):
    """40 queries of 8 things, whose relevant passages differ by a number alone."""
    rows = [
        {"query": f"where is {THINGS[n % 8]} {n}", "pos": [f"{THINGS[n % 8]} number {n} is here"], "topic": n % 8}
        for n in range(40)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture
def book(pairs, tmp_path):
    prepare([pairs], tmp_path / "book" / "data")
    write_book_file(BookFile(task="embedding"), tmp_path / "book")
    return tmp_path / "book"


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_negatives_of_a_file_share_words_and_are_not_relevant(pairs, tmp_path):
    mined = mine(pairs, tmp_path / "out.jsonl", Rules(count=3))
    rows = lines(tmp_path / "out.jsonl")
    assert (mined.rows, mined.negatives, mined.without) == (40, 120, 0) and len(rows) == 40
    for row in rows:
        assert len(row["neg"]) == 3 and not set(row["neg"]) & set(row["pos"])
        assert all(THINGS[row["topic"]] in text for text in row["neg"])
    assert "split" not in rows[0]


def test_a_book_keeps_its_splits_and_the_file_makes_the_same_book_with_negatives(book, tmp_path):
    mine(book, tmp_path / "out.jsonl", Rules(count=2))
    old = prepare([tmp_path / "pairs.jsonl"], book / "data")
    new = prepare([tmp_path / "out.jsonl"], tmp_path / "new", DataOptions(split_column="split"))
    for split in ("train", "validation", "test"):
        assert sorted(load(old, split).texts) == sorted(load(new, split).texts)
    assert new.stats["judged"]["negatives"] == 80 and new.stats["judged"]["positives"] == 40


def test_a_folder_holds_the_corpus_and_is_a_collection(book, tmp_path):
    mined = mine(book, tmp_path / "folder", Rules(count=2))
    new = prepare([tmp_path / "folder"], tmp_path / "new")
    old = prepare([tmp_path / "pairs.jsonl"], book / "data")
    assert (new.rows, mined.path) == (old.rows, tmp_path / "folder")
    assert set(load(new, "train").passages) == set(load(old, "train").passages)
    assert new.stats["judged"]["negatives"] == 80


def test_gains_and_known_negatives_stay(tmp_path):
    rows = [
        {"query": f"query {n}", "passage": f"words {n}", "label": grade} for n in range(40) for grade in (n % 3 + 1,)
    ]
    rows += [{"query": f"query {n}", "passage": f"bad words {n}", "label": 0} for n in range(40)]
    source = tmp_path / "graded.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)))
    mined = mine(source, tmp_path / "out.jsonl")
    found = {row["query"]: row for row in lines(tmp_path / "out.jsonl")}
    assert mined.judged == 40 and found["query 4"]["relevance"] == [2] and "bad words 4" in found["query 4"]["neg"]
    again = prepare([tmp_path / "out.jsonl"], tmp_path / "again")
    texts = load(again, "train")
    place = texts.texts.index(next(text for text in texts.texts if text in found))
    assert texts.targets[place, 2] == found[texts.texts[place]]["relevance"][0]


def test_queries_that_share_no_word_have_no_negative(tmp_path):
    rows = [{"query": f"{chr(97 + n // 20)}{n}", "pos": [f"{chr(97 + n // 20)}{n}!"]} for n in range(40)]
    source = tmp_path / "apart.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)))
    assert mine(source, tmp_path / "out.jsonl").without == 40


def test_a_model_finds_them_too(book, tmp_path):
    mined = mine(book, tmp_path / "out.jsonl", Rules(count=3, relative=0.2), by="builtin:minilm")
    assert mined.negatives > 80 and mined.near > 0
    same = sum(THINGS[row["topic"]] in text for row in lines(tmp_path / "out.jsonl") for text in row["neg"])
    assert same > 0.8 * mined.negatives


def test_what_cannot_be_mined_is_refused(book, pairs, tmp_path):
    with pytest.raises(DataError) as caught:
        mine(pairs, pairs)
    assert caught.value.code == "mine.source"
    rows = [{"text": f"some words {n}", "label": "ab"[n % 2]} for n in range(40)]
    source = tmp_path / "classes.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)))
    prepare([source], tmp_path / "classes" / "data")
    write_book_file(BookFile(task="text_classification"), tmp_path / "classes")
    with pytest.raises(DataError) as caught:
        mine(tmp_path / "classes", tmp_path / "out.jsonl")
    assert caught.value.code == "mine.kind"
    with pytest.raises(ModelError):
        mine(book, tmp_path / "out.jsonl", by="no such model")
    assert not (tmp_path / "out.jsonl").exists()

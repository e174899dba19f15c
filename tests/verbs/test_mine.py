"""Hard negatives of books and files: what is written, and that it can be read again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tunebook.core.errors import DataError, ModelError, RunError
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.models import source
from tunebook.tasks.ranking.mining import Rules
from tunebook.verbs import mine as module
from tunebook.verbs import mining, served
from tunebook.verbs.mine import Models, mine
from tunebook.verbs.mined_files import SPLIT, WEIGHT
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


def test_a_file_keeps_its_splits_whatever_they_are_called_and_other_columns(tmp_path):
    said = ("train", "dev", "test")
    rows = [{"query": f"ask {n}", "pos": [f"say {n} ask"], "split": said[n % 3], "topic": n} for n in range(40)]
    source = tmp_path / "split.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)))
    assert mine(source, tmp_path / "out.jsonl", Rules(count=1)).columns == ("split",)
    found = {row["query"]: row for row in lines(tmp_path / "out.jsonl")}
    known = {"train": "train", "dev": "validation", "test": "test"}
    for row in rows:
        assert (found[row["query"]]["split"], found[row["query"]]["topic"]) == (known[row["split"]], row["topic"])
    mine(source, tmp_path / "folder", Rules(count=1))
    new = prepare([tmp_path / "folder"], tmp_path / "new")
    assert sorted(load(new, "test").texts) == sorted(row["query"] for row in rows if row["split"] == "test")
    assert lines(tmp_path / "folder" / "queries.jsonl")[0].keys() == {"_id", "text", "topic"}
    rows[3]["split"] = "elsewhere"
    source.write_text("\n".join(map(json.dumps, rows)))
    assert mine(source, tmp_path / "odd.jsonl", Rules(count=1)).columns == ()
    assert {row["query"]: row["split"] for row in lines(tmp_path / "odd.jsonl")}["ask 3"] == "elsewhere"


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


def test_what_a_teacher_said_stays_with_its_passages(tmp_path):
    source, said = tmp_path / "taught.jsonl", {}
    with source.open("w") as stream:
        for n in range(40):
            said |= {f"words {n}": n + 0.5, f"bad words {n}": -n - 0.5}
            row = {"query": f"words of query {n}", "pos": [f"words {n}"], "neg": [f"bad words {n}"]}
            scores = {"pos_scores": [n + 0.5], "neg_scores": [-n - 0.5]}
            stream.write(json.dumps(row | (scores if n else {})) + "\n")
    prepare([source], tmp_path / "book" / "data", DataOptions(task="embedding"))
    write_book_file(BookFile(task="embedding"), tmp_path / "book")
    mined = mine(tmp_path / "book", tmp_path / "out.jsonl", Rules(count=2))
    assert (mined.kept, mined.lost, mined.negatives) == (78, (), 80)
    for row in lines(tmp_path / "out.jsonl"):
        first = row["pos"] == ["words 0"]
        assert row["pos_scores"] == [None if first else said[row["pos"][0]]]
        assert row["neg_scores"] == [None if first else said[row["neg"][0]], None, None]
    again = prepare([tmp_path / "out.jsonl"], tmp_path / "again", DataOptions(task="embedding", split_column="split"))
    assert again.stats["passages"]["taught"] == 78
    mined = mine(source, tmp_path / "folder", Rules(count=2))
    assert (mined.kept, mined.lost) == (0, ("pos_scores", "neg_scores")), "a folder has no place for them"


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


def test_what_cannot_be_mined_is_refused(book, pairs, tmp_path, trained):
    with pytest.raises(DataError) as caught:
        mine(pairs, pairs)
    assert caught.value.code == "mine.source"
    full, free = tmp_path / "full", tmp_path / "free"
    full.mkdir()
    free.mkdir()
    (full / "kept.txt").write_text("kept")
    (tmp_path / "old.jsonl").write_text("kept")
    for into in (full, tmp_path / "old.jsonl"):
        with pytest.raises(DataError) as caught:
            mine(pairs, into)
        assert (caught.value.code, caught.value.value) == ("mine.exists", str(into))
    assert (tmp_path / "old.jsonl").read_text() == (full / "kept.txt").read_text() == "kept"
    assert mine(pairs, free).rows == 40 and (free / "qrels" / "train.tsv").is_file(), "an empty folder is free"
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
    other = trained("classes").run
    with pytest.raises(RunError) as caught:
        mine(book, tmp_path / "out.jsonl", by=str(other.path))
    assert (caught.value.code, caught.value.value) == ("embed.task", "text_classification")
    assert not (tmp_path / "out.jsonl").exists()


class Judge:
    """A reranker that finds a text the more relevant, the longer it is; it stops at some call."""

    def __init__(self, stops=99):
        self.asked, self.stops = [], stops

    def judge(self, queries, passages, pairs):
        if len(self.asked) == self.stops:
            raise KeyboardInterrupt
        self.asked.append(len(pairs.row))
        return np.array([min(1.0, len(passages[number]) / 100) for number in pairs.passage.tolist()], dtype=np.float32)


@pytest.fixture
def longer(tmp_path):
    """Queries that share a word; the relevant passage has 30 signs, others have 10 to 60."""
    rows = [{"query": f"ask q{n:02}", "pos": [f"ask the p{n:02}".ljust(30, "x")]} for n in range(20)]
    rows += [{"query": f"other {n:02}", "pos": [f"ask {n:02}".ljust(60 - n, "y")]} for n in range(50)]
    path = tmp_path / "longer.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_reranker_leaves_out_what_it_finds_as_relevant(longer, tmp_path, monkeypatch):
    judge = Judge()
    monkeypatch.setattr(served, "Reranker", lambda where: judge)
    models, rules = Models(filter="a reranker"), Rules(count=4, gap=0.045)
    monkeypatch.setattr(module, "model_of", lambda name, book: tmp_path)
    monkeypatch.setattr(source, "model_id", lambda folder: "same")
    mined = mine(longer, tmp_path / "out.jsonl", rules, by=models)
    found = {row["query"]: row for row in lines(tmp_path / "out.jsonl")}
    assert mined.filtered > 0 and any(row["neg"] for row in found.values())
    for row in found.values():
        least = min(map(len, row["pos"])) / 100
        assert all(len(text) / 100 < least - 0.045 for text in row["neg"])
        assert not set(row["neg"]) & set(row["pos"]) and len(row["neg"]) <= 4
    everything = mine(longer, tmp_path / "all.jsonl", Rules(count=200))
    allowed = {
        row["query"]: [text for text in row["neg"] if len(text) / 100 < min(map(len, row["pos"])) / 100 - 0.045]
        for row in lines(everything.path)
    }
    assert {query: row["neg"] for query, row in found.items()} == {query: texts[:4] for query, texts in allowed.items()}
    assert not list(tmp_path.glob(".*.mining"))


def test_an_interrupted_mining_goes_on_and_gives_the_same(longer, tmp_path, monkeypatch):
    monkeypatch.setattr(mining, "_PAIRS", 16)
    monkeypatch.setattr(module, "model_of", lambda name, book: tmp_path)
    monkeypatch.setattr(source, "model_id", lambda folder: "same")
    models = Models(filter="a reranker")

    def mined(judge, name, rules=Rules(count=4)):  # noqa: B008
        monkeypatch.setattr(served, "Reranker", lambda where: judge)
        return mine(longer, tmp_path / name, rules, by=models)

    whole = Judge()
    mined(whole, "whole.jsonl")
    with pytest.raises(RunError) as caught:
        mined(Judge(stops=5), "out.jsonl")
    assert caught.value.code == "mine.interrupted" and not (tmp_path / "out.jsonl").exists()
    rest = Judge()
    mined(rest, "out.jsonl")
    assert len(rest.asked) == len(whole.asked) - 5
    assert (tmp_path / "out.jsonl").read_text() == (tmp_path / "whole.jsonl").read_text()
    with pytest.raises(RunError):
        mined(Judge(stops=3), "again.jsonl")
    other = Judge()
    mined(other, "again.jsonl", Rules(count=3))
    assert len(other.asked) > 3, "what was kept for other rules is not used"


def test_vectors_are_kept_too(pairs, tmp_path, monkeypatch):
    monkeypatch.setattr(mining, "_TEXTS", 16)
    partial, calls = mining.Partial(tmp_path / "kept", "key"), []

    def encode(texts):
        calls.append(len(texts))
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    texts = [THINGS[n % 8] * (1 + n % 3) for n in range(40)]
    found = mining._vectors(texts, "queries", encode, partial, None)
    assert found[:, 0].tolist() == [len(text) for text in texts] and calls == [16, 16, 8]
    (tmp_path / "kept" / "queries-16.npy").write_bytes(b"cut off")
    again = mining._vectors(texts, "queries", encode, mining.Partial(tmp_path / "kept", "key"), None)
    np.testing.assert_array_equal(again, found)
    assert calls == [16, 16, 8, 16]
    mining.Partial(tmp_path / "kept", "another")
    assert not (tmp_path / "kept").exists()


def test_rules_of_a_reranker_have_bounds():
    with pytest.raises(DataError) as caught:
        Rules(gap=2)
    assert caught.value.code == "mine.rule"


def test_splits_and_weights_stay_with_their_rows(tmp_path):
    rows = [
        {"query": f"ask {n}", "pos": [f"say {n} ask"], "split": ("train", "validation", "test")[n % 3], "w": 1 + n % 2}
        for n in range(60)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    by_query = {row["query"]: row for row in rows}
    mined = mine(path, tmp_path / "out.jsonl", Rules(count=1))
    assert mined.columns == (SPLIT,) and not mined.lost and mined.task == ""
    assert all(row["split"] == by_query[row["query"]]["split"] for row in lines(tmp_path / "out.jsonl"))
    assert mine(path, tmp_path / "folder", Rules(count=1)).columns == ()
    assert {one.stem for one in (tmp_path / "folder" / "qrels").iterdir()} == {"train", "validation", "test"}
    prepare([path], tmp_path / "book" / "data", DataOptions(weight="w"))
    write_book_file(BookFile(task="embedding"), tmp_path / "book")
    mined = mine(tmp_path / "book", tmp_path / "weighed.jsonl", Rules(count=1))
    assert (mined.columns, mined.task) == ((SPLIT, WEIGHT), "embedding")
    assert all(row["weight"] == by_query[row["query"]]["w"] for row in lines(tmp_path / "weighed.jsonl"))
    assert mine(tmp_path / "book", tmp_path / "light").lost == (WEIGHT,)
    path.write_text("\n".join(json.dumps({**row, "split": "fold 1"}) for row in rows))
    assert (
        mine(path, tmp_path / "folds.jsonl").columns == () and lines(tmp_path / "folds.jsonl")[0]["split"] == "fold 1"
    )

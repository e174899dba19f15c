from __future__ import annotations

import gzip
import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.data.read import read


@pytest.fixture
def beir(tmp_path):
    """The folder of a collection of 30 passages and 30 queries, as BEIR lays it out."""
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": f"d{n}", "title": f"Title {n}" * (n % 2), "text": f"text {n}"} for n in range(30)]
    queries = [{"_id": f"q{n}", "text": f"query {n}", "metadata": {}} for n in range(31)]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    parts = {"train": range(20), "dev": range(20, 25), "test": range(25, 30)}
    for name, rows in parts.items():
        lines = [f"q{n}\td{n}\t1\nq{n}\td{(n + 1) % 30}\t0" for n in rows]
        (folder / "qrels" / f"{name}.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *lines]) + "\n")
    return folder


def test_a_folder_of_beir_with_its_splits(beir, tmp_path):
    data = prepare([beir], tmp_path / "data")
    assert data.rows == {"train": 20, "validation": 5, "test": 5}
    rows = load(data, "validation")
    assert rows.texts[0] == "query 20" and rows.ids[0] == "q20"
    assert len(rows.passages) == 30, "what nobody judged is searched too"
    line = rows.targets[0]
    assert [rows.passage_ids[int(line[place])] for place in (1, 3)] == ["d20", "d21"] and line[[2, 4]].tolist() == [
        1,
        0,
    ]
    assert rows.passages[1] == "Title 1 text 1" and rows.passages[2] == "text 2"
    assert data.stats["files"]["set"]["queries_left"] == "1"


def test_files_may_be_packed_and_judgements_may_be_json(beir):
    corpus = beir / "corpus.jsonl"
    (beir / "corpus.jsonl.gz").write_bytes(gzip.compress(corpus.read_bytes()))
    corpus.unlink()
    for file in (beir / "qrels").iterdir():
        file.unlink()
    (beir / "qrels" / "test.jsonl").write_text('{"query-id": "q1", "corpus-id": "d1", "score": 2}\n')
    found = read(beir)
    assert found.corpus.num_rows == 30 and found.roles == {"text": "query", "label": "passages", "row_id": "id"}
    assert found.table["passages"].to_pylist() == [[{"id": "d1", "text": None, "gain": 2.0, "taught": None}]]


def test_trec_has_four_columns_and_tables_without_headings(tmp_path):
    folder = tmp_path / "msmarco"
    folder.mkdir()
    (folder / "collection.tsv").write_text("0\tzero words\n1\tone word\n")
    (folder / "queries.train.tsv").write_text("7\tmany words?\n")
    (folder / "queries.dev.tsv").write_text("8\tany word?\n")
    (folder / "qrels.train.tsv").write_text("7 0 1 1\n7\t0\t0\t0\n")
    (folder / "qrels.dev.small.tsv").write_text("8 0 0 1\n9 0 0 1\n")
    found = read(folder)
    assert found.table["split"].to_pylist() == ["validation", "train"]
    assert [[one["id"] for one in row] for row in found.table["passages"].to_pylist()] == [["0"], ["1", "0"]]
    assert found.faults == {"no_query": {2: "9"}} and found.roles["split_column"] == "split"


def test_ids_that_the_corpus_lacks_are_refused_or_counted(beir, tmp_path):
    qrels = beir / "qrels" / "train.tsv"
    qrels.write_text(qrels.read_text() + "q1\tnowhere\t1\n")
    data = prepare([beir], tmp_path / "data")
    assert data.stats["passages"]["missing"] == 1
    qrels.write_text(qrels.read_text().replace("\td", "\tx"))
    with pytest.raises(DataError) as caught:
        prepare([beir], tmp_path / "other")
    assert caught.value.code == "data.passage_missing" and caught.value.value.startswith("x0, x1")


@pytest.mark.parametrize(("name", "line"), [("qrels/train.tsv", "q1 d1"), ("corpus.jsonl", "alone")])
def test_a_broken_line_is_shown(beir, name, line):
    (beir / name).write_text(f"{line}\n")
    with pytest.raises(DataError, match=line) as caught:
        read(beir)
    assert caught.value.code == "format.damaged"


@pytest.mark.parametrize("gain", ["relevant", "inf", "1e300", "2"])
def test_a_gain_that_is_no_number_is_shown_with_its_line(beir, gain):
    forms = {"train.tsv": f"q1\td1\t{gain}\n", "test.jsonl": json.dumps({"query": "q1", "pid": "d1", "rel": gain})}
    for name, text in forms.items():
        (beir / "qrels" / name).write_text(text)
        if gain in ("relevant", "2"):  # a plain yes is one here too
            assert read(beir).corpus.num_rows == 30
            continue
        with pytest.raises(DataError) as caught:
            read(beir)
        assert caught.value.code == "data.gain" and caught.value.key.endswith(name)
        assert (caught.value.fields["row"], caught.value.value) == (1, gain)
        (beir / "qrels" / name).unlink()
    (beir / "qrels" / "train.tsv").write_text("q1 d1 nan\n")
    with pytest.raises(DataError, match="nan"):
        read(beir)


@pytest.mark.parametrize("name", ["queries", "corpus"])
def test_a_part_that_is_missing_is_named(beir, name):
    (beir / f"{name}.jsonl").unlink()
    for options in (None, DataOptions(task="embedding")):
        with pytest.raises(DataError, match=name) as caught:
            read(beir, options)
        assert caught.value.code == "format.lacks"

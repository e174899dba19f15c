"""Queries with passages of real sets: what is read of them, and how well BM25 finds the right ones."""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path

import pytest

from tunebook.core.metric import scores
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.tasks.ranking.lexical import search
from tunebook.tasks.ranking.scores import METRICS

DATA = Path(os.environ.get("TUNEBOOK_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not here")]


def records(text):
    """The texts of a file of the SMART system."""
    return [" ".join(part.split(".W\n", 1)[1].split()) for part in re.split(r"(?m)^\.I \d+\n", text)[1:]]


@pytest.fixture
def cranfield(tmp_path):
    """Cranfield as BEIR lays it out; its queries are numbered by their order."""
    folder, home = tmp_path / "cranfield", DATA / "en_cranfield"
    folder.mkdir()
    texts = {
        "corpus": records(gzip.decompress((home / "cran.all.1400.gz").read_bytes()).decode()),
        "queries": records((home / "cran.qry").read_text()),
    }
    for name, lines in texts.items():
        rows = [json.dumps({"_id": str(number), "text": text}) for number, text in enumerate(lines, start=1)]
        (folder / f"{name}.jsonl").write_text("\n".join(rows))
    (folder / "qrels.txt").write_text((home / "QRelsCorrectedforTRECeval").read_text())
    return folder


def of_bm25(data):
    rows = load(data, "validation")
    return scores(METRICS, search(rows), rows.targets, data.labels)


def test_cranfield(cranfield, tmp_path):
    data = prepare([cranfield], tmp_path / "data", DataOptions(task="embedding"))
    found = data.stats["passages"]
    assert (found["corpus"], found["unused"], found["missing"], sum(data.rows.values())) == (1400, 2, 0, 225)
    assert 0.42 < of_bm25(data)["ndcg@10"] < 0.60


def test_cmrc(tmp_path):
    data = prepare(
        [DATA / "zh_cmrc2018_dev" / "cmrc2018_dev.json.gz"], tmp_path / "data", DataOptions(task="reranking")
    )
    assert data.stats["passages"]["count"] == 848 and data.stats["ledger"]["read"] == 3219
    assert data.stats["ledger"]["dropped"] == {"query_again": 1}
    assert of_bm25(data)["ndcg@10"] > 0.95


@pytest.mark.parametrize(
    ("file", "columns", "form"),
    [
        ("en_stsb/sts-train.csv.gz", ("c6", "c7", "c5"), {"delimiter": "\t", "quotes": "literal"}),
        ("zh_stsb/sts-b-train.txt.gz", ("c1", "c2", "c3"), {}),
        ("zh_afqmc/train.txt.gz", ("c1", "c2", "c3"), {}),
    ],
)
def test_pairs_with_a_grade_are_grades_or_passages(tmp_path, file, columns, form):
    told = dict(zip(("text", "text_pair", "label"), columns, strict=True)) | form
    graded = prepare([DATA / file], tmp_path / "graded", DataOptions(task="embedding", **told))
    assert graded.labels.problem == "regression" and graded.roles.text_pair == columns[1]
    judged = prepare([DATA / file], tmp_path / "judged", DataOptions(task="reranking", **told))
    assert judged.labels.problem == "relevance" and judged.labels.high == graded.labels.high
    dropped = judged.stats["ledger"]["dropped"]
    assert dropped["no_positives"] == judged.stats["passages"]["positives_missing"] > 0

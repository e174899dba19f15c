"""tunebook mine: what is written, and what comes next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Call


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(json.dumps({"query": f"ask {n}", "pos": [f"say {n} ask"]}) for n in range(40)))
    return path


def test_the_file_is_written_and_what_comes_next_is_told(pairs: Path, tmp_path: Path, tunebook: Call) -> None:
    done = tunebook("mine", pairs, "--into", tmp_path / "out.jsonl", "--negatives", "2")
    out = " ".join(done.out.split())
    assert done.code == 0 and "Negatives found 80" in out
    assert "--task reranking" in out and "--split-column" not in out


def test_the_task_of_a_book_is_that_of_what_comes_next(pairs: Path, tmp_path: Path, tunebook: Call) -> None:
    for task in ("embedding", "reranking"):
        book = tmp_path / task
        made = tunebook("init", book, "--data", pairs, "--task", task)
        assert made.code == 0
        done = tunebook("mine", book, "--into", tmp_path / f"{task}.mined", "--negatives", "2")
        assert f"--task {task}" in " ".join(done.out.split())


def test_scores_of_a_teacher_are_kept_or_said_to_be_lost(tmp_path: Path, tunebook: Call) -> None:
    path = tmp_path / "taught.jsonl"
    rows = ({"query": f"ask {n}", "pos": [f"say {n} ask"], "pos_scores": [n]} for n in range(40))
    path.write_text("\n".join(map(json.dumps, rows)))
    done = tunebook("mine", path, "--into", tmp_path / "out.jsonl", "--negatives", "2")
    out = " ".join((done.out + done.err).split())
    assert "Teacher's scores kept 40" in out and "The 80 negatives that were found have no teacher's score" in out
    assert "--task embedding" in out and "--scores RUN" in out
    done = tunebook("mine", path, "--into", tmp_path / "out", "--negatives", "2")
    out = " ".join((done.out + done.err).split())
    assert "a folder has no place for, and that were not written: pos_scores, neg_scores" in out and "kept" not in out


def test_json_says_where_the_rows_are(pairs: Path, tmp_path: Path, tunebook: Call) -> None:
    found = tunebook("mine", pairs, "--into", tmp_path / "out", "--json").json
    assert found["path"] == str(tmp_path / "out") and found["rows"] == 40 and found["without"] == 0


@pytest.mark.parametrize(("flag", "value"), [("--ranks", "5"), ("--ranks", "9-3"), ("--relative-margin", "much")])
def test_options_out_of_bounds_are_refused(pairs: Path, tmp_path: Path, tunebook: Call, flag: str, value: str) -> None:
    error = tunebook("mine", pairs, "--into", tmp_path / "out.jsonl", flag, value, "--json").json["error"]
    assert error["code"] in ("cli.option", "mine.rule") and error["allowed"]


def test_a_margin_of_a_reranker_needs_one(pairs: Path, tmp_path: Path, tunebook: Call) -> None:
    error = tunebook("mine", pairs, "--into", tmp_path / "out.jsonl", "--filter-margin", "0.1", "--json").json["error"]
    assert error["code"] == "cli.option" and "--filter RUN" in error["allowed"]


def test_a_reranker_without_negatives_is_told_what_comes_first(tmp_path: Path, tunebook: Call) -> None:
    from tests import small
    from tests.tasks.reranking.test_book import records

    base, rows = small.base_model(tmp_path / "base"), tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({name: row[name] for name in ("query", "pos")}) + "\n" for row in records(40)))
    done = tunebook("init", tmp_path / "book", "--data", rows, "--task", "reranking", "--model", base)
    out = " ".join((done.out + done.err).split())
    assert done.code == 0 and "any order of them is right" in out
    assert "tunebook mine" in out and "--into mined.jsonl" in out and "tunebook train" not in out


def test_what_comes_next_keeps_splits_and_nothing_follows_from_nothing(tmp_path: Path, tunebook: Call) -> None:
    rows, apart = tmp_path / "rows.jsonl", tmp_path / "apart.jsonl"
    lines = [{"query": f"ask {n}", "pos": [f"say {n} ask"], "split": ("train", "test")[n % 2]} for n in range(40)]
    rows.write_text("\n".join(map(json.dumps, lines)))
    done = tunebook("mine", rows, "--into", tmp_path / "out.jsonl")
    assert "--task reranking --split-column split" in " ".join(done.out.split())
    apart.write_text("\n".join(json.dumps({"query": f"q{n}", "pos": [f"p{n}"]}) for n in range(40)))
    done = tunebook("mine", apart, "--into", tmp_path / "none.jsonl")
    out = " ".join((done.out + done.err).split())
    assert "None of the 40 queries has a negative" in out and "tunebook init" not in out

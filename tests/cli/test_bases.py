"""tunebook bases: a table, what cannot be had below it, and the command that takes the best."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import small
from tests.cli.conftest import Call

from tunebook.core.messages import say
from tunebook.core.nouns import Labels
from tunebook.core.registry import tasks
from tunebook.core.training import Training
from tunebook.models.source import load_tokenizer
from tunebook.tasks.reranking import Reranking


def test_base_models_on_a_screen_and_as_json(
    tunebook: Call, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    other = small.base_model(tmp_path / "other", vocabulary=["the", *(f"unused{n}" for n in range(40))])
    words = ("bases", fresh, "--model", other, "--model", tmp_path / "nowhere")
    found = tunebook(*words, "--json").json
    assert found["metric"] == "accuracy"
    first, second = found["candidates"]
    assert set(first) == {
        "model", "score", "low", "high", "tokens_per_character", "unknown_share", "bytes", "rows_per_second", "licence",
        "probe",
    }  # fmt: skip
    assert first["model"] == str(other) and 0 <= first["low"] <= first["score"] <= first["high"] <= 1
    assert second["model"] == str(tmp_path / "nowhere") and second["score"] is None
    assert second["error"]["code"] == "model.folder"
    done = tunebook(*words)
    assert done.code == 0
    assert f"table set {fresh} base_model={other}" in done.out and f"tunebook train {fresh}" in done.out
    assert "Rows a second" in done.out and "There is no folder" in done.out and "reads these rows best" in done.out


def test_nothing_but_failures(tunebook: Call, fresh: Path, tmp_path: Path) -> None:
    done = tunebook("bases", fresh, "--model", tmp_path / "nowhere")
    assert done.code == 0 and "Next:" not in done.out


def test_too_close_to_call(tunebook: Call, fresh: Path, base: Path, tmp_path: Path) -> None:
    twin = small.base_model(tmp_path / "twin")
    done = tunebook("bases", fresh, "--model", base, "--model", twin)
    assert "no further than chance" in done.out.replace("\n", " ")


def test_of_embeddings_it_says_what_was_searched(tunebook: Call, base: Path, tmp_path: Path) -> None:
    from tests.tasks.embedding.test_passages import file_of

    source = file_of(tmp_path / "rows.jsonl", 40)
    words = ("init", tmp_path / "book", "--data", source, "--model", base)
    assert tunebook(*words, "--task", "embedding").code == 0
    told = " ".join(tunebook("bases", tmp_path / "book", "--model", base).out.split())
    assert "Each model as it is" in told and "passages" in told and "NDCG@10" in told
    words = ("init", tmp_path / "other", "--data", source, "--model", base)
    assert tunebook(*words, "--task", "reranking").code == 0
    (only,) = tunebook("bases", tmp_path / "other", "--model", base, "--json").json["candidates"]
    assert only["error"]["code"] == "bases.unread" and only["score"] is None and only["probe"] is None


def test_of_rerankers_it_says_how_each_was_judged(
    tunebook: Call, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.tasks.embedding.test_passages import file_of

    monkeypatch.setenv("COLUMNS", "240")
    task = tasks()["embedding"]()
    task.build(base, None, small.filled()).save_pretrained(str(tmp_path / "vectors"))
    ranked = Reranking().build(base, Labels(problem="relevance", low=0.0, high=1.0), Training())
    ranked.save_pretrained(str(tmp_path / "ranked"))
    for name in ("vectors", "ranked"):
        load_tokenizer(base).save_pretrained(str(tmp_path / name))
    source = file_of(tmp_path / "rows.jsonl", 40)
    assert tunebook("init", tmp_path / "book", "--data", source, "--model", base, "--task", "reranking").code == 0
    ask = ("bases", tmp_path / "book", "--model", tmp_path / "ranked")
    one = tunebook(*ask)
    assert "with a score of their own" in " ".join(one.out.split()) and say("bases.by") not in one.out.split()
    both = tunebook(*ask, "--model", tmp_path / "vectors").out
    for word in (say("bases.by"), say("baseline.base_scores"), say("baseline.base_vectors"), "fresh head"):
        assert word in both

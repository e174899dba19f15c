"""Books of preferences on the command line: what is proposed fits the rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests import small
from tests.cli.conftest import Call

from tunebook.core.nouns import Estimate
from tunebook.report.plan_words import estimate_text

Write = Callable[[list[dict[str, Any]]], Path]


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("decoder"), "llama", [*small.words(), "user", "assistant", ":"])


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(rows: list[dict[str, Any]]) -> Path:
        file = tmp_path / "rows.json"
        file.write_text(json.dumps(rows), encoding="utf-8")
        return file

    return write


def talks(count: int) -> list[dict[str, Any]]:
    """Conversations whose answers were judged, every second one good."""
    words = small.words()
    found = []
    for number in range(count):
        turns = [f"{words[number % 20]} {words[number % 7]}", f"{words[number % 5]} {words[number % 11 + 5]}"]
        messages = [{"role": role, "content": text} for role, text in zip(("user", "assistant"), turns, strict=True)]
        found.append({"messages": messages, "label": number % 2 == 0})
    return found


def test_answers_that_were_judged_get_a_table_that_fits_them(tunebook: Call, write: Write, decoder: Path) -> None:
    file = write(talks(60))
    refused = tunebook("init", file.parent / "no", "--data", file, "--model", decoder)
    assert refused.code and "--task preference" in refused.err + refused.out
    made = tunebook("init", file.parent / "book", "--data", file, "--model", decoder, "--task", "preference")
    assert made.code == 0 and "preference.pairs" not in made.out and "sigmoid" not in made.out
    told = " ".join(made.out.split())
    assert "= judged" not in told and "bears another label" not in told


def test_check_counts_what_training_counts(tunebook: Call, write: Write, decoder: Path) -> None:
    rows = talks(60)
    for row in rows[::4]:
        row["messages"][0]["content"] = " ".join(small.words()[:20] * 3)
    file = write(rows)
    book = str(file.parent / "book")
    assert tunebook("init", book, "--data", file, "--model", decoder, "--task", "preference").code == 0
    short = ("--set", "max_length=32", "--set", "max_steps=1", "--set", "preference.template=plain")
    told = " ".join(tunebook("check", book, *short).out.split())
    assert "lose their end" not in told
    without, rows = map(int, told.partition(" rows teach nothing")[0].split()[-3::2])
    estimate = tunebook("check", book, *short, "--json").json["estimate"]
    assert estimate["left_out_share"] == without / rows and estimate["cut_share"] == 0
    trained = tunebook("train", book, *short, "--no-eval", "--track", "none")
    told = " ".join((trained.out + trained.err).split())
    assert 0 < without < rows == 46 and f"Of {without} of the training rows an answer does not fit" in told
    assert f"{without / rows:.1%} of the rows teach nothing and are left out" in told


def test_rows_that_are_too_long_lose_their_end_only_where_they_do() -> None:
    estimate = Estimate(steps=2, parameters=1, trained=1, seconds=1.0, memory_bytes=1, cut_share=0.5)
    assert "; 50.0% of the rows lose their end" in estimate_text(estimate)
    assert ";" not in estimate_text(estimate.model_copy(update={"cut_share": 0.0}))

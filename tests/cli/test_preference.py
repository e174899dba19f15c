"""Books of preferences on the command line: what is proposed fits the rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests import small
from tests.cli.conftest import Call

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

"""tunebook predict of a model that writes: how it is to write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Call
from tests.verbs.test_chat import written  # noqa: F401 - a fixture

from tunebook.verbs.predict import predict, predict_file
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

TEXTS = ["swap a , b", "swap the room , the bed"]


def test_options_are_what_the_verb_takes(written: tuple[Book, Run], tmp_path: Path, tunebook: Call) -> None:  # noqa: F811
    book, run = written
    how: tuple[str, ...] = (
        "--max-new-tokens",
        "5",
        "--temperature",
        "2",
        "--seed",
        "3",
        "--top-p",
        "0.9",
        "--stop",
        "zz",
    )
    told: dict[str, Any] = {"max_new_tokens": 5, "temperature": 2.0, "seed": 3, "top_p": 0.9, "stop": ["zz"]}
    how = (*how, "--stop", "zz", "--system", "be kind")
    lines = tunebook("predict", book.path, *TEXTS, *how, "--tokens-at-once", "30", "--json").lines
    assert [one["answer"] for one in lines] == [one["answer"] for one in predict(run, TEXTS, system="be kind", **told)]
    file = tmp_path / "asked.jsonl"
    file.write_text("".join(json.dumps({"instruction": text}) + "\n" for text in TEXTS), encoding="utf-8")
    shown = tunebook("predict", book.path, "--file", file, *how)
    assert "--seed 3" in shown.out and "--system" in shown.out
    again = tunebook("predict", book.path, "--file", file, *how, "--json").lines
    assert [one["answer"] for one in again] == [one["answer"] for one in lines]
    assert [one["answer"] for one in predict_file(run, file, system="be kind", **told)] == [
        one["answer"] for one in lines
    ]
    lost = tunebook("predict", book.path, "--file", file, "--text", "instruktion", "--json").json["error"]
    assert lost["code"] == "data.column" and "instruktion" in lost["message"] and "swap a , b" in lost["message"]
    refused = tunebook("predict", book.path, *TEXTS, "--top-p", "2")
    assert refused.code == 2 and "--top-p" in refused.err

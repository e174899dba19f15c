"""A base model with a head of its own, from `init` to `predict`: what the commands say of it, and what it answers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests import small

from tunebook.cli import main
from tunebook.core.nouns import Labels
from tunebook.tasks.text_classification import TextClassification

STILL = ("--set", "learning_rate=1e-9", "--set", "max_epochs=1", "--set", "precision=fp32", "--no-eval")
TEXTS = small.texts(120, 3)
Say = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """What a command prints with --json, one or several lines."""

    def said(*words: Any) -> list[dict[str, Any]]:
        assert main([str(word) for word in (*words, "--json")]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return said


def own(folder: Path, names: list[str]) -> Any:
    """A base model that answers with these classes, in which they can be told from each other."""
    model = TextClassification().build(
        small.base_model(folder / "plain"), Labels(problem="single_label", names=names), small.filled(dropout=0.0)
    )
    with torch.no_grad():
        model.classifier.weight.mul_(20)
    model.save_pretrained(folder / "own")
    small.tokenizer(folder / "own")
    return model.eval()


def test_classes_in_another_order_are_matched_by_name(tmp_path: Path, say: Say, capsys: Any) -> None:
    """transformers takes the rows by their places, so that each class would begin as its opposite."""
    base = own(tmp_path, ["good", "bad"])
    file = small.write_csv(tmp_path / "t.csv", 80)
    book = tmp_path / "book"
    say("init", book, "--data", file, "--model", tmp_path / "own")
    head = {"own": ["good", "bad"], "rows": {"bad": 1, "good": 0}, "number": False}
    assert say("check", book)[0]["head"] == head
    assert main(["train", str(book), *STILL, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["head"] == head
    assert "matched by the names of the classes: bad, good" in " ".join(said.err.split())
    texts = [text for text, _ in small.texts(12, seed=9)]
    answers = say("predict", book, *texts)
    with torch.no_grad():
        chances = base(**small.tokenizer()(texts, padding=True, return_tensors="pt")).logits.softmax(1)
    for answer, row in zip(answers, chances.tolist(), strict=True):
        assert answer["scores"] == pytest.approx(dict(zip(("good", "bad"), row, strict=True)), abs=1e-4)
    assert (chances[:, 0] - 0.5).abs().min() > 0.01, "the classes could not be told from each other"


def test_other_names_are_told_to_begin_fresh(tmp_path: Path, say: Say, capsys: Any) -> None:
    own(tmp_path, ["x", "y"])
    book = tmp_path / "book"
    say("init", book, "--data", small.write_csv(tmp_path / "t.csv", 80), "--model", tmp_path / "own")
    assert main(["check", str(book)]) == 0
    assert "(x, y), which knows none of these classes" in " ".join(capsys.readouterr().out.split())


def test_a_classifier_taken_for_numbers_begins_at_their_mean(tmp_path: Path, say: Say) -> None:
    own(tmp_path, ["a", "b", "c"])
    rows = [f"{text},{45 + number % 9}" for number, (text, _) in enumerate(small.texts(80))]
    (tmp_path / "t.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    book = tmp_path / "book"
    say("init", book, "--data", tmp_path / "t.csv", "--model", tmp_path / "own", "--problem", "regression")
    say("train", book, *STILL)
    answers = say("predict", book, "the room was great", "a lovely stay")
    assert all(abs(answer["label"] - 49) < 2.5 for answer in answers)


def test_numbers_keep_their_differences_in_bf16(tmp_path: Path, say: Say) -> None:
    """A head in bf16 would answer one number for all rows, and no look at the validation rows would have a score."""
    small.base_model(tmp_path / "base")
    rows = [f"{text},{100 + 5 * small.LEVELS.index(label) + number % 3}" for number, (text, label) in enumerate(TEXTS)]
    (tmp_path / "t.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    book = tmp_path / "book"
    say("init", book, "--data", tmp_path / "t.csv", "--model", tmp_path / "base", "--problem", "regression")
    (run,) = say("train", book, "--set", "max_epochs=2", "--set", "precision=bf16", "--no-eval")
    history = [json.loads(line) for line in (Path(run["path"]) / "metrics.jsonl").read_text().splitlines()]
    looks = [entry["eval_spearman"] for entry in history if "eval_spearman" in entry]
    assert len(looks) == 2 and all(isinstance(value, float) and math.isfinite(value) for value in looks)
    answers = [answer["label"] for answer in say("predict", book, *(text for text, _ in TEXTS[:24]))]
    assert len(set(answers)) > 12 and all(95 < answer < 115 for answer in answers)


def test_the_kept_tokenizer_cuts_where_the_run_did(tmp_path: Path, say: Say) -> None:
    """Of a base whose tokenizer names no length, and of a run that is shorter than its base."""
    small.base_model(tmp_path / "base")
    settings = tmp_path / "base" / "tokenizer_config.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "model_max_length": int(1e30)}))
    book = tmp_path / "book"
    say("init", book, "--data", small.write_csv(tmp_path / "t.csv", 80), "--model", tmp_path / "base")
    (run,) = say("train", book, *STILL, "--set", "max_length=12")
    kept = json.loads((Path(run["path"]) / "model" / "tokenizer_config.json").read_text())
    assert kept["model_max_length"] == 12
    (again,) = say("train", book, *STILL, "--set", "max_length=30", "--continue-from", run["run"])
    assert again["run"] != run["run"], "what the base can read is known to the next training"

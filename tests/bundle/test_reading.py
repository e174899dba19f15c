"""Texts as a bundle reads them are those that transformers reads."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests import small

from tunebook.bundle.classes import Classes
from tunebook.bundle.form import TaskForm
from tunebook.bundle.manifest import Manifest
from tunebook.bundle.reading import Reader
from tunebook.bundle.windows import Windows, given_as
from tunebook.bundle.words import best_scores, said_classes
from tunebook.core.errors import DataError

TEXTS = ["the great room", "we found it very slow and dirty and sad and poor", "", "zzz great"]


def reader(**how: Any) -> tuple[Any, Reader]:
    tokenizer = small.tokenizer()
    given = {
        "rules": ["space"], "max_length": 8, "pad": 0, "unknown": 1, "side": "right", "pairs": False,
        "inputs": ["input_ids", "attention_mask", "token_type_ids"], **how,
    }  # fmt: skip
    return tokenizer, Reader(tokenizer.backend_tokenizer.to_str(), given)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("pairs", [None, TEXTS[::-1]])
def test_tokens_are_those_of_transformers(side: str, pairs: list[str] | None):
    tokenizer, own = reader(side=side)
    tokenizer.truncation_side = side
    theirs = tokenizer(TEXTS, pairs, truncation=True, max_length=8)
    found = own.tokens(TEXTS, pairs)
    assert [row.ids.tolist() for row in found] == theirs["input_ids"]
    assert [row.types.tolist() for row in found if row.types is not None] == theirs["token_type_ids"]
    whole = tokenizer(TEXTS, pairs)["input_ids"]
    assert [row.cut for row in found] == [len(ids) > 8 for ids in whole]
    assert [row.unknown for row in found] == [row.ids.tolist().count(1) for row in found]


def test_lines_are_filled_up_at_their_right():
    _, own = reader()
    feeds = own.padded([np.array([5, 6]), np.array([7])], [np.array([0, 1]), np.array([1])])
    assert {name: value.tolist() for name, value in feeds.items()} == {
        "input_ids": [[5, 6], [7, 0]], "attention_mask": [[1, 1], [1, 0]], "token_type_ids": [[0, 1], [1, 0]],
    }  # fmt: skip


def test_texts_are_cleaned_by_the_rules_of_the_run():
    _, own = reader()
    assert own.clean([" a  b "]) == ["a b"]
    assert own.clean([" a  b "], done=True) == [" a  b "]
    assert own.clean(["a \ud83d", "\ud83d\ude42"]) == ["a \ufffd", "🙂"]
    assert [row.given for row in given_as([Windows("🙂", None, np.zeros(1))], ["\ud83d\ude42"])] == ["🙂"]
    with pytest.raises(DataError, match=r"bundle\.text"):
        own.clean([None])  # type: ignore[list-item]


@pytest.mark.parametrize(("pairs", "given"), [(True, None), (False, ["b"]), (True, ["b", "c"])])
def test_pairs_go_with_a_model_of_pairs(pairs: bool, given: list[str] | None):
    _, own = reader(pairs=pairs)
    manifest: Any = Manifest(**dict.fromkeys(Manifest.__dataclass_fields__))  # type: ignore[arg-type]
    form: TaskForm = Classes(manifest, own)
    with pytest.raises(DataError, match=r"bundle\.pairs"):
        form.read(["a"], given, clean=False, side="passage")


def test_answers_are_said_by_the_link():
    outputs = np.array([[0.0, 1.6]])
    assert said_classes(outputs, ["a", "b"], "softmax", "one")[0]["label"] == "b"
    assert said_classes(outputs, ["a", "b"], "sigmoid", "several")[0]["label"] == ["b"]
    assert said_classes(outputs[:, 1:], ["a", "b", "c"], "identity", "ordered")[0] == {
        "label": "c",
        "score": 1.6,
        "scores": {},
    }
    assert said_classes(outputs, [], "identity", "none")[0]["label"] == 0
    assert json.dumps(best_scores({"a": 0.1, "b": 0.9}, 1)) == '{"b": 0.9}'

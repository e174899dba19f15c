"""What users ask of bundles that are no classifiers: spans and answers in their own text, vectors, orders."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests import small

from tunebook.bundle.answering import Tokens
from tunebook.bundle.calibrated import DECODING, Calibrated
from tunebook.bundle.extracting import Extracting
from tunebook.bundle.form import TaskForm, need_pairs, refuse_pairs
from tunebook.bundle.reading import Reader, Whole
from tunebook.bundle.relevance import Relevance
from tunebook.bundle.runtime import Bundle
from tunebook.bundle.tagger import Tagger
from tunebook.bundle.vectors import Vectors
from tunebook.bundle.windows import Windows
from tunebook.core.errors import DataError

HOW = {
    "rules": ["html", "space"], "max_length": 16, "pad": 0, "unknown": 1, "side": "right", "pairs": False,
    "inputs": ["input_ids", "attention_mask", "token_type_ids"],
    "prompts": {"query": "the {text}", "passage": "{text}"},
}  # fmt: skip


def bundle(kind: type[TaskForm], run: Any, **decoding: Any) -> Bundle:
    """A bundle in memory, with a function in place of its graph."""
    manifest: Any = SimpleNamespace(names=["X"], decoding=decoding)
    made = Bundle.__new__(Bundle)
    made.folder, made.task, made.gives = Path(), "t", kind.gives
    made._form = kind(manifest, Reader(small.tokenizer().backend_tokenizer.to_str(), HOW))
    made._run = run
    return made


def marks(word: str) -> Any:
    """A model that says B wherever a word stands."""
    number = small.tokenizer().convert_tokens_to_ids(word)

    def run(feeds: Any) -> Any:
        found = np.zeros((*feeds["input_ids"].shape, 3), np.float32)
        found[..., 1] = np.where(feeds["input_ids"] == number, 9, -9)
        return found

    return run


def test_spans_are_places_in_the_text_as_it_was_given():
    made = bundle(Tagger, marks("great"))
    text = "the  <b>great</b>   room " + "was very slow " * 9 + "and great"
    [answer] = made.predict([text])
    assert [text[span["start"] : span["end"]] for span in answer["spans"]] == ["great", "great"]
    assert [span["text"] for span in answer["spans"]] == ["great", "great"]
    assert all(span["label"] == "X" and span["score"] > 0.99 for span in answer["spans"])
    [row] = made.read([text])
    assert isinstance(row, Windows)
    assert len(row.lines) > 1
    assert made.predict(["", "  "]) == [{"spans": [], "notes": ["no_text"]}] * 2
    assert made.predict(["sad"])[0] == {"spans": [], "notes": []}
    assert made.read([]) == []


def test_calibrated_spans_are_less_sure_and_some_unsure():
    text, plain = "the great room", bundle(Tagger, marks("great"))
    how = Calibrated(temperature=4.0, sure=0.999)
    [before], [after] = plain.predict([text]), bundle(Tagger, marks("great"), **{DECODING: how.facts}).predict([text])
    odds = np.log(before["spans"][0]["score"]) - np.log1p(-before["spans"][0]["score"])
    assert after["spans"][0]["score"] == pytest.approx(1 / (1 + np.exp(-odds / 4)), abs=1e-3)
    assert after["notes"] == ["unsure"] and before["notes"] == []


def test_an_answer_is_a_place_in_the_context_as_it_was_given():
    number = small.tokenizer().convert_tokens_to_ids("hotel")

    def run(feeds: Any) -> Any:
        return np.where(feeds["input_ids"] == number, 5, -5)[..., None].repeat(2, axis=2).astype(np.float32)

    made = bundle(Extracting, run, longest=3, threshold=None)
    context = "a  <i>very</i> slow   and <b>lovely</b> hotel we found"
    [answer] = made.predict(["the room was"], [context], top_k=2)
    assert context[answer["start"] : answer["end"]] == answer["answer"] == "hotel"
    assert len(answer["others"]) == 1
    never = bundle(Extracting, run, longest=3, threshold=99.0)
    assert never.predict(["the room was"], [context])[0]["answer"] == ""
    assert made.predict(["", "a"], ["hotel", " "])[0]["notes"] == ["no_text"]
    assert made.read([], []) == []


def test_vectors_have_the_prompt_of_their_side():
    made = bundle(Vectors, lambda feeds: feeds["attention_mask"].sum(1, keepdims=True).astype(np.float32))
    assert made.embed(["great room"]).tolist() == [[4]]
    assert made.embed(["great room", "<b>sad</b>"], "query").tolist() == [[5], [4]]
    assert made.embed([]).shape == (0, 0)
    assert made.answers(made.read(["great"]), [np.ones(2, np.float32)]) == [{"vector": [1.0, 1.0]}]
    assert made.predict([" "])[0]["vector"] is None
    with pytest.raises(DataError, match=r"bundle\.side"):
        made.embed(["a"], "left")
    with pytest.raises(DataError, match=r"bundle\.not_given"):
        made.rerank("a", ["b"])


def test_passages_come_in_the_order_of_their_best_windows():
    number = small.tokenizer().convert_tokens_to_ids("great")
    made = bundle(Relevance, lambda feeds: (feeds["input_ids"] == number).sum(1, keepdims=True).astype(np.float32))
    long = "slow " * 30 + "great great great"
    found = made.rerank("the room", ["sad", "great room", " ", long, "great"])
    assert [place for place, _ in found] == [3, 1, 4, 0]
    assert all(0 <= score <= 1 for _, score in found)
    assert made.rerank("the room", ["sad", "great"], top_k=1)[0][0] == 1
    assert made.rerank("the room", []) == made.rerank(" ", ["great"]) == []
    assert made.predict([""], ["great"])[0]["score"] is None
    with pytest.raises(DataError, match=r"bundle\.not_given"):
        made.embed(["a"])


def test_second_texts_are_there_or_not():
    assert need_pairs(["a"], ["b"]) == ["b"]
    refuse_pairs(None, 1)
    for wrong in (lambda: refuse_pairs(["b"], 1), lambda: need_pairs(["a"], None), lambda: need_pairs(["a"], [])):
        with pytest.raises(DataError, match=r"bundle\.pairs"):
            wrong()


def test_a_whole_tokenizer_is_asked_as_those_of_transformers():
    theirs = small.tokenizer()
    own = Whole(theirs.backend_tokenizer, 1, typed=True)
    for given in (("great room",), ("great", "sad room"), (["great", "sad"],)):
        expected, found = theirs(*given), own(*given)
        assert found["input_ids"] == expected["input_ids"]
        assert found["token_type_ids"] == expected["token_type_ids"]
    assert "token_type_ids" not in Whole(theirs.backend_tokenizer, 1, typed=False)("great")
    assert own.convert_tokens_to_ids("great") == theirs.convert_tokens_to_ids("great")
    assert own.convert_tokens_to_ids("▁") == 1
    assert len(Tokens("a", None, np.zeros(2))) == 2

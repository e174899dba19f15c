"""Pairs are what the tokenizer makes of two texts; long passages are read in the windows of BCEmbedding's reranker."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests import small
from tests.tasks.reranking import made
from tests.tasks.tagging import readers
from tunebook.bundle import pair_windows as pairs
from tunebook.bundle.pair_windows import TYPES, WINDOW
from tunebook.core.answers import Rows
from tunebook.core.errors import DataError, ModelError
from tunebook.core.judged import Judged
from tunebook.nets.candidates import PLACE
from tunebook.tasks.reranking import Reranking

TASK = Reranking()


def windows(rows: Rows, tokenizer: Any, length: int) -> list[list[tuple[int, int, list[int], list[int]]]]:
    """Place, window, tokens and their types of each window of each row, as the batch has them."""
    encoded = TASK.encode(rows, tokenizer, length)
    found = []
    for row in range(len(rows)):
        own = slice(encoded.offsets[row], encoded.offsets[row + 1])
        keys = list(zip(encoded.flat[PLACE][own].tolist(), encoded.flat[WINDOW][own].tolist(), strict=True))
        ids = encoded.flat["input_ids"][own].tolist()
        types = encoded.flat[TYPES][own].tolist() if TYPES in encoded.flat else [0] * len(ids)
        lines = []
        for key in dict.fromkeys(keys):
            at = [number for number, one in enumerate(keys) if one == key]
            lines.append((*key, [ids[number] for number in at], [types[number] for number in at]))
        found.append(lines)
    return found


def double(tokenizer: Any) -> Any:
    """The same tokenizer with two signs between the texts, as XLM-R has."""
    from tokenizers import processors

    numbers = [(token, tokenizer.convert_tokens_to_ids(token)) for token in ("<s>", "</s>")]
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=numbers
    )
    return tokenizer


@pytest.fixture(params=["small", "xlm-r", *readers.KINDS])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    if request.param == "small":
        return small.tokenizer()
    return double(readers.tokenizer("unigram", 511)) if request.param == "xlm-r" else readers.tokenizer(request.param)


def test_a_pair_is_what_the_tokenizer_makes_of_both_texts(tokenizer: Any) -> None:
    texts = [*readers.TEXTS, "the room was great", "", "a"]
    rows = made.rows(texts, texts, [[(number, 1.0), (0, 0.0)] for number in range(len(texts))])
    for query, found in zip(texts, windows(rows, tokenizer, 512), strict=True):
        for (_, window, ids, types), passage in zip(found, (query, texts[0]), strict=True):
            expected = tokenizer([query], [passage])
            assert window == 0 and ids == expected["input_ids"][0]
            assert types == expected.get(TYPES, [[0] * len(ids)])[0]


def reference(query: list[int], passage: list[int], length: int, between: int, overlap: int = 80) -> list[list[int]]:
    """Parts of a passage by the loop of BCEmbedding's reranker: a window begins so many tokens before the end of the
    one before, until the end of the passage is in one."""
    most = length - len(query) - 2 - between
    overlap = min(overlap, most // 4)
    if len(passage) <= most:
        return [passage]
    parts, start = [], 0
    while start < len(passage):
        end = start + most
        parts.append(passage[start:end])
        start = end - overlap if end < len(passage) else end
    return parts


@pytest.mark.parametrize("length", [30, 64, 200, 511])
def test_windows_are_those_of_bcembedding(length: int) -> None:
    tokenizer = double(readers.tokenizer("unigram", 511))
    draw = np.random.default_rng(0)
    letters = list("Annametbobleinwyork")
    passages = ["".join(draw.choice(letters, size=size)) for size in (3, 40, 150, 400, 1500, 90, 91, 92, 93, 94, 95)]
    rows = made.rows(passages, ["Anna met", "Bob"], [[(number, 0.0) for number in range(len(passages))]] * 2)
    for query, found in zip(rows.texts, windows(rows, tokenizer, length), strict=True):
        q = tokenizer(query, add_special_tokens=False)["input_ids"]
        expected = [
            (place, window, [0, *q, 2, 2, *part, 2])
            for place, passage in enumerate(passages)
            for window, part in enumerate(
                reference(q, tokenizer(passage, add_special_tokens=False)["input_ids"], length, 2)
            )
        ]
        assert [one[:3] for one in found] == expected
        assert max(len(one[2]) for one in found) <= length


def test_a_long_query_leaves_room_for_the_passage() -> None:
    tokenizer = small.tokenizer()
    rows = made.rows(["room " * 30, "food"], ["hotel " * 50], [[(0, 1.0), (1, 0.0)]])
    found = windows(rows, tokenizer, 23)[0]
    hotel, room = (tokenizer.convert_tokens_to_ids(word) for word in ("hotel", "room"))
    assert all(ids.count(hotel) == 10 and len(ids) <= 23 for _, _, ids, _ in found)
    assert sum(ids.count(room) for _, _, ids, _ in found) >= 30 and len(found) > 3


def test_parts_of_many_rows_are_put_together_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, tokenizer = made.drawn(40, longest=60), small.tokenizer()
    whole = TASK.encode(rows, tokenizer, 24)
    monkeypatch.setattr(pairs, "_AT_ONCE", 200)
    parts = TASK.encode(rows, tokenizer, 24)
    assert parts.flat.keys() == whole.flat.keys()
    assert all((parts.flat[name] == whole.flat[name]).all() for name in whole.flat)
    assert (parts.offsets == whole.offsets).all()
    alone = [TASK.encode(rows.at([row]), tokenizer, 24).flat["input_ids"].tolist() for row in range(40)]
    assert [id_ for row in alone for id_ in row] == whole.flat["input_ids"].tolist()
    assert TASK.lines(whole).tolist() == [len(found) for found in windows(rows, tokenizer, 24)]


def test_a_query_without_candidates_and_a_length_without_room_are_refused() -> None:
    rows = made.rows(["food", "room"], ["hotel", "stay"], [[(0, 1.0)], [(1, 1.0)]])
    targets = rows.targets.copy()
    targets[1] = 0
    none = type(rows)(rows.texts, None, targets, rows.ids, passages=rows.passages, passage_ids=rows.passage_ids)
    with pytest.raises(DataError) as caught:
        TASK.encode(none, small.tokenizer(), 24)
    assert caught.value.code == "reranking.no_candidates" and caught.value.key == "q1"
    with pytest.raises(DataError) as alone:
        TASK.encode(Rows(["food"], None, None, ["1"]), small.tokenizer(), 24)
    assert alone.value.code == "reranking.alone" and "tunebook rerank" in alone.value.advice
    with pytest.raises(ModelError) as refused:
        TASK.encode(rows, small.tokenizer(), 10)
    assert refused.value.code == "reranking.max_length" and refused.value.allowed == ">= 11"
    assert Judged.of(rows.targets).counts.tolist() == [1, 1]

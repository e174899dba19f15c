"""Sketches: near what they are made of, and the same for the same text."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tunebook.requests.sample import sampled
from tunebook.requests.sketch import WIDTH, language, sketch, vectors

HOTELS = ["the room was clean and quiet", "a clean room and a quiet night", "breakfast was cold and late"]
OTHERS = ["my parcel never came", "the screen is broken", "refund my order"]


def counted(text: str) -> Counter[str]:
    """The n-grams by their definition."""
    padded = f" {text} "
    return Counter(padded[i : i + n] for n in (1, 2, 3, 4) for i in range(len(padded)) if i + n <= len(padded))


def test_the_cosine_is_near_that_of_the_counts():
    texts = [*HOTELS, *OTHERS, "房间很干净，服务也好", "房间干净，早餐很好"]
    grams = sorted(set().union(*map(counted, texts)))
    exact = np.array([[np.log1p(counted(text)[gram]) for gram in grams] for text in texts])
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    found = vectors(map(sketch, texts))
    assert found.shape == (len(texts), WIDTH) and found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=2e-3)
    error = (found @ found.T - exact @ exact.T)[np.triu_indices(len(texts), 1)]
    assert np.sqrt((error**2).mean()) < 1.5 / np.sqrt(WIDTH) and abs(error.mean()) < 0.05


def test_what_is_not_told_apart():
    assert sketch("Room  305\n") == sketch("room 417") == sketch("ＲＯＯＭ　９９９")
    assert sketch("room") != sketch("rooms") and len(sketch("好")) == 2 * WIDTH
    assert sketch("") == sketch(" \n") == bytes(2 * WIDTH)


def test_it_is_fixed():
    """Old logs hold such bytes: another projection would be drift."""
    assert sketch("hotel")[:16].hex() == "5dae81293927082d911f39a781a9082d"


def test_columns_with_none():
    assert vectors([None, b"", sketch("a")])[:2].tolist() == np.zeros((2, WIDTH)).tolist()
    assert vectors([]).shape == (0, WIDTH)


@pytest.mark.parametrize(("text", "said"), [("the room was not clean", "en"), ("房间很干净", "zh"), ("", "other")])
def test_the_language(text, said):
    assert language(text) == said


def test_a_sample_is_the_share_it_says_and_always_the_same():
    names = [f"request-{n}" for n in range(4000)]
    tenth, third = ({name for name in names if sampled(name, share)} for share in (0.1, 0.3))
    assert tenth < third and abs(len(tenth) - 400) < 80 and abs(len(third) - 1200) < 120
    assert all(sampled(name, 1.0) for name in names) and not any(sampled(name, 0.0) for name in names)

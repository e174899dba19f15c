"""A text as a model's tokenizer read it."""

from __future__ import annotations

import numpy as np

from tunebook.bundle.answering import Answering, Tokens


def test_a_text_is_as_long_as_its_tokens():
    assert len(Tokens("ab", None, np.array([1, 5, 6, 2]))) == 4


def test_three_steps_are_what_a_model_has():
    assert {"read", "outputs", "answers"} <= set(dir(Answering))

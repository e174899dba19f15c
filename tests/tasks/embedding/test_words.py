"""What users read of pairs with a grade."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.answers import Rows
from tunebook.core.nouns import Labels
from tunebook.tasks.embedding import Embedding
from tunebook.tasks.embedding.words import EmbeddingWords

TASK, LABELS = Embedding(), Labels(problem="regression", low=0.0, high=5.0)


def test_words() -> None:
    assert isinstance(TASK, EmbeddingWords)
    (said,) = TASK.say(np.array([[0.25]]), Rows(["a"], ["b"], None, ["1"]), LABELS)
    assert said == {"similarity": 0.25} and TASK.brief(said).label == "0.25" and TASK.shown(None) == "–"
    assert TASK.badness({"true": 5.0, **said}, LABELS) == pytest.approx(0.75)

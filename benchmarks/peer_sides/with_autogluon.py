"""AutoGluon's tables: its own n-grams of the text column, many models, an ensemble of them, by a limit of time.

Its part for texts with transformers does not install beside torch 2.13; this is the part that does.
"""

from __future__ import annotations

import tempfile

import pandas as pd
from autogluon.tabular import TabularPredictor

from asked import Asked, answer


def learn(asked: Asked) -> list[str]:
    """Fit for as long as the budget lasts; Chinese characters stand apart, for its n-grams are of words."""
    rows = pd.DataFrame({"text": words(asked.texts, asked), "label": asked.labels})
    with tempfile.TemporaryDirectory() as out:
        made = TabularPredictor("label", path=out, verbosity=0).fit(rows, time_limit=0.8 * asked.budget, num_cpus=1)
        return list(map(str, made.predict(pd.DataFrame({"text": words(asked.asked, asked)}))))


def words(texts: list[str], asked: Asked) -> list[str]:
    """Texts whose words stand apart."""
    return [" ".join(text) for text in texts] if asked.chinese else texts


if __name__ == "__main__":
    answer(learn, "autogluon.tabular", "lightgbm")

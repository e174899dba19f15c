"""A tiny decoder on rows of uneven length with a part to learn; run under torchrun it trains on two processes."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tests import small
from tests.engine import test_fit
from tunebook.core.encoded import Encoded, pack
from tunebook.core.nouns import Labels, Plan
from tunebook.engine.fit import Fit
from tunebook.engine.material import Material
from tunebook.nets.masking import IGNORED

LABELS = Labels(problem="language_model")


def rows(count: int, seed: int = 0) -> Encoded:
    """Counting upwards from a start, in rows of 4 to 24 tokens of which the first three are not learnt."""
    draw = random.Random(seed)
    texts = []
    for _ in range(count):
        start, size = draw.randrange(5, 20), draw.choice([4, 5, 6, 8, 12, 24])
        texts.append([5 + (start + place) % 28 for place in range(size)])
    labels = [[IGNORED] * 3 + text[3:] for text in texts]
    return pack({"input_ids": texts, "labels": labels})


def plan(techniques: dict[str, dict[str, Any]] | None = None, **params: Any) -> Plan:
    """Two steps of 16 rows; `params` beside those of `test_fit.plan`."""
    usual = {"max_steps": 2, "batch_size": 16, "metric": "log_likelihood", "early_stopping_patience": None}
    made = test_fit.plan(techniques, **{**usual, **params})
    return made.model_copy(update={"task": "causal_lm", "labels": LABELS})


def fit(model: Path, folder: Path, made: Plan) -> Fit:
    """The training of a plan on 60 such rows."""
    folder.mkdir(parents=True, exist_ok=True)
    return Fit(made, Material(model, small.tokenizer(), rows(60), rows(12, 1)), folder)


def still(model: Path) -> Path:
    """The model without dropout, which is drawn for other places where rows stand otherwise."""
    import json

    config = json.loads((model / "config.json").read_text())
    zeros = {name: 0.0 for name in config if "dropout" in name or name.endswith("pdrop")}
    (model / "config.json").write_text(json.dumps(config | zeros))
    return model


def weights(folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Of the model that a training kept."""
    from safetensors.numpy import load_file

    return dict(load_file(folder / "model" / "model.safetensors"))


if __name__ == "__main__":
    fit(Path(sys.argv[1]), Path(sys.argv[2]), plan(tokens_at_once=60)).run()

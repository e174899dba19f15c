"""A kept model answers as the one that was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests import small
from tests.engine.test_fit import fit, plan, rows
from tunebook.engine.load import load_model


def test_a_model_from_its_folder(tmp_path: Path) -> None:
    base = small.base_model(tmp_path / "base")
    made = plan(max_steps=4, eval_every=4)
    trained = fit(base, tmp_path / "run", made)
    trained.run()
    found = load_model(tmp_path / "run" / "model", made)
    assert not found.model.training
    texts = rows(48, 1)
    logits = found.logits(texts)
    assert logits.shape == (48, 2)
    right = (logits.argmax(1) == texts.targets).mean()
    best = max(
        float(line.split('"eval_accuracy": ')[1].split(",")[0].rstrip("}"))
        for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
        if "eval_accuracy" in line
    )
    assert right == best, "the validation score of the checkpoint that was kept"
    answers = found.answers(texts)
    assert [answer["label"] for answer in answers] == [["bad", "good"][n] for n in np.argmax(logits, axis=1)]

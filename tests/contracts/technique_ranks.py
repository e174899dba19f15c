"""Run under torchrun: a short training with each technique, for `test_technique_ranks` to look at."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

import torch

from tests.ground import Ground
from tunebook.core.errors import TunebookError
from tunebook.core.nouns import Plan
from tunebook.data.frozen import open_data

PLAIN = {
    "max_steps": 3, "eval_every": 3, "batch_size": 8, "gradient_accumulation_steps": 2, "optimizer": "sgd",
    "learning_rate": 0.1, "dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0,
}  # fmt: skip


def short_plan(ground: Ground, key: str, rows: dict[str, Any]) -> Plan:
    """Three steps without dropout, whose draws would be another process's."""
    return ground.plan({key: rows}, **PLAIN)


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    ground = Ground(folder, folder / "model", open_data(folder / "data"))
    for key, rows in json.loads((out / "rows.json").read_text()).items():
        gc.collect()
        gc.freeze()  # every training ends with a full collection: it need not look through all of torch
        try:
            ground.fit(out / key, short_plan(ground, key, rows)).run()
        except TunebookError as error:
            (out / key / "refused").write_text(error.code)

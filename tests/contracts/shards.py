"""Run under torchrun with FSDP's variables: whole trainings of models that two processes share out."""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import torch

from tests.engine import decoder
from tests.engine.test_fit import BombError, bomb, fit, plan
from tunebook.core.nouns import Plan
from tunebook.engine.fit import Fit
from tunebook.engine.outcome import last_checkpoint

ASKED = {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2"}
PLANS: dict[str, dict[str, dict[str, Any]]] = {
    "full": {}, "frozen": {"freeze": {"layers": 2}}, "head": {"freeze": {"layers": "all"}},
    "lora": {"lora": {"rank": 4, "learning_rate": 1e-3}},
    # A key's bias has no gradient but what rounding leaves of it, which this optimiser blows up.
    "adamw": {"freeze": {"pattern": r"key\.bias"}},
}  # fmt: skip
DECODERS: dict[str, dict[str, dict[str, Any]]] = {
    "llama": {}, "gpt2": {}, "llama-lora": {"lora": {"rank": 4, "learning_rate": 0.1}},
    "gpt2-frozen": {"freeze": {"layers": 1}},
}  # fmt: skip
WITH_STATES = ("adamw", "lora")
_STILL = {"dropout": 0.0, "classifier_dropout": 0.0, "attention_dropout": 0.0}


def classifier(name: str, **more: Any) -> Plan:
    """Two epochs of 96 rows in 12 steps, with looks between; clipped, so that the norm of all parts counts."""
    how = {"learning_rate": 1e-3} if name in WITH_STATES else {"optimizer": "sgd", "learning_rate": 0.1}
    usual = {"batch_size": 8, "gradient_accumulation_steps": 2, "eval_every": 3, "max_grad_norm": 0.5, **_STILL}
    return plan(PLANS[name], **{**usual, **how, **more})


def decoding(models: Path, folder: Path, name: str) -> Fit:
    """Six steps of rows of uneven length: passes of so many tokens, of which processes need unlike numbers."""
    how = {"optimizer": "sgd", "learning_rate": 0.1, "eval_every": 2, "max_steps": 6, "tokens_at_once": 60, **_STILL}
    return decoder.fit(models / name.partition("-")[0], folder, decoder.plan(DECODERS[name], **how))


def note(folder: Path, counters: dict[str, dict[str, float]]) -> None:
    """Write down what this process held."""
    (folder / f"held-{os.environ['RANK']}.json").write_text(json.dumps(counters.get("shards", {})))


if __name__ == "__main__":
    torch.set_num_threads(1)
    out, models = Path(sys.argv[1]), Path(sys.argv[2])
    first = os.environ["RANK"] == "0"
    for name in PLANS:
        note(out / name, fit(models / "bert", out / name, classifier(name)).run().counters)
        gc.freeze()  # every training ends with a full collection: it need not look through all of torch
    for name in DECODERS:
        note(out / name, decoding(models, out / name, name).run().counters)
        gc.freeze()
    again = classifier("full", gradient_checkpointing=True)
    note(out / "checkpointing", fit(models / "bert", out / "checkpointing", again).run().counters)
    for name in WITH_STATES:
        try:
            fit(models / "bert", out / f"{name}-two_then_one", classifier(name), callbacks=[bomb(7)]).run()
        except BombError:
            torch.distributed.barrier()
        for after in ("two_then_two", "two_then_unshared"):
            if first:
                shutil.copytree(out / f"{name}-two_then_one", out / f"{name}-{after}")
        torch.distributed.barrier()
        for begun in ("two_then_two", "one_then_two"):
            folder = out / f"{name}-{begun}"
            fit(models / "bert", folder, classifier(name)).run(last_checkpoint(folder))
    for variable in ASKED:  # the same processes with whole models each
        del os.environ[variable]
    for name in WITH_STATES:
        folder = out / f"{name}-two_then_unshared"
        fit(models / "bert", folder, classifier(name)).run(last_checkpoint(folder))

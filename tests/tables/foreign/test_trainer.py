"""TrainingArguments: every field known, and a file as transformers writes it."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests import small
from tests.tables.foreign.conftest import SAMPLES, outcome, taken

from tunebook.engine.schedule import schedule
from tunebook.tables.foreign import axolotl, read_foreign
from tunebook.tables.foreign.trainer import KEYS

NO_WARMUP = {"warmup_ratio": 0, "warmup_steps": None}


def test_all_arguments_of_the_installed_transformers_are_known():
    found = find_spec("transformers")
    if found is None or found.origin is None:
        pytest.skip("transformers is not installed")
    tree = ast.parse((Path(found.origin).parent / "training_args.py").read_text(encoding="utf-8"))
    record = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "TrainingArguments")
    names = {node.target.id for node in record.body if isinstance(node, ast.AnnAssign)}
    assert len(names) > 90
    assert names - set(KEYS) == set()


def test_a_file_as_transformers_writes_it():
    imported = read_foreign(SAMPLES / "training_args.json")
    assert imported.tool.name == "transformers"
    assert {note.action for note in imported.notes} == {"taken", "renamed", "converted", "not_applicable"}
    assert taken(imported) == {
        "learning_rate": 3e-5,
        "batch_size": 16,
        "gradient_accumulation_steps": 1,
        "max_epochs": 4,
        "max_steps": None,
        "weight_decay": 0.01,
        "warmup_ratio": 0.06,
        "warmup_steps": None,
        "lr_scheduler": "linear",
        "optimizer": "adamw",
        "max_grad_norm": 1.0,
        "label_smoothing": 0.1,
        "precision": "fp32",
        "gradient_checkpointing": False,
        "eval_every": None,
        "metric": "macro_f1",
        "length_bucketing": "off",
        "seed": 7,
    }


@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        ("linear", {}, {"lr_scheduler": "linear"}),
        ("constant", {}, {"lr_scheduler": "constant", **NO_WARMUP}),
        ("constant_with_warmup", {}, {"lr_scheduler": "constant"}),
        ("cosine_with_restarts", {}, {"lr_scheduler": "cosine_with_restarts", "lr_cycles": 1}),
        (
            "SchedulerType.COSINE_WITH_RESTARTS",
            {"lr_scheduler_kwargs": {"num_cycles": 4}},
            {"lr_scheduler": "cosine_with_restarts", "lr_cycles": 4},
        ),
        ("polynomial", {}, {"lr_scheduler": "polynomial", "lr_power": 1.0}),
        (
            "polynomial",
            {"lr_scheduler_kwargs": '{"power": 3, "lr_end": 1e-6}', "learning_rate": "2e-5"},
            {"lr_scheduler": "polynomial", "lr_power": 3, "lr_min_ratio": 0.05},
        ),
        (
            "cosine_with_min_lr",
            {"lr_scheduler_kwargs": {"min_lr_rate": 0.2}},
            {"lr_scheduler": "cosine", "lr_min_ratio": 0.2},
        ),
        ("cosine_with_min_lr", {"lr_scheduler_kwargs": "{oops"}, {"lr_scheduler": "cosine_with_min_lr"}),
        ("cosine_with_min_lr", {"lr_scheduler_kwargs": [1]}, {"lr_scheduler": "cosine_with_min_lr"}),
        (
            "warmup_stable_decay",
            {"lr_scheduler_kwargs": {"num_decay_steps": 30, "min_lr_ratio": 0.1}, "max_steps": 120},
            {"lr_scheduler": "wsd", "lr_decay_ratio": 0.25, "lr_min_ratio": 0.1},
        ),
        (
            "warmup_stable_decay",
            {"lr_scheduler_kwargs": {"num_decay_steps": 30}, "max_steps": -1},
            {"lr_scheduler": "wsd"},
        ),
        (
            "reduce_lr_on_plateau",
            {},
            {"lr_scheduler": "plateau", "lr_factor": 0.1, "lr_patience": 11, **NO_WARMUP},
        ),
        (
            "reduce_lr_on_plateau",
            {"lr_scheduler_kwargs": {"factor": 0.3, "patience": None}},
            {"lr_scheduler": "plateau", "lr_factor": 0.3, "lr_patience": None, **NO_WARMUP},
        ),
        ("inverse_sqrt", {}, {"lr_scheduler": "inverse_sqrt"}),
        (3, {}, {"lr_scheduler": 3}),
    ],
)
def test_a_schedule_and_its_options(name: Any, more: dict[str, Any], expected: dict[str, Any]) -> None:
    assert outcome(KEYS, {"lr_scheduler_type": name, **more}) == expected


@pytest.mark.parametrize("name", ["constant", "reduce_lr_on_plateau"])
def test_what_has_no_warm_up_there(name: str) -> None:
    assert outcome(KEYS, {"warmup_steps": 5, "lr_scheduler_type": name}) == "constant"


def test_axolotls_lowest_rate_belongs_to_its_cosine() -> None:
    assert outcome(axolotl.KEYS, {"cosine_min_lr_ratio": 0.1, "lr_scheduler": "cosine"}) == {"lr_min_ratio": 0.1}
    assert outcome(axolotl.KEYS, {"cosine_min_lr_ratio": 0.1}) == {"lr_min_ratio": 0.1}
    assert outcome(axolotl.KEYS, {"cosine_min_lr_ratio": 0.1, "lr_scheduler": "linear"}) == "cosine_only"


def test_what_is_imported_gives_transformers_the_same_options() -> None:
    """Where options are given, they come back as they were."""
    given: dict[str, Any] = {"num_cycles": 4}
    rows = outcome(KEYS, {"lr_scheduler_type": "cosine_with_restarts", "lr_scheduler_kwargs": given})
    assert isinstance(rows, dict)
    params = small.filled(**rows)
    assert schedule(params, 100) == ("cosine_with_restarts", given)

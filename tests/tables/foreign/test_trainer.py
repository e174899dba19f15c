"""TrainingArguments: every field known, and a file as transformers writes it."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.tables.foreign.conftest import SAMPLES, taken

from tunebook.tables.foreign import read_foreign
from tunebook.tables.foreign.trainer import KEYS


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

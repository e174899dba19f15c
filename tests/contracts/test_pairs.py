"""Techniques with tasks: a pair is refused with the reason before anything is trained, or trains to finite weights.

Some of all pairs of a technique and a task's case, drawn with a fixed seed; `make check-all` runs every one.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import small, tiny
from tests.contracts.test_tasks import EVERY, LENGTH, named
from tests.contracts.test_techniques import AT_ONCE, finite, own
from tests.drawn import drawn
from tests.engine.test_fit import plan
from tunebook.core.errors import PlanError, RunError
from tunebook.core.facts import Facts
from tunebook.core.hooks import Case
from tunebook.core.params import declarations
from tunebook.core.registry import tasks, techniques
from tunebook.core.technique import PreparesModel, Refuses
from tunebook.engine.fit import Fit
from tunebook.engine.material import Material
from tunebook.engine.tokens import encode
from tunebook.models.source import load_tokenizer, model_id, read_config
from tunebook.verbs.steps.order import order

# What names files, runs or books, or goes on from a run, is tried where these are: in the suites of its own task.
ALONE = [
    key for key in sorted(techniques()) if "past" not in techniques()[key].needs and key not in ("si", "multi_task")
]
ALONE = [key for key in ALONE if not any(row.row.input for row in declarations(techniques()[key]))]
PAIRS = [(task, case, key) for task, case in EVERY for key in ALONE]
pytestmark = pytest.mark.no_cover


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    kinds = {"encoder": "bert", "decoder": tiny.DECODERS[0], "seq2seq": tiny.SEQ2SEQ[0]}
    words = sorted({word for _, case in EVERY for text in case.rows.texts for word in text.lower().split()})
    return {base: small.base_model(tmp_path_factory.mktemp(base), kind, words) for base, kind in kinds.items()}


def rows_of(key: str) -> dict[str, Any]:
    """Those with which the technique acts within four steps."""
    return own(key, "ACTS") or {}


@pytest.mark.parametrize(("task", "case", "key"), drawn(PAIRS, 20), ids=named)
def test_it_is_refused_or_trains(task: str, case: Case, key: str, folders: dict[str, Path], tmp_path: Path) -> None:
    one, folder = tasks()[task](), folders[case.base]
    made = plan(**{**AT_ONCE, **case.params, "batch_size": 4, "metric": one.headline(case.labels)})
    try:
        woven = order({key: rows_of(key)}, one)
        for technique in woven:
            if isinstance(technique, Refuses):
                technique.refuse(
                    Facts(task, case.labels, made.params, read_config(folder), frozenset({key}), len(case.rows))
                )
    except PlanError as error:
        assert error.message and error.advice
        return
    used = {item.key: item.model_dump() for item in woven}
    told = {"task": task, "labels": case.labels, "techniques": used, "model": str(folder), "model_id": model_id(folder)}
    made = made.model_copy(update=told)
    tokenizer = load_tokenizer(folder)
    encoded = encode(replace(case.rows, weights=None), one, tokenizer, LENGTH)
    try:
        Fit(made, Material(folder, tokenizer, encoded, encoded), tmp_path).run()
    except RunError as error:  # ten rows may be too few for it to act; it is not silent then
        assert error.code == "run.idle"
        return
    except PlanError as error:  # of the model's names, which plan() looks at without weights
        assert error.message and isinstance(techniques()[key], type) and issubclass(techniques()[key], PreparesModel)
        return
    assert finite(tmp_path, made)


def test_every_task_and_technique_is_among_the_pairs() -> None:
    assert {task for task, _, _ in PAIRS} == set(tasks()) and {key for _, _, key in PAIRS} == set(ALONE)
    assert len(ALONE) > 20

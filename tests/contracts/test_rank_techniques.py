"""What a technique owes to a task that orders candidates: it is refused with the reason, or acts, resumes, and does not
depend on how rows, each of which has several pairs, are split.

Some techniques are drawn; `make check-all` tries each."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from tests import small
from tests.contracts.test_techniques import (
    AT_ONCE,
    EVERY,
    IN_FLOAT32,
    candidates,
    check_resume,
    check_split,
    in_float64,
    own,
)
from tests.drawn import drawn
from tests.ground import Ground
from tests.tasks.reranking import made as ranked
from tunebook.core.errors import PlanError, TunebookError
from tunebook.core.facts import Facts
from tunebook.core.nouns import DataRef, Plan, Roles
from tunebook.core.params import build, declarations
from tunebook.core.registry import tasks, techniques
from tunebook.engine.fit import Fit
from tunebook.engine.material import Material
from tunebook.models.source import load_tokenizer

TASK = tasks()["reranking"]()
# What names files, runs or books, or goes on from a run, is tried with rows of classes: it knows nothing of either.
FIT = [key for key in EVERY if techniques()[key].needs <= TASK.gives and key != "si"]
FIT = [key for key in FIT if not any(row.row.input for row in declarations(techniques()[key]))]
OF_CLASSES = [key for key in FIT if key in ("class_balanced", "ordinal_loss")]
ALLOWED = [key for key in FIT if key not in OF_CLASSES]
ALIKE = [key for key in ALLOWED if not techniques()[key].draws and key not in IN_FLOAT32]
pytestmark = pytest.mark.no_cover  # as in test_techniques


class Ranked(Ground):
    """A ground of queries with three judged passages each, some of which are read in windows."""

    task: ClassVar[str] = "reranking"

    def _filled(self, made: Plan, woven: list[Any]) -> Plan:
        params = made.params.model_copy(update={"metric": "ndcg@10"})
        return super()._filled(made, woven).model_copy(update={"params": params})

    def fit(self, folder: Path, made: Plan, **more: Any) -> Fit:
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = load_tokenizer(self.model)
        rows = [TASK.encode(ranked.drawn(n, 3, seed, longest=24), tokenizer, 20) for n, seed in ((98, 0), (20, 1))]
        return Fit(made, Material(Path(made.model), tokenizer, rows[0], rows[1]), folder, **more)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    folder = tmp_path_factory.mktemp("ranked")
    rows = {"train": 98, "validation": 20, "test": 0}
    told = {"task": "reranking", "labels": ranked.LABELS, "rows": rows, "content": "c"}
    data = DataRef(path=folder, sources={}, roles=Roles(text="text"), **told)
    return Ranked(folder, small.base_model(folder / "model"), data)


def refuse(technique: Any) -> None:
    settings = small.filled(max_length=20)
    if hasattr(technique, "refuse"):
        technique.refuse(Facts("reranking", ranked.LABELS, settings, {}, frozenset(), 98))


def rows(key: str) -> dict[str, Any]:
    """The first candidate that nothing refuses."""
    for given in candidates(key) if own(key, "ACTS") is None else [own(key, "ACTS")]:
        with suppress(TunebookError):
            technique = build(techniques()[key], given)
            refuse(technique)
            return technique.model_dump()
    raise AssertionError(key)


@pytest.mark.parametrize("key", OF_CLASSES)
def test_what_is_about_classes_of_rows_is_refused(key: str) -> None:
    with pytest.raises(PlanError) as caught:
        refuse(techniques()[key]())
    assert caught.value.code == "losses.problem" and caught.value.value == "relevance" and not caught.value.allowed


@pytest.mark.parametrize("key", drawn(ALIKE, 10))
def test_the_step_does_not_depend_on_how_its_rows_are_split(key: str, ground: Ground, tmp_path: Path) -> None:
    with in_float64():
        check_split({key: rows(key)}, ground, tmp_path, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("key", drawn(ALLOWED, 10))
def test_it_acts_and_resumes_as_if_never_stopped(key: str, ground: Ground, tmp_path: Path) -> None:
    assert any(check_resume({key: rows(key)}, ground, tmp_path, **AT_ONCE).counters[key].values())


def test_rows_of_this_ground_have_several_pairs_and_some_several_windows(ground: Ground, tmp_path: Path) -> None:
    training = ground.fit(tmp_path, ground.plan())
    batch = training.task.collate(training.view.rows, range(16), 0)
    assert len(batch["input_ids"]) > 3 * 16 and torch.equal(batch["row"], batch["row"].sort().values)

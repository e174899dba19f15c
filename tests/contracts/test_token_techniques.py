"""What a technique owes to a task of tokens: it is refused with the reason, or acts, resumes, and does not depend on
how rows, many of which have several windows, are split.

Of those that other tasks have too some are drawn; `make check-all` tries each."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests import small
from tests.contracts.test_techniques import (
    AT_ONCE,
    EVERY,
    IN_FLOAT32,
    KEYS,
    candidates,
    check_resume,
    check_split,
    finite,
    in_float64,
    teams,
)
from tests.drawn import drawn
from tests.ground import Ground
from tests.tasks.tagging.ground import make_tagged
from tunebook.core.errors import PlanError, TunebookError
from tunebook.core.facts import Facts
from tunebook.core.params import build
from tunebook.core.registry import tasks, techniques

FIT = [key for key in EVERY if techniques()[key].needs - {"past"} <= tasks()["tagging"].gives]
OF_CLASSES = ("asymmetric", "class_balanced", "ordinal_loss")  # of rows, or of labels that a token has several of
ACTS: dict[str, Any] = {"replay": {"size": 20, "share": 0.3, "choice": "reservoir"}}
ALLOWED = [key for key in FIT if key not in OF_CLASSES]
ALIKE = [key for key in ALLOWED if not techniques()[key].draws and key not in IN_FLOAT32]
FOR_TOKENS = [key for key in ALLOWED if key not in KEYS]
pytestmark = pytest.mark.no_cover  # as in test_techniques


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return make_tagged(tmp_path_factory.mktemp("tagged"))


def rows(key: str, ground: Ground) -> dict[str, Any]:
    """The first candidate that nothing refuses."""
    for given in [ACTS[key]] if key in ACTS else candidates(key):
        with suppress(TunebookError):
            technique = build(techniques()[key], given)
            refuse(technique, ground)
            return technique.model_dump()
    raise AssertionError(key)


def refuse(technique: Any, ground: Ground) -> None:
    settings = small.filled(max_length=20)
    if hasattr(technique, "refuse"):
        technique.refuse(Facts("tagging", ground.data.labels, settings, {}, frozenset(), 98, kept=frozenset({"si"})))


@pytest.mark.parametrize("key", OF_CLASSES)
def test_what_is_about_classes_of_rows_is_refused(key: str, ground: Ground) -> None:
    with pytest.raises(PlanError) as caught:
        refuse(techniques()[key](), ground)
    assert caught.value.code == "losses.problem" and caught.value.value == "tags" and not caught.value.allowed


@pytest.mark.parametrize("key", drawn(ALIKE, 10))
def test_the_step_does_not_depend_on_how_its_rows_are_split(key: str, ground: Ground, tmp_path: Path) -> None:
    with in_float64():
        check_split({key: rows(key, ground)}, ground, tmp_path, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("key", [key for key in ALLOWED if key in IN_FLOAT32])
def test_nor_where_a_technique_has_parts_in_float32(key: str, ground: Ground, tmp_path: Path) -> None:
    check_split({key: rows(key, ground)}, ground, tmp_path, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("key", sorted({*drawn(ALLOWED, 10), *FOR_TOKENS}))
def test_it_acts_and_resumes_as_if_never_stopped(key: str, ground: Ground, tmp_path: Path) -> None:
    assert any(check_resume({key: rows(key, ground)}, ground, tmp_path, **AT_ONCE).counters[key].values())


@pytest.mark.parametrize("key", FOR_TOKENS)
def test_what_is_for_tokens_alone_trains_in_bf16(key: str, ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({key: rows(key, ground)}, **AT_ONCE, precision="bf16")
    assert any(ground.fit(tmp_path, made).run().counters[key].values())
    assert finite(tmp_path, made)


def beside(key: str) -> list[tuple[str, ...]]:
    """Teams of a technique that is for tokens alone with all that nothing says it cannot stand beside."""
    fits = [other for other in ALLOWED if other == key or "item_logits" not in techniques()[other].needs]
    return [team for team in teams(fits) if key in team]


@pytest.mark.parametrize("team", [team for key in FOR_TOKENS for team in beside(key)], ids="+".join)
def test_it_goes_with_every_technique_that_it_does_not_refuse(
    team: tuple[str, ...], ground: Ground, tmp_path: Path
) -> None:
    used = {key: rows(key, ground) for key in team}
    made = ground.plan(used, max_steps=4, eval_every=2)
    counters = ground.fit(tmp_path, made).run().counters
    assert {key for key in team if not any(counters.get(key, {}).values())} == set()
    assert finite(tmp_path, made)


def test_no_pass_has_more_windows_than_the_batch_size(ground: Ground, tmp_path: Path) -> None:
    """Rows of this ground have several windows; a row's own are never parted."""
    training = ground.fit(tmp_path, ground.plan(batch_size=8, gradient_accumulation_steps=2, max_steps=4, eval_every=4))
    trainer = training.prepare()
    seen = []
    loss = trainer.compute_loss

    def spied(model: Any, inputs: Any, **given: Any) -> Any:
        seen.append(inputs["tagging.row"].tolist())
        return loss(model, inputs, **given)

    trainer.compute_loss = spied
    trainer.train()
    assert sum(len(set(rows)) for rows in seen) == 4 * 16, "all rows of each step"
    assert len(seen) > 4 * 2 and all(len(rows) <= 8 or len(set(rows)) == 1 for rows in seen)
    assert all(rows == sorted(rows) for rows in seen)

"""What every technique owes to a stage on raw text: plan() refuses it there, or it acts and resumes bit for bit.

Of those that it can have some are drawn; `make check-all` tries each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests import small
from tests.contracts.test_techniques import EVERY, candidates
from tests.drawn import drawn
from tests.engine.test_fit import BombError, bomb
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Plan
from tunebook.core.params import declarations
from tunebook.core.registry import tasks, techniques
from tunebook.engine import track
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.stage_facts import stage_facts
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import train_stages

STAGE = {
    "pretrain.file": "raw.txt", "pretrain.max_steps": 8, "pretrain.batch_size": 4, "pretrain.max_length": 16,
    "pretrain.learning_rate": 0.01, "pretrain.validation_share": 0.2, "pretrain.eval_every": 2,
}  # fmt: skip
GIVES = tasks()["masked_lm"].gives
FIT = [key for key in EVERY if (one := techniques()[key]).needs <= GIVES and ("head" in GIVES or not one.delta)]
OTHERS = {"class_balanced", "distill_attention", "distill_hidden"}  # no classes here; no teacher of these tokens


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Book:
    folder = tmp_path_factory.mktemp("raw")
    book = init(
        folder / "book", small.write_csv(folder / "rows.csv", 60), model=str(small.base_model(folder / "model"))
    )
    (book.path / "raw.txt").write_text("\n".join(text for text, _ in small.texts(60, 3, seed=9)))
    return book


def entries(key: str, rows: dict[str, Any]) -> list[str]:
    """All rows but those that name a place: there is no run here that knows these rows."""
    places = {row.field for row in declarations(techniques()[key]) if row.row.input}
    return [key, *(f"{key}.{name}={value}" for name, value in rows.items() if name not in places and value is not None)]


def made(key: str, own: Book) -> Plan:
    """The plan of the first candidate that the stage can have."""
    refusal: PlanError | None = None
    for rows in candidates(key):
        try:
            table = child(own.champion, {**STAGE, "pretrain.techniques": entries(key, rows)})
            return plan(table, own.data)
        except PlanError as error:
            refusal = error
    assert refusal is not None
    raise refusal


@pytest.mark.parametrize("key", [key for key in EVERY if key not in FIT])
def test_what_the_task_does_not_give_is_refused_by_name(key: str, own: Book) -> None:
    with pytest.raises(PlanError) as caught:
        made(key, own)
    assert caught.value.code in ("stages.unfit", "stages.past", "stages.no_head")
    assert "pretrain" in caught.value.message and key in caught.value.message


@pytest.mark.parametrize("key", drawn(sorted(set(FIT) - OTHERS - {"student"}), 12))
def test_it_acts_in_the_stage_and_resumes_bit_for_bit(
    key: str, own: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunebook.verbs import stage_facts as stages
    from tunebook.verbs.steps import train

    wanted = made(key, own)
    found = []
    for name in ("parts", "whole"):
        for module in (train, stages):
            monkeypatch.setattr(module, "stage_folder", lambda plan, at=tmp_path / name: at)
        if name == "parts":
            with monkeypatch.context() as patch:
                patch.setattr(track, "trackers", lambda names, folder, run: [bomb(5)])
                with pytest.raises(BombError):
                    train_stages(wanted)
        (run,) = train_stages(wanted)
        (facts,) = stage_facts(wanted)
        assert any(facts["counters"][key].values()), "it acted, and the stage says so"
        found.append(load_file(run.model / "model.safetensors"))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[1])
    assert all(torch.isfinite(item).all() for item in found[0].values())

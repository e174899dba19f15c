"""A chain of trainings in one table: planned whole, trained in order, shared, resumed, handed on without its heads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests import small
from tests.books import QUICK
from tests.engine.test_fit import BombError, bomb
from tunebook.core.errors import RunError
from tunebook.core.nouns import Plan
from tunebook.core.progress import Silent
from tunebook.engine import track
from tunebook.engine.load import load_model
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.stage_facts import stage_facts
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import handed, started, train, train_stages

PRETRAIN = {
    "pretrain.file": "raw.txt", "pretrain.max_steps": 4, "pretrain.batch_size": 4, "pretrain.max_length": 16,
    "pretrain.learning_rate": 0.01, "pretrain.validation_share": 0.2,
}  # fmt: skip


@pytest.fixture
def staged(book: Book) -> Book:
    """A book beside raw text."""
    (book.path / "raw.txt").write_text("\n".join(text for text, _ in small.texts(60, 3, seed=9)))
    return book


@pytest.fixture
def other(base: Path, tmp_path: Path) -> Book:
    """A book of three classes."""
    file = small.write_records(tmp_path / "other.csv", "classes", 80, seed=4)
    made = init(tmp_path / "other", file, model=str(base), options=small.options("classes"), owner="Ada")
    made.tables.add(child(made.champion, {**QUICK, "max_steps": 4, "eval_every": 2, "dropout": 0.3}))
    return made


def made(book: Book, **changes: Any) -> Plan:
    return plan(child(book.champion, {**QUICK, **PRETRAIN, "max_steps": 4, "eval_every": 2, **changes}), book.data)


def test_the_whole_chain_is_planned_before_anything_is_trained(staged: Book, other: Book) -> None:
    bare = plan(child(staged.champion, QUICK), staged.data)
    assert (bare.stages, bare.whole) == ([], bare.estimate)
    wanted = made(staged, **{"intermediate.books": "../other", "intermediate.table": "v2"})
    assert [stage.stage for stage in wanted.stages] == ["pretrain", "intermediate"]
    first, second = wanted.stages
    assert (first.task, second.task, wanted.task) == ("masked_lm", "text_classification", "text_classification")
    assert first.model_id == bare.model_id, "the first stage starts from the base model"
    assert (second.model_id, wanted.model_id) == (first.id, second.id)
    assert second.data == other.data.content
    assert "pretrain" not in wanted.techniques
    assert wanted.whole.seconds == pytest.approx(sum(item.estimate.seconds for item in (first, second, wanted)))
    assert wanted.whole.steps == 12
    assert wanted.whole.memory_bytes == max(item.estimate.memory_bytes for item in (first, second, wanted))
    assert Plan.model_validate_json(wanted.model_dump_json()) == wanted


def test_the_id_follows_what_a_stage_is_trained_on(staged: Book) -> None:
    before = made(staged)
    assert made(staged, learning_rate=0.02).before == before.before, "the stage is shared"
    assert made(staged, **{"pretrain.mask_share": 0.3}).id != before.id
    assert made(staged, **{"pretrain.whole_words": False}).id != before.id
    with (staged.path / "raw.txt").open("a") as stream:
        stream.write("\none more line of raw text")
    assert made(staged).id != before.id


def test_another_seed_is_planned_without_planning_anew(staged: Book) -> None:
    table = child(staged.champion, {**QUICK, **PRETRAIN})
    one = plan(table, staged.data, seed=1)
    assert one.with_seed(7) == plan(table, staged.data, seed=7)
    assert one.with_seed(7).before.id != one.before.id  # type: ignore[union-attr]
    fixed = child(table, {"pretrain.seed": 3})
    two = plan(fixed, staged.data, seed=1)
    assert two.with_seed(7) == plan(fixed, staged.data, seed=7)
    assert two.with_seed(7).before == two.before, "a stage with a seed of its own is shared by all seeds"
    assert two.with_seed(7).id != two.id


def test_a_chain_is_trained_in_order_and_its_model_is_handed_on(staged: Book, other: Book) -> None:
    wanted = made(staged, **{"intermediate.books": "../other", "intermediate.table": "v2"})
    watch = Watch()
    run = train(wanted, track=(), progress=watch)
    assert [what for what in watch.begun if what in ("pretrain", "intermediate", "train")] == [
        "pretrain", "train", "intermediate", "train", "train"
    ]  # fmt: skip
    assert staged.runs == [run], "stages are no runs of the book"
    facts = list(stage_facts(wanted))
    assert [item["finished"] for item in facts] == [True, True]
    assert [item["run"] for item in facts] == [item["run"] for item in run.outcome["stages"]]
    assert run.outcome["stage_seconds"] == sum(item["seconds"] for item in facts)
    assert facts[0]["after"]["perplexity"] < facts[0]["before"]["perplexity"]
    first, second = train_stages(wanted)
    body = load_file(handed(second) / "model.safetensors")
    assert not [name for name in body if "classifier" in name], "the head of the other task is dropped"
    middle, last = (load_file(item.path / "model" / "model.safetensors") for item in (second, run))
    name = "bert.encoder.layer.0.output.dense.weight"
    assert torch.equal(body[name.removeprefix("bert.")], middle[name])
    start = load_file(first.model / "model.safetensors")
    assert not torch.equal(start[name], middle[name]) and not torch.equal(middle[name], last[name])
    config = json.loads((run.path / "model" / "config.json").read_text())
    base = json.loads((Path(wanted.model) / "config.json").read_text())
    assert config["hidden_dropout_prob"] == base["hidden_dropout_prob"], "dropouts of a stage stay with it"
    assert first.outcome["counters"]["masked_lm"]["targets"] > 0
    report = json.loads((first.path / "plan.json").read_text())
    assert report["stage"] == "pretrain"


def test_what_lora_has_trained_is_added_up_when_a_stage_is_handed_on(staged: Book, other: Book) -> None:
    """By its formula: W + alpha / rank * B A in every linear map, everything else of the encoder as in the base."""
    entries = ["lora.rank=2", "lora.alpha=6", "ema.decay=0.5"]
    rows = {"intermediate.books": "../other", "intermediate.table": "v2", "intermediate.techniques": entries}
    wanted = plan(child(staged.champion, {**QUICK, **rows, "max_steps": 2}), staged.data)
    run = train(wanted, track=())
    (stage,) = train_stages(wanted)
    (facts,) = stage_facts(wanted)
    assert facts["counters"]["ema"]["steps_averaged"] == 4 and facts["counters"]["lora"]["tensors_moved"] > 0
    assert set(facts["techniques"]) == {"ema", "lora"}
    added = load_file(stage.model / "adapter_model.safetensors")
    base = load_file(Path(wanted.model) / "model.safetensors")
    body = load_file(handed(stage) / "model.safetensors")
    assert body.keys() == base.keys()
    for name, weight in base.items():
        key = f"base_model.model.bert.{name.removesuffix('.weight')}"
        if f"{key}.lora_A.weight" in added:
            product = added[f"{key}.lora_B.weight"] @ added[f"{key}.lora_A.weight"]
            assert product.abs().max() > 0
            torch.testing.assert_close(body[name], weight + 6 / 2 * product, atol=1e-6, rtol=1e-5)
        elif "pooler" not in name:  # which is trained beside the head
            assert torch.equal(body[name], weight)
    assert run.finished and not (run.path / "model" / "base.json").exists()


class Watch(Silent):
    """Remembers what was begun; a stage must not be judged by its scores."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.seen: list[Any] = []

    def start(self, what: str, total: int, done: int = 0) -> None:  # type: ignore[override]
        self.begun.append(what)

    def look(self, step: int, scores: Any) -> None:
        self.seen.append(scores)


def test_scores_of_a_stage_are_no_looks_of_the_training(staged: Book) -> None:
    watch = Watch()
    train(made(staged), track=(), progress=watch)
    assert len(watch.seen) == 2 and all("accuracy" in scores and "perplexity" not in scores for scores in watch.seen)


def test_two_tables_share_a_stage(staged: Book) -> None:
    train(made(staged), track=())
    folders = sorted(path.parent for path in (staged.path / "stages").glob("*/plan.json"))
    train(made(staged, learning_rate=0.02), track=())
    assert sorted(path.parent for path in (staged.path / "stages").glob("*/plan.json")) == folders
    assert len(folders) == 1


def test_a_stage_that_was_killed_goes_on(staged: Book, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wanted = made(staged, **{"pretrain.max_steps": 12})
    monkeypatch.setattr(track, "trackers", lambda names, folder, run: [bomb(9)])
    with pytest.raises(BombError):
        train(wanted, track=())
    (facts,) = stage_facts(wanted)
    assert facts["run"] and not facts["finished"]
    assert list((staged.path / "stages" / facts["run"] / "checkpoints").iterdir()), "it had got past a look"
    monkeypatch.undo()
    run = train(wanted, track=())
    (again,) = stage_facts(wanted)
    assert again["run"] == facts["run"]
    shutil.rmtree(staged.path / "stages" / facts["run"])
    whole = train(wanted, tmp_path / "whole", track=())
    one, two = (load_file(item.path / "model" / "model.safetensors") for item in (run, whole))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_stage_that_fails_says_which(staged: Book) -> None:
    wanted = made(staged, **{"pretrain.learning_rate": 1.0, "pretrain.max_steps": 40})
    params = wanted.before.params.model_copy(update={"learning_rate": 1e30})  # type: ignore[union-attr]
    broken = wanted.before.model_copy(update={"params": params})  # type: ignore[union-attr]
    with pytest.raises(RunError) as caught:
        train(wanted.model_copy(update={"before": broken, "model_id": broken.id}), track=())
    assert (caught.value.code, caught.value.key) == ("stages.failed", "pretrain")


def test_an_interrupt_of_a_stage_is_one_of_the_training(staged: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.verbs.steps import train as module

    def stop(*given: Any, **more: Any) -> None:
        raise RunError("run.interrupted", key="x", value=1)

    monkeypatch.setattr(module, "_train", stop)
    with pytest.raises(RunError) as caught:
        train(made(staged), track=())
    assert caught.value.code == "run.interrupted"


def test_a_training_without_its_stage_is_refused(staged: Book) -> None:
    with pytest.raises(RunError) as caught:
        started(made(staged))
    assert caught.value.code == "stages.missing"
    (facts,) = stage_facts(made(staged))
    assert (facts["run"], facts["before"], facts["after"]) == (None, {}, {})


def test_a_model_that_keeps_only_what_was_trained_finds_its_stage_wherever_the_book_lies(
    staged: Book, tmp_path: Path
) -> None:
    from tunebook.core.registry import techniques

    if "bitfit" not in techniques():
        pytest.skip("no technique that keeps only what was trained")
    run = train(made(staged, bitfit="on"), track=())
    moved = shutil.move(staged.path, tmp_path / "elsewhere")
    there = Path(moved) / "runs" / run.id
    model = load_model(there / "model", type(run)(there).plan).model
    stage = load_file(next((Path(moved) / "stages").glob("2*/model/model.safetensors")))
    name = "bert.encoder.layer.0.output.dense.weight"
    assert torch.equal(model.state_dict()[name].cpu(), stage[name])

"""Other books beside this one: routed to their heads, weighed by the papers' formulas, scored on their own rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import TrainerCallback

from tests import small
from tests.ground import OTHER, Ground, weights
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.params import build
from tunebook.core.technique import Facts
from tunebook.engine.track import read_history
from tunebook.nets.multi_task import EXTRA, TASK, average_weights
from tunebook.techniques.multi_task import MultiTask

ACTS = {"books": ["other"], "task_embedding": True}
NEUTRAL = {"books": ["other"], "weight": 0.0}
NO_DROPOUT = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}


def rows(**given: Any) -> dict[str, Any]:
    return {"multi_task": build(MultiTask, {"books": [OTHER], **given}).model_dump()}


def prepared(ground: Ground, folder: Path, **given: Any) -> tuple[Any, Any, Any]:
    """Training, trainer, and a batch of 8 own and 8 other rows."""
    training = ground.fit(folder, ground.plan(rows(**given), **NO_DROPOUT))
    trainer = training.prepare()
    trainer.model.train()
    tasks = training.view.rows.fixed[TASK]
    chosen = [*np.flatnonzero(tasks == 0)[:8], *np.flatnonzero(tasks == 1)[:8]]
    return training, trainer, training.task.collate(training.view.rows, [int(row) for row in chosen], 0)


def by_hand(training: Any, trainer: Any, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss of each own row, and of each row of the other book, without the technique's code."""
    model = trainer.model
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
    own = torch.nn.functional.cross_entropy(model(**inputs).logits[:8], batch["labels"][:8], reduction="none")
    hidden = model.bert(**inputs).last_hidden_state[8:]
    mask = batch["attention_mask"][8:, :, None].float()
    heads = model.get_submodule(EXTRA)
    logits = heads.out[0](torch.tanh(heads.dense[0]((hidden * mask).sum(1) / mask.sum(1))))
    (book,) = training.context.source.books("multi_task.books")
    targets = torch.from_numpy(book.train.fixed["labels"][:8])
    return own, torch.nn.functional.cross_entropy(logits, targets, reduction="none")


def test_rows_go_to_their_heads_and_weigh_what_they_are_said_to(ground: Ground, tmp_path: Path) -> None:
    training, trainer, batch = prepared(ground, tmp_path, weight=0.5)
    own, other = by_hand(training, trainer, batch)
    loss = trainer.compute_loss(trainer.model, batch)
    assert float(loss.detach()) == pytest.approx(float((own.sum() + 0.5 * other.sum()).detach() / 16), rel=1e-5)


def test_class_weights_count_a_row_of_another_book_once(ground: Ground, tmp_path: Path) -> None:
    """Loss and gradient of few own rows of one class and many of another book, reckoned without the technique."""
    made = ground.plan(rows(mixing="equal"), class_weights="balanced", **NO_DROPOUT)
    training = ground.fit(tmp_path, made)
    own_rows = training.view.rows.fixed["labels"][training.view.rows.fixed[TASK] == 0]
    shares = np.bincount(own_rows) / len(own_rows)
    torch.testing.assert_close(training.criterion.weights, torch.tensor(1 / (2 * shares), dtype=torch.float32))
    training.criterion = dataclasses.replace(training.criterion, weights=torch.tensor([7.0, 0.5]))
    training.context.criterion = training.criterion
    trainer = training.prepare()
    model, tasks = trainer.model.train(), training.view.rows.fixed[TASK]
    chosen = [*np.flatnonzero(tasks == 0)[:8], *np.flatnonzero(tasks == 1)[:8]]
    batch = training.task.collate(training.view.rows, [int(row) for row in chosen], 0)
    own, other = by_hand(training, trainer, batch)
    weights = torch.tensor([7.0, 0.5])[batch["labels"][:8]]
    wanted = ((weights * own).sum() + other.sum()) / (weights.sum() + 8)
    shared = list(model.bert.parameters())
    gradients = torch.autograd.grad(wanted, shared, allow_unused=True)
    loss = trainer.compute_loss(model, batch, num_items_in_batch=training.criterion.items(batch))
    assert float(loss.detach()) == pytest.approx(float(wanted.detach()), rel=1e-5)
    loss.backward()
    found = [item.grad for item in shared]
    assert [item is None for item in found] == [item is None for item in gradients]
    for one, two in zip(found, gradients, strict=True):
        if one is not None and two is not None:
            torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-6)


def test_uncertainty_is_a_likelihood_of_each_row(ground: Ground, tmp_path: Path) -> None:
    training, trainer, batch = prepared(ground, tmp_path, balance="uncertainty")
    logs = trainer.model.get_submodule(EXTRA).log_variance
    with torch.no_grad():
        logs.copy_(torch.tensor([0.4, -0.7]))
    own, other = by_hand(training, trainer, batch)
    parts = (own / np.exp(0.4) + 0.4 / 2).sum() + (other / np.exp(-0.7) - 0.7 / 2).sum()
    loss = trainer.compute_loss(trainer.model, batch)
    assert float(loss.detach()) == pytest.approx(float(parts.detach() / 16), rel=1e-5)
    loss.backward()
    expected = -own.sum() / np.exp(0.4) / 16 + 8 / 32
    assert float(logs.grad[0]) == pytest.approx(float(expected.detach()), rel=1e-4)


def test_uncertainties_are_learnt_at_a_rate_of_their_own(ground: Ground, tmp_path: Path) -> None:
    """With Adam a step is about the rate: 20 steps of .05 move them far from 0, an encoder's rate would not."""
    given = rows(balance="uncertainty", rate=0.05) | {"layer_decay": {"rate": 0.5}, "head_rate": {"factor": 2.0}}
    made = ground.plan(given, learning_rate=1e-5, max_steps=20, warmup_steps=0, weight_decay=0.5)
    training = ground.fit(tmp_path, made)
    trainer = training.prepare()
    *others, last = trainer.create_optimizer().param_groups
    assert last["params"] == [trainer.model.get_submodule(EXTRA).log_variance]
    assert last["weight_decay"] == 0 and all(group["lr"] < 1e-4 for group in others)
    counters = ground.fit(tmp_path / "run", made).run().counters["multi_task"]
    assert all(abs(np.log(counters[f"weight_{task}"])) > 0.1 for task in (0, 1))


def test_numbers_have_the_half_of_a_normal_density(ground: Ground, tmp_path: Path) -> None:
    training, _, _ = prepared(ground, tmp_path)
    technique, run = training.woven[0], training.context
    assert not technique._numbers(0, run) and not technique._numbers(1, run)
    run.labels = Labels(problem="regression")
    assert technique._numbers(0, run) and not technique._numbers(1, run)


def test_pcgrad_takes_the_conflict_out_of_the_gradient(ground: Ground, tmp_path: Path) -> None:
    training, trainer, batch = prepared(ground, tmp_path, balance="pcgrad")
    model, technique, run = trainer.model.train(), training.woven[0], training.context
    shared = list(model.bert.parameters())
    with torch.no_grad():  # the other task is made to want the opposite of the own one
        model.get_submodule(EXTRA).dense[0].weight.mul_(3)
    own, other = by_hand(training, trainer, batch)
    found = [
        torch.cat(
            [torch.zeros_like(p).flatten() if g is None else g.flatten() for p, g in zip(shared, grads, strict=True)]
        )
        for grads in (
            torch.autograd.grad(part.sum() / 16, shared, retain_graph=True, allow_unused=True) for part in (own, other)
        )
    ]
    trainer.compute_loss(model, batch).backward()
    technique.on("gradients", run)
    a, b = found
    dot = torch.dot(a, b)
    wanted = a + b if dot >= 0 else a - dot / b.dot(b) * b + b - dot / a.dot(a) * a
    now = torch.cat([torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in shared])
    torch.testing.assert_close(now, wanted, rtol=1e-3, atol=1e-5)
    assert run.counters["multi_task"].get("conflicts", 0) == (2 if dot < 0 else 0)
    assert "gradients" not in run.state["multi_task"], "checkpoints hold none"


def test_pcgrad_in_a_conflict(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rows with the opposite loss: all of the gradient is a conflict, and nothing is left."""
    training, trainer, batch = prepared(ground, tmp_path, balance="pcgrad")
    model, technique, run = trainer.model.train(), training.woven[0], training.context
    trainer.compute_loss(model, batch).backward()
    kept = run.state["multi_task"]["gradients"]
    kept[1] = -kept[0]
    technique.on("gradients", run)
    assert run.counters["multi_task"]["conflicts"] == 2
    assert all(float(item.grad.abs().max()) < 1e-4 for item in model.bert.parameters())


def flat(parameters: Iterable[torch.nn.Parameter]) -> torch.Tensor:
    """The gradients of parameters, one after the other."""
    return torch.cat([torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in parameters])


class Stepping(TrainerCallback):  # type: ignore[misc]
    """Keeps what an optimiser steps by: the gradient of the encoder, and the length of the whole gradient."""

    def on_pre_optimizer_step(self, *given: Any, model: Any, **more: Any) -> None:
        self.shared, self.length = flat(model.bert.parameters()), float(flat(model.parameters()).norm())


@pytest.mark.parametrize("most", [0.0, 1e-3])
def test_pcgrad_bends_the_gradient_of_a_whole_step_before_it_is_clipped(
    most: float, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tasks nearly cancel each other, so that the sum is far shorter than what is left of it without conflict."""
    made = ground.plan(
        rows(balance="pcgrad", mixing="equal"), max_grad_norm=most, max_steps=1, eval_every=1, warmup_steps=0,
        gradient_accumulation_steps=4, **NO_DROPOUT,
    )  # fmt: skip
    training = ground.fit(tmp_path, made)
    trainer, seen, wanted, project = training.prepare(), Stepping(), [], MultiTask._project

    def opposed(technique: MultiTask, state: dict[str, Any], run: Any) -> None:
        own, aside = state["gradients"][0], torch.Generator().manual_seed(0)
        other = torch.randn(own.shape, generator=aside) * own.norm() / own.numel() ** 0.5 / 100 - own
        state["gradients"][1] = other
        a, b = (item.double() / float(state["items"]) for item in (own, other))
        wanted.append(a - (a @ b) / (b @ b) * b + b - (a @ b) / (a @ a) * a)
        project(technique, state, run)

    monkeypatch.setattr(MultiTask, "_project", opposed)
    trainer.add_callback(seen)
    trainer.train()
    if most:
        assert seen.length == pytest.approx(most, rel=1e-3)
        wanted[0] *= seen.shared.norm() / wanted[0].norm()
    torch.testing.assert_close(seen.shared.double(), wanted[0], rtol=1e-3, atol=1e-3 * float(wanted[0].abs().max()))
    assert training.context.counters["multi_task"]["conflicts"] == 2


def test_gradnorm_moves_the_weights_by_the_norms_of_the_whole_step(ground: Ground, tmp_path: Path) -> None:
    from tunebook.nets.multi_task import last_shared, norm_weights

    training, trainer, batch = prepared(ground, tmp_path, balance="gradnorm")
    model, technique, run = trainer.model.train(), training.woven[0], training.context
    own, other = by_hand(training, trainer, batch)
    norms = [torch.autograd.grad(part.mean(), last_shared(model), retain_graph=True)[0].norm() for part in (own, other)]
    halves = [{name: value[start::2] for name, value in batch.items()} for start in (0, 1)]
    for half in halves:  # two passes of one step
        trainer.compute_loss(model, half).backward()
    technique.on("before_step", run)
    expected = norm_weights(torch.ones(2), torch.stack(norms), torch.ones(2), 1.5, 0.025)
    torch.testing.assert_close(run.state["multi_task"]["weights"], expected, rtol=1e-4, atol=1e-6)
    before = run.state["multi_task"]["weights"]
    trainer.compute_loss(model, {name: value[:8] for name, value in batch.items()})
    technique.on("before_step", run)
    assert run.state["multi_task"]["weights"] is before, "a step without a task moves nothing"
    loss = trainer.compute_loss(model, batch)
    assert float(loss.detach()) == pytest.approx(
        float((before[0] * own.sum() + before[1] * other.sum()).detach() / 16), rel=1e-5
    )


def test_dwa_weighs_by_how_the_losses_fell(ground: Ground, tmp_path: Path) -> None:
    training, trainer, batch = prepared(ground, tmp_path, balance="dwa")
    model, technique, run = trainer.model.train(), training.woven[0], training.context
    means = []
    technique.on("epoch", run)
    for _ in range(2):
        own, other = by_hand(training, trainer, batch)
        means.append(torch.stack([own.mean(), other.mean()]).detach())
        trainer.compute_loss(model, batch)
        technique.on("epoch", run)
        with torch.no_grad():
            model.classifier.weight.mul_(3)
    expected = average_weights(*means)
    torch.testing.assert_close(run.state["multi_task"]["weights"], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("balance", ["uncertainty", "gradnorm", "dwa", "pcgrad"])
def test_every_balance_is_the_same_however_rows_are_split(balance: str, ground: Ground, tmp_path: Path) -> None:
    common = {"max_epochs": 3, "optimizer": "sgd", "learning_rate": 0.1, "eval_every": 9, **NO_DROPOUT}
    made = [
        ground.plan(rows(balance=balance), batch_size=16, **common),
        ground.plan(rows(balance=balance), batch_size=4, gradient_accumulation_steps=4, **common),
    ]
    for number, one in enumerate(made):
        outcome = ground.fit(tmp_path / str(number), one).run()
        assert outcome.counters["multi_task"]["other_accuracy"] >= 0
    first, second = (weights(tmp_path / str(number), one) for number, one in enumerate(made))
    for name in first:
        torch.testing.assert_close(first[name], second[name], rtol=2e-3, atol=1e-4, msg=name)
    one, two = (read_history(tmp_path / str(number) / "metrics.jsonl") for number in (0, 1))
    assert [entry["loss"] for entry in one if "loss" in entry] == pytest.approx(
        [entry["loss"] for entry in two if "loss" in entry], rel=1e-3
    )


def test_an_epoch_sees_every_own_row_once_and_the_others_as_they_are_mixed(ground: Ground, tmp_path: Path) -> None:
    training = ground.fit(tmp_path, ground.plan(rows(mixing="equal")))
    order, tasks = training.view.order, training.view.rows.fixed[TASK]
    own = int((tasks == 0).sum())
    for epoch in (0, 1):
        seen = order(epoch)
        assert sorted(seen[tasks[seen] == 0].tolist()) == list(range(own))
        assert int((tasks[seen] == 1).sum()) == own
    assert not np.array_equal(order(0), order(1)) and np.array_equal(order(1), order(1))


def test_it_learns_both_and_keeps_a_plain_model(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan(rows(), max_epochs=8, learning_rate=1e-2, early_stopping_patience=None)
    outcome = ground.fit(tmp_path, made).run()
    assert outcome.counters["multi_task"]["other_accuracy"] > 0.6
    assert not [name for name in weights(tmp_path, made) if EXTRA in name]


def test_order_of_another_technique_is_kept(ground: Ground, tmp_path: Path) -> None:
    from dataclasses import replace

    training = ground.fit(tmp_path, ground.plan())
    technique = build(MultiTask, {"books": [OTHER]})
    training.context.source.plan = training.plan.model_copy(update={"techniques": rows()})
    view = replace(training.view, order=lambda epoch: np.array([3, 3, 5]))
    made = technique.prepare_data(view, training.context)  # type: ignore[attr-defined]
    assert sorted(made.order(0)[made.rows.fixed[TASK][made.order(0)] == 0].tolist()) == [3, 3, 5]


def refusal(given: dict[str, Any], **settings: Any) -> str:
    chosen = small.filled(**{"precision": "fp32", **settings})
    facts = Facts("text_classification", Labels(problem="single_label"), chosen, {}, frozenset(), 9)
    with pytest.raises(PlanError) as caught:
        build(MultiTask, given).refuse(facts)
    assert caught.value.advice
    return caught.value.code


def test_what_cannot_work_is_refused() -> None:
    assert refusal({}) == "multi_task.books"
    assert refusal({"books": ["a"], "balance": "pcgrad"}, precision="fp16") == "multi_task.fp16"


def test_several_processes_are_refused(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = ground.fit(tmp_path, ground.plan(rows()))
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(PlanError) as caught:
        training.prepare()
    assert (caught.value.code, caught.value.key) == ("ranks.technique", "multi_task")


def test_without_weight_nothing_is_touched(ground: Ground, tmp_path: Path) -> None:
    training = ground.fit(tmp_path, ground.plan(rows(weight=0.0)))
    technique, run = training.woven[0], training.context
    assert TASK not in training.view.rows.fixed
    assert technique.prepare_model("model", run) == "model"
    assert technique.around_loss(len, run) is len
    technique.on("end", run)
    assert "multi_task" not in run.counters

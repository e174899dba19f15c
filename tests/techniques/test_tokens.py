"""Techniques whose items are tokens: what the losses of a batch are does not depend on how its rows are split."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from tests import tiny
from tunebook.core.batch import Batch, Criterion, Items, model_inputs
from tunebook.core.encoded import pack
from tunebook.core.nouns import Labels
from tunebook.core.registry import techniques
from tunebook.core.technique import RunContext
from tunebook.nets.alignment import aligned
from tunebook.nets.peft import REFUSED, TESTED

CLASSES, ROWS = 4, 6
TAUGHT = {"teacher": "run", "weight": 10.0}
STEADY: dict[str, dict[str, Any]] = {  # nothing drawn
    "focal": {}, "fgm": {}, "pgd": {}, "lwf": {}, "mas": {"rows": 2}, "distill_hidden": TAUGHT,
    "distill_attention": TAUGHT,
}  # fmt: skip
DRAWN = ("r_drop", "vat", "free_lb", "neftune")


class Tokens(Criterion):
    """Cross-entropy of the tokens that have a class."""

    def flat(self, outputs: Any, batch: Batch) -> Items:
        where = batch["x.class"] >= 0
        targets = batch["x.class"][where]
        return Items(outputs.logits[where].float(), targets, torch.ones(len(targets)))

    def loss(self, model: Any, batch: Batch) -> tuple[Tensor, Any]:
        outputs = model(**model_inputs(batch))
        items = self.flat(outputs, batch)
        return items.mean(F.cross_entropy(items.logits, items.targets, reduction="none")), outputs

    def counts(self, batch: Batch) -> Tensor:
        return (batch["x.class"] >= 0).sum(1).float()


def net(seed: int, dropout: float = 0.0, kind: str = "bert") -> Any:
    from transformers import AutoModelForTokenClassification

    torch.manual_seed(seed)
    model = AutoModelForTokenClassification.from_config(tiny.config(kind, CLASSES, dropout)).train()
    with torch.no_grad():  # as large as trained ones
        for item in model.parameters():
            item.mul_(4 if item.dim() > 1 else 1)
    return model


def batch_of(rows: int = ROWS, seed: int = 0) -> Batch:
    """Rows of uneven length; some tokens have no class, as the later pieces of a word."""
    made = tiny.collate(tiny.rows(rows, seed=seed))
    draw = torch.Generator().manual_seed(seed)
    classes = torch.randint(-1, CLASSES, made["input_ids"].shape, generator=draw)
    made["x.class"] = classes.where(made["attention_mask"] == 1, torch.tensor(-100))
    return {**made, "row": torch.arange(rows)}


def some(batch: Batch, rows: list[int]) -> Batch:
    longest = int(batch["attention_mask"][rows].sum(1).max())
    return {name: value[rows][:, :longest] if value.dim() == 2 else value[rows] for name, value in batch.items()}


class Source:
    """Other models and rows that the techniques ask for; a row of a batch may have several lines."""

    outputs_before = 2
    past = SimpleNamespace(fixed={"past.age": torch.ones(3).numpy()}, take=lambda numbers: numbers)

    def teacher(self, name: str) -> Any:
        return net(5).eval()

    def before(self) -> Any:
        old = net(7).eval()
        old.classifier = torch.nn.Linear(16, self.outputs_before)
        return old

    def rows(self, name: str) -> Any:
        return pack({"input_ids": [row["input_ids"] for row in tiny.rows(20)]})

    def batches(self, rows: Any, size: int | None = None) -> Any:
        yield batch_of(len(rows) + 2, seed=3)


def woven(key: str, dropout: float = 0.0) -> tuple[Any, RunContext, Any]:
    model = net(0, dropout)
    run = RunContext(model=model, labels=Labels(problem="single_label", names=list("abcd")), source=Source())  # type: ignore[arg-type]
    run.criterion = Tokens()
    torch.manual_seed(1)
    loss = techniques()[key](**STEADY.get(key, {})).around_loss(run.criterion.loss, run)
    with torch.no_grad():  # a step away from where it began
        for item in model.parameters():
            item.add_(0.01)
    return model, run, loss


@pytest.mark.parametrize("key", STEADY)
def test_a_loss_does_not_depend_on_how_rows_are_split(key: str) -> None:
    model, run, loss = woven(key)
    whole, criterion = batch_of(), Tokens()
    parts = [some(whole, rows) for rows in ([4], [0, 2], [1, 3, 5])]
    expected = loss(model, whole)[0]
    found = sum(loss(model, part)[0] * criterion.items(part) for part in parts) / criterion.items(whole)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert float(expected.detach()) != pytest.approx(float(criterion.loss(model, whole)[0].detach()), rel=1e-3)
    assert any(run.counters[key].values())


@pytest.mark.parametrize("key", DRAWN)
def test_what_draws_acts_on_tokens_too(key: str) -> None:
    model, run, loss = woven(key, dropout=0.2)
    value, _ = loss(model, batch_of())
    value.backward()
    assert torch.isfinite(value) and any(run.counters[key].values())
    assert all(torch.isfinite(item.grad).all() for item in model.parameters() if item.grad is not None)


def test_features_of_rows_with_several_lines_meet_as_many_of_the_other_domain() -> None:
    model, run, _ = woven("r_drop")
    seen: list[tuple[int, ...]] = []

    def penalty(source: Tensor, target: Tensor) -> Tensor:
        seen.extend([tuple(source.shape), tuple(target.shape)])
        return (source - target).square().mean(1)

    batch, criterion = batch_of(), Tokens()
    value = aligned(criterion.loss, run, "mmd", penalty)(model, batch)[0]
    assert seen == [(ROWS, 16), (ROWS, 16)] and value > criterion.loss(model, batch)[0]


def test_a_row_counts_as_many_items_as_it_has() -> None:
    batch, criterion = batch_of(), Tokens()
    assert criterion.items(batch) == len(criterion.flat(net(0)(**model_inputs(batch)), batch).targets)
    assert criterion.mean(torch.arange(float(ROWS)), batch) == pytest.approx(
        sum(n * float(count) for n, count in enumerate(criterion.counts(batch))) / float(criterion.items(batch))
    )


EFFICIENT = sorted(key for key, technique in techniques().items() if technique.exclusive == "peft")


@pytest.mark.parametrize("kind", [kind for kind in TESTED if kind in tiny.ENCODERS])
def test_tokens_stay_where_they_are_unless_a_method_needs_them_free(kind: str) -> None:
    batch = model_inputs(batch_of())
    length = batch["input_ids"].shape[1]
    for key in EFFICIENT:
        technique = techniques()[key]()
        if kind not in REFUSED.get(key, {}):
            found = technique.prepare_model(net(0, kind=kind), RunContext())(**batch).logits
            more = technique.tokens if "free_tokens" in technique.needs else 0  # type: ignore[attr-defined]
            assert found.shape == (ROWS, length + more, CLASSES), key

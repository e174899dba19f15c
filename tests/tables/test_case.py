"""What the rules see: how many passes, how many rows at once, how long a text."""

from __future__ import annotations

import pytest
from tests.tables.test_propose import BASE, LARGE, MANY, ROOMY, SMALL, TWO

from tunebook.core.nouns import Labels
from tunebook.core.settings import Filled
from tunebook.tables.case import FEW_STEPS, MOST_EPOCHS, Case, Machine, ModelFacts
from tunebook.tables.propose import advise
from tunebook.tables.rules import effective_batch

GIB = 1 << 30
BERT = ModelFacts(name="bert", hidden=768, layers=12, parameters=110_000_000, max_positions=512)


def case(model=SMALL, machine=ROOMY, rows=5000, labels=TWO, **more):
    stats = more.pop("stats", {"tokens": {"p95": 100, "p99": 200}})
    return Case(stats, labels, rows, model, machine, **more)


def test_figures_of_the_labels_and_rows():
    assert (case().classes, case().many_classes) == (2, False)
    assert case(labels=MANY).many_classes
    assert case(rows=1999).few_rows and not case(rows=2000).few_rows
    assert case(stats={}).imbalance == 1.0
    assert case(stats={"imbalance": 7.5}).imbalance == 7.5


@pytest.mark.parametrize("rows", [1, 100, 300, 700, 1500, 5000, 100_000])
def test_enough_steps_unless_that_took_too_many_passes(rows):
    found = case(rows=rows)
    assert found.usual_epochs <= found.epochs <= MOST_EPOCHS
    assert found.epochs == MOST_EPOCHS or found.epochs * found.steps_per_epoch >= FEW_STEPS


@pytest.mark.parametrize(("rows", "batch"), [(99, 16), (100, 8), (1500, 8), (1599, 16), (1601, 16), (3200, 32)])
def test_small_steps_before_more_passes(rows, batch):
    assert case(rows=rows).batch == batch
    assert case(rows=rows, task="text_classification").batch == batch
    assert case(rows=rows, labels=MANY).batch == (16 if rows < 2000 else 32)  # of rare classes
    narrow = SMALL.model_copy(update={"hidden": 256})
    assert case(rows=rows, model=narrow).batch == (16 if rows < 2000 else 32)


@pytest.mark.parametrize(("rows", "batch"), [(100, 16), (1999, 16), (2000, 32)])
def test_a_loss_that_looks_at_rows_together_keeps_them_together(rows, batch):
    assert case(rows=rows, task="embedding").batch == batch


def test_rows_that_are_learnt_in_pairs_are_kept_together():
    vectors = SMALL.model_copy(update={"speaks_mean": True})
    assert "setfit.pairs" in advise(case(rows=16, model=vectors)) and case(rows=16, model=vectors).batch == 16
    assert "setfit.pairs" not in advise(case(rows=17, model=vectors)) and "setfit.pairs" not in advise(case(rows=16))


def test_what_was_not_measured_keeps_its_steps():
    number = Labels(problem="regression", names=[], low=0.0, high=1.0)
    assert case(rows=450).small_steps and not case(rows=450, labels=number).small_steps
    assert case(rows=450, labels=number).batch == 16 and case(rows=450, task="tagging").batch == 16


@pytest.mark.parametrize(("batch", "passes"), [(16, 11), (8, 6), (4, 3), (2, 3)])
def test_smaller_steps_need_fewer_passes(batch, passes):
    assert case(rows=450).passes(batch) == passes


def test_all_fits_into_a_roomy_machine():
    assert case().fitting == Filled(
        batch_size=32, gradient_accumulation_steps=1, gradient_checkpointing=False, max_length=200, warmup_steps=0
    )


@pytest.mark.parametrize("memory", [2, 4, 6, 8, 12])
def test_what_is_proposed_fits_where_it_can(memory):
    machine = Machine(cores=2, memory_bytes=memory * GIB)
    found = case(model=BASE, machine=machine)
    fitting = found.fitting
    assert effective_batch(fitting) == 32
    needed = BASE.training_bytes(
        fitting.batch_size, fitting.max_length, half=False, checkpointing=fitting.gradient_checkpointing
    )
    assert needed <= machine.room or not found.holds_state


def test_the_length_goes_last_and_only_if_it_can_help():
    tight = Machine(cores=2, memory_bytes=2 * (BASE.state_bytes + 8 * 2**20))
    found = case(model=BASE, machine=tight, stats={"tokens": {"p99": 512}}).fitting
    assert (found.batch_size, found.gradient_checkpointing) == (1, True)
    assert found.max_length < 512
    hopeless = case(model=LARGE, machine=Machine(cores=1, memory_bytes=GIB))
    assert not hopeless.holds_state
    assert hopeless.fitting.max_length == 200


@pytest.mark.parametrize(
    ("edge", "stats", "length"),
    [
        (0, {"tokens": {"p95": 100, "p99": 200}}, 200),
        (512 << 20, {"tokens": {"p95": 100, "p99": 200}}, 104),
        (512 << 20, {"tokens": {"p99": 200}}, 200),
        (0, {}, 128),
        (1, {"tokens": {"p95": 100, "p99": 200}}, 8),
    ],
)
def test_length_for_a_small_device(edge, stats, length):
    assert case(stats=stats, edge_bytes=edge).length == length


def test_length_that_fits_beside_the_weights():
    edge = SMALL.answering_bytes(64)
    found = case(stats={"tokens": {"p95": 300, "p99": 400}}, edge_bytes=edge)
    assert 8 < found.length <= 64
    assert SMALL.answering_bytes(found.length) <= edge


@pytest.mark.parametrize(
    ("hidden", "size"), [(128, "small"), (384, "small"), (512, "small"), (768, "base"), (1024, "large")]
)
def test_size_by_width(hidden, size):
    assert BERT.model_copy(update={"hidden": hidden}).size == size


def test_training_bytes_by_hand():
    # one layer, width 64 (one head), 2 rows of 8 tokens: s b h (34 + 5 a s / h) = 8 * 2 * 64 * (34 + 5 * 8 / 64)
    tiny = ModelFacts(name="tiny", hidden=64, layers=1, parameters=1000, max_positions=8)
    assert tiny.training_bytes(2, 8, half=True) == 16_000 + 35_456
    assert tiny.training_bytes(2, 8, half=False) == 16_000 + 2 * 35_456
    # with checkpointing: one layer in full, and the inputs of each, 2 s b h
    assert tiny.training_bytes(2, 8, half=True, checkpointing=True) == 16_000 + 35_456 + 2 * 8 * 2 * 64
    assert BERT.training_bytes(8, 128, half=True, checkpointing=True) < BERT.training_bytes(8, 128, half=True)
    assert tiny.state_bytes == 16_000
    assert tiny.answering_bytes(8) == 4_000 + 35_456  # one row is half of two; twice that in 32-bit
    assert BERT.training_bytes(32, 128, half=False) > BERT.training_bytes(16, 128, half=False)


def test_room():
    assert Machine(cores=2, memory_bytes=100).room == 50
    assert Machine(cores=2, memory_bytes=100, gpu_memory_bytes=1000).room == 900

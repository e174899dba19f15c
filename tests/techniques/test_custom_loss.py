"""A user's loss is tried before it is used, and run only where that has been allowed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import small
from tests.ground import Ground, weights
from tests.techniques.attacked import SINGLE, small_net
from tunebook.core.errors import PlanError, RunError
from tunebook.core.nouns import Labels
from tunebook.core.task import Measures
from tunebook.core.technique import Facts, RunContext
from tunebook.techniques.custom_loss import ALLOW, CustomLoss

OWN = Path(__file__).parent / "own_loss.py"
ACTS = {"file": str(OWN)}
os.environ.setdefault(ALLOW, "1")  # for the contract suites too, which train with it


class Files:
    """A source that gives one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, name: str) -> Path:
        assert name == "custom_loss.file"
        return self.path


def run_with(path: Path, labels: Labels = SINGLE) -> tuple[Any, RunContext, Any]:
    net, run, batch = small_net(labels=labels)
    run.source = Files(path)  # type: ignore[assignment]
    return net, run, batch


def test_the_function_s_losses_are_averaged_with_the_weights_of_rows() -> None:
    net, run, batch = run_with(OWN)
    batch["sample_weight"] = torch.linspace(0, 1, 8)
    assert run.criterion is not None
    before = torch.get_rng_state()
    loss = CustomLoss(file="x").around_loss(run.criterion.loss, run)
    assert torch.equal(torch.get_rng_state(), before), "the trial draws nothing"
    total, outputs = loss(net, batch)
    losses = torch.nn.functional.cross_entropy(outputs.logits, batch["labels"], reduction="none") ** 1.5
    expected = (losses * batch["sample_weight"]).sum() / batch["sample_weight"].sum()
    assert float(total.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert run.counters["custom_loss"] == {"items": 8}


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (Labels(problem="multi_label", names=["a", "b"]), "((logits - targets) ** 2).mean(dim=1)"),
        (Labels(problem="regression"), "(logits[:, 0] - targets).abs()"),
        (Labels(problem="ordinal", names=["a", "b"]), "(logits[:, 0] - targets).abs()"),
    ],
    ids=["several", "number", "ordered"],
)
def test_every_kind_of_labels_is_tried_with_targets_of_its_own(labels: Labels, text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(f"def loss(logits, targets):\n    return {text}\n")
    net, run, batch = run_with(path, labels)
    assert run.criterion is not None
    total, _ = CustomLoss(file="x").around_loss(run.criterion.loss, run)(net, batch)
    assert torch.isfinite(total)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def other(logits, targets): return logits.sum(1)", "no attribute 'loss'"),
        ("def loss(logits, targets): return logits.mean()", "shape"),
        ("def loss(logits, targets): return logits", "shape"),
        ("def loss(logits, targets): return 1.0", "no attribute 'shape'"),
        ("def loss(logits): return logits.sum(1)", "TypeError"),
        ("def loss(logits, targets): return logits.detach().sum(1)", "does not require grad"),
        ("def loss(logits, targets): return logits.sum(1) * 0", "0 everywhere"),
        ("def loss(logits, targets): return logits.sum(1) / 0", "not finite"),
        ("def loss(logits, targets): return (logits * 0).sqrt().sum(1)", "not finite"),
        ("def loss(logits, targets: return", "SyntaxError"),
        ("import no_such_module", "No module named"),
    ],
)
def test_what_does_not_work_is_refused_before_training(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text + "\n")
    _, run, _ = run_with(path)
    with pytest.raises(PlanError) as caught:
        CustomLoss(file="x").around_loss(lambda model, batch: None, run)  # type: ignore[arg-type, return-value]
    assert caught.value.code == "losses.function"
    assert reason in caught.value.message


def test_a_file_that_is_no_program_is_refused(tmp_path: Path) -> None:
    _, run, _ = run_with(tmp_path / "rows.csv")
    with pytest.raises(PlanError, match="no Python file"):
        CustomLoss(file="x").around_loss(lambda model, batch: None, run)  # type: ignore[arg-type, return-value]


def facts(problem: Any = "single_label", **settings: Any) -> Facts:
    given = small.filled(**settings)
    return Facts("t", Labels(problem=problem, names=["a", "b"]), given, {}, frozenset({"custom_loss"}), 10)


@pytest.mark.parametrize(
    ("file", "given", "code"),
    [
        (None, facts(), "losses.no_file"),
        ("x", facts(label_smoothing=0.1), "losses.smoothing"),
        ("x", facts("multi_label", class_weights="sqrt"), "losses.class_weights"),
    ],
)
def test_what_cannot_work_is_refused(file: str | None, given: Facts, code: str) -> None:
    with pytest.raises(PlanError) as caught:
        CustomLoss(file=file).refuse(given)
    assert caught.value.code == code


@pytest.mark.parametrize("value", [None, "", "0", "yes"])
def test_a_program_is_not_run_unless_that_is_allowed(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CustomLoss(file="x").refuse(facts(class_weights="balanced"))
    path = tmp_path / "mine.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    monkeypatch.delenv(ALLOW)
    if value is not None:
        monkeypatch.setenv(ALLOW, value)
    with pytest.raises(PlanError) as caught:
        CustomLoss(file="x").refuse(facts())
    assert caught.value.code == "losses.code" and ALLOW in str(caught.value)
    _, run, _ = run_with(path)
    with pytest.raises(PlanError) as caught:
        CustomLoss(file="x").around_loss(lambda model, batch: None, run)  # type: ignore[arg-type, return-value]
    assert caught.value.code == "losses.code"
    assert not (tmp_path / "ran").exists()


def test_a_training_takes_the_file_that_the_plan_has_read(ground: Ground, tmp_path: Path) -> None:
    path = ground.folder / "mine.py"
    path.write_text(OWN.read_text())
    made = ground.plan({"custom_loss": {"file": "mine.py"}}, max_steps=3, eval_every=3)
    assert ground.fit(tmp_path / "one", made).run().counters["custom_loss"]["items"] == 24
    assert weights(tmp_path / "one", made)
    path.write_text(OWN.read_text() + "\n")
    known = made.model_copy(update={"inputs": {"custom_loss.file": "before"}})
    with pytest.raises(RunError) as caught:
        ground.fit(tmp_path / "two", known).run()
    assert caught.value.code == "run.input"


def test_the_function_reads_numbers_as_the_labels_have_them(tmp_path: Path) -> None:
    """Whatever the unit in which they are learnt."""
    path = tmp_path / "own.py"
    path.write_text("def loss(logits, targets):\n    return (logits[:, 0] - targets).abs()\n")
    net, run, batch = run_with(path, Labels(problem="regression"))
    assert isinstance(run.criterion, Measures)
    one = CustomLoss(file="own.py").around_loss(run.criterion.loss, run)(net, batch)[0]
    run.criterion = run.criterion.measured(64.0)
    two = CustomLoss(file="own.py").around_loss(run.criterion.loss, run)(net, batch)[0]
    assert float(one.detach()) == float(two.detach()) > 0

"""No kind of labels falls into a branch that was meant for another: what is not known is an error."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.techniques.attacked import small_net
from tunebook.abtest.classes import class_rows
from tunebook.abtest.exam import Exam
from tunebook.abtest.marks import Marks
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.task import Rows
from tunebook.nets.anchor import drawn_targets, old_outputs, surprise
from tunebook.nets.classify import Classify, class_weights
from tunebook.nets.divergence import divergence, symmetric
from tunebook.tasks import label_intervals, label_rows, label_scores
from tunebook.tasks.text_classification import TextClassification
from tunebook.techniques.curriculum import Curriculum, _loss
from tunebook.techniques.custom_loss import CustomLoss
from tunebook.techniques.focal import Focal
from tunebook.techniques.multi_task import MultiTask
from tunebook.techniques.r_drop import RDrop
from tunebook.techniques.sample_weights import _losses

SOURCE = Path(__file__).parents[2] / "src" / "tunebook"
PARTS = ("techniques", "nets", "tasks", "engine", "abtest", "report")
ENDS = {"either", "unknown_kind"}
# Functions that single one kind out and are right for all others, whatever comes.
FREE = {
    "techniques/ewc.py:surprise_of": "its targets go into `surprise`, which knows the kind",
    "nets/classify.py:flat": "weights of classes belong to that kind alone",
    "nets/classify.py:_weights": "the same",
    "tasks/label_rows.py:_numbers": "asked after `row_scores`, which knows the kind",
    "tasks/label_rows.py:_counted": "the same",
}
TAGS = Labels.model_construct(problem="tags", names=["a", "b"])
LOGITS = torch.zeros(3, 2)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What a function does itself, without the functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.FunctionDef):
            yield node
            waiting += ast.iter_child_nodes(node)


def asks_for_kind(node: ast.AST) -> bool:
    """A comparison with the kind of labels, or a look into a dictionary by it."""
    if isinstance(node, ast.Compare):
        return any(ast.unparse(side).rpartition(".")[2] == "problem" for side in (node.left, *node.comparators))
    if isinstance(node, ast.Subscript):
        return ast.unparse(node.slice).rpartition(".")[2] == "problem"
    called = isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "get"
    return called and ast.unparse(node.args[0]).rpartition(".")[2] == "problem"  # type: ignore[attr-defined]


def silent(source: str) -> list[str]:
    """Functions that ask for the kind of labels, and say nothing of one that they do not know."""
    found = []
    for function in functions(ast.parse(source)):
        inside = list(own(function))
        says = any(isinstance(node, ast.Name) and node.id in ENDS for node in inside)
        if any(map(asks_for_kind, inside)) and not says and not any(isinstance(node, ast.Raise) for node in inside):
            found.append(function.name)
    return found


def test_whoever_asks_for_the_kind_of_labels_knows_what_to_do_with_an_unknown_one() -> None:
    files = sorted(path for part in PARTS for path in (SOURCE / part).rglob("*.py"))
    found = {f"{path.relative_to(SOURCE)}:{name}" for path in files for name in silent(path.read_text("utf-8"))}
    assert found == set(FREE)


def test_the_search_finds_what_it_looks_for() -> None:
    body = "def f(labels):\n    {}\n"
    for bad in (
        "return 1 if labels.problem == 'ordinal' else 2",
        "return {'ordinal': 1}.get(labels.problem, 2)",
        "return {'ordinal': 1}[labels.problem]",
        "return labels.problem in ('ordinal',)",
    ):
        assert silent(body.format(bad)) == ["f"]
    assert silent(body.format("return either(labels.problem, ['ordinal'], NUMBERS)")) == []


def marks() -> Marks:
    rows = Rows(["a"] * 3, None, np.zeros(3), ["1", "2", "3"])
    return Marks(TextClassification(), TAGS, Exam("validation", "validation", rows, ""), np.zeros((2, 3, 2)))


def woven(technique: Any) -> Any:
    net, run, batch = small_net(labels=Labels(problem="single_label", names=["a", "b", "c"]))
    run.labels = TAGS
    assert run.criterion is not None
    return technique.around_loss(run.criterion.loss, run)(net, batch)


def rows_of(targets: Any) -> Any:
    return SimpleNamespace(fixed={"row": np.arange(3), "labels": targets})


def taught() -> Any:
    return SimpleNamespace(labels=TAGS, source=SimpleNamespace(taught=lambda name: np.zeros((3, 2))))


CALLS: dict[str, Callable[[], Any]] = {
    "divergence": lambda: divergence(LOGITS, LOGITS, "tags"),
    "symmetric": lambda: symmetric(LOGITS, LOGITS, "tags"),
    "drawn_targets": lambda: drawn_targets(LOGITS, "tags", torch.Generator()),
    "surprise": lambda: surprise(LOGITS, torch.zeros(3), "tags"),
    "old_outputs": lambda: old_outputs(LOGITS, 1, "tags"),
    "classify": lambda: Classify("tags", None, 0.0)._reduced(LOGITS, torch.zeros(3), "mean"),
    "measured": lambda: Classify("tags", None, 0.0).measured(2.0),
    "class_weights": lambda: class_weights(np.zeros(3), TAGS, "none"),
    "mean": lambda: TextClassification().mean([np.zeros((3, 2), np.float32)], TAGS),
    "row_scores": lambda: label_rows.row_scores(np.zeros((3, 2)), np.zeros(3), TAGS, "accuracy"),
    "scorer": lambda: label_rows.scorer(np.zeros((3, 2)), np.zeros(3), TAGS, "ece"),
    "scores": lambda: label_scores.scores(np.zeros((3, 2)), np.zeros(3), TAGS),
    "intervals": lambda: label_intervals.intervals(np.zeros((3, 2)), np.zeros(3), TAGS),
    "detail": lambda: label_scores.detail(np.zeros((3, 2)), np.zeros(3), TAGS),
    "answers": lambda: label_scores.answers(np.zeros((3, 2)), TAGS),
    "true_label": lambda: TextClassification().true_label(0, TAGS),
    "headline": lambda: TextClassification().headline(TAGS),
    "metrics": lambda: TextClassification().metrics(TAGS),
    "outputs": lambda: TAGS.outputs,
    "class_rows": lambda: class_rows((marks(), marks())),
    "collapsed": lambda: marks().collapsed,
    "sample_weights": lambda: _losses(np.zeros((3, 2)), np.zeros(3), "tags"),
    "curriculum": lambda: _loss(Curriculum.model_construct(), rows_of(np.zeros(3)), taught()),
    "custom_loss": lambda: CustomLoss.model_construct()._try(lambda logits, targets: logits, TAGS),
    "multi_task": lambda: MultiTask.model_construct()._numbers(0, taught()),
    "r_drop": lambda: woven(RDrop()),
    "focal": lambda: woven(Focal()),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_unknown_kind_is_an_error_with_a_name(name: str) -> None:
    with pytest.raises(PlanError) as caught:
        CALLS[name]()
    assert caught.value.code == "labels.kind" and caught.value.value == "tags" and caught.value.allowed


@pytest.mark.parametrize("kind", ["regression", "ordinal"])
def test_numbers_are_as_far_apart_as_their_square_says(kind: str) -> None:
    """R-Drop of numbers, on purpose: the squared difference of two readings."""
    one, two = torch.tensor([[1.0], [2.0]]), torch.tensor([[4.0], [0.0]])
    assert symmetric(one, two, kind).tolist() == [9.0, 4.0]

"""No kind of labels falls into a branch that was meant for another: nobody asks for its name, and none is made up."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.techniques.attacked import small_net
from tunebook.core.errors import PlanError
from tunebook.core.kind import kinds
from tunebook.core.nouns import Labels
from tunebook.core.task import Rows
from tunebook.nets.classify import class_weights
from tunebook.tasks import label_scores
from tunebook.tasks.text_classification import TextClassification
from tunebook.techniques.curriculum import Curriculum, _loss
from tunebook.techniques.custom_loss import CustomLoss
from tunebook.techniques.focal import Focal
from tunebook.techniques.multi_task import MultiTask
from tunebook.techniques.r_drop import RDrop
from tunebook.verbs.abtest.classes import class_rows
from tunebook.verbs.abtest.scored import ArmScores, Exam

SOURCE = Path(__file__).parents[2] / "src" / "tunebook"
HOME = ("tasks/", "data/kinds/")  # a task scores its own kinds, and a kind is its own file
# Words of others that are spelt like a kind.
FREE = {
    "bundle/tagger.py": "a key of answers",
    "core/nouns.py": "the kinds that `init --problem` may be told",
    "data/formats/collection.py": "names of columns",
    "data/formats/labelstudio.py": "kinds of work that are refused",
    "data/formats/labelstudio_min.py": "kinds of work that are refused",
    "data/formats/preferences.py": "a kind of work that is refused",
    "data/formats/prodigy.py": "a key of Prodigy's files",
    "data/formats/questions.py": "names of columns",
    "data/formats/spans.py": "names of columns",
    "data/formats/tokens.py": "names of columns",
    "data/label_cells.py": "the shape of a cell",
    "data/listings.py": "a key of the lists of LLaMA-Factory",
    "data/raw_text.py": "says what the targets of raw text are",
    "models/heads.py": "a problem type of transformers",
    "report/card.py": "a key of the Hub's model cards",
    "serve/desk.py": "a key of what is sent",
    "data/answer_table.py": "names of columns",
    "verbs/mine.py": "a column of its files",
    "verbs/mined_files.py": "a column of its files",
    "verbs/steps/answers.py": "a function's name",
    "nets/language_model.py": "the kind that these tasks score",
}
FREE |= {
    f"tables/foreign/{name}.py": "a reason why a setting of another tool is not taken, or a task"
    for name in ("axolotl", "keys", "llama_factory", "methods", "ms_swift", "programs", "writing")
}
# Where the kind of plain cells is guessed: kinds are weighed against each other, which none of their files could do.
GUESSED = {"data/label_kind.py", "data/labels.py"}
SHAPES = Labels.model_construct(problem="shapes", names=["a", "b"])
ROWS = Rows(["a"] * 3, None, np.zeros(3), ["1", "2", "3"])


def is_kind(side: ast.AST) -> bool:
    """Whether an expression ends in `problem`, the stored key of a kind."""
    return "problem" in (getattr(side, "attr", ""), getattr(side, "id", ""))


def switches(node: ast.AST) -> bool:
    """A comparison with the key of a kind, a match on it, or a look into a dictionary by it; but not `is None`, nor
    whether it is among the kinds, nor finding the kind."""
    if isinstance(node, ast.Compare) and isinstance(node.comparators[0], ast.Call):
        return False
    if isinstance(node, ast.Compare):
        return any(map(is_kind, (node.left, *node.comparators))) and not isinstance(node.ops[0], ast.Is | ast.IsNot)
    if isinstance(node, ast.Subscript):
        return is_kind(node.slice)
    if isinstance(node, ast.Match):
        return is_kind(node.subject)
    if not isinstance(node, ast.Call) or not node.args or getattr(node.func, "attr", "") != "get":
        return False
    return is_kind(node.args[0]) and not ast.unparse(node.func).endswith("kinds().get")


def names_a_kind(node: ast.AST) -> bool:
    """A text that is the key of a kind."""
    return isinstance(node, ast.Constant) and node.value in {*kinds(), "tags", "spans"}


def asks(source: str, *what: Callable[[ast.AST], bool]) -> list[int]:
    """Lines of a file that ask for the kind of labels by its name."""
    return [node.lineno for node in ast.walk(ast.parse(source)) if any(one(node) for one in what)]  # type: ignore[attr-defined]


@pytest.mark.no_cover
def test_nobody_but_a_task_and_the_kinds_themselves_asks_for_a_kind_by_its_name() -> None:
    for path in sorted(SOURCE.rglob("*.py")):
        name, source = path.relative_to(SOURCE).as_posix(), path.read_text("utf-8")
        if not name.startswith(HOME) and name not in GUESSED:
            found = asks(source, switches) if name in FREE else asks(source, switches, names_a_kind)
            assert not found, f"{name}, lines {found}: ask labels.kind or its link"


def test_no_template_asks_for_a_kind_by_its_name() -> None:
    for path in sorted(SOURCE.rglob("*.j2")):
        found = re.findall(r"\bproblem (?:[!=]=|in|not in) .*", path.read_text("utf-8"))
        assert not found, f"{path.name}: {found}"


def test_the_search_finds_what_it_looks_for() -> None:
    body = "def f(labels):\n    {}\n"
    for bad in (
        "return 1 if labels.problem == x else 2",
        "return {x: 1}.get(labels.problem, 2)",
        "return {x: 1}[labels.problem]",
        "return labels.problem in x",
        "return problem != x",
        "match labels.problem:\n        case x:\n            return 1",
    ):
        assert asks(body.format(bad), switches) == [2], bad
    assert asks(body.format("return found('ordinal')"), names_a_kind) == [2]
    for good in (
        "return labels.problem is None",
        "return labels.kind.link == 'softmax'",
        "return kinds().get(problem)",
        "return problem not in kinds()",
        "return f'{labels.problem}'",
    ):
        assert asks(body.format(good), switches, names_a_kind) == []


def marks() -> ArmScores:
    return ArmScores(TextClassification(), SHAPES, Exam("validation", "validation", ROWS, ""), np.zeros((2, 3, 2)))


def woven(technique: Any) -> Any:
    net, run, batch = small_net(labels=Labels(problem="single_label", names=["a", "b", "c"]))
    run.labels = SHAPES
    assert run.criterion is not None
    return technique.around_loss(run.criterion.loss, run)(net, batch)


def rows_of(targets: Any) -> Any:
    return SimpleNamespace(fixed={"row": np.arange(3), "labels": targets})


def taught() -> Any:
    return SimpleNamespace(labels=SHAPES, source=SimpleNamespace(taught=lambda name: np.zeros((3, 2))))


CALLS: dict[str, Callable[[], Any]] = {
    "class_weights": lambda: class_weights(np.zeros(3), SHAPES, "none"),
    "mean": lambda: TextClassification().mean([np.zeros((3, 2), np.float32)], SHAPES),
    "row_scores": lambda: TextClassification().row_scores(np.zeros((3, 2)), np.zeros(3), SHAPES, "accuracy"),
    "scorer": lambda: TextClassification().scorer(np.zeros((3, 2)), np.zeros(3), SHAPES, "ece"),
    "scores": lambda: TextClassification().scores(np.zeros((3, 2)), np.zeros(3), SHAPES),
    "intervals": lambda: TextClassification().intervals(np.zeros((3, 2)), np.zeros(3), SHAPES),
    "detail": lambda: label_scores.detail(np.zeros((3, 2)), np.zeros(3), SHAPES),
    "answers": lambda: TextClassification().say(np.zeros((3, 2)), ROWS, SHAPES),
    "true_label": lambda: TextClassification().true(np.zeros(3), ROWS, SHAPES),
    "headline": lambda: TextClassification().headline(SHAPES),
    "metrics": lambda: TextClassification().metrics(SHAPES),
    "outputs": lambda: SHAPES.outputs,
    "class_rows": lambda: class_rows((marks(), marks())),
    "collapsed": lambda: marks().collapsed,
    "curriculum": lambda: _loss(Curriculum.model_construct(), rows_of(np.zeros(3)), taught()),
    "custom_loss": lambda: CustomLoss.model_construct()._try(lambda logits, targets: logits, SHAPES),
    "multi_task": lambda: MultiTask.model_construct()._numbers(0, taught()),
    "r_drop": lambda: woven(RDrop()),
    "focal": lambda: woven(Focal()),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_unknown_kind_is_an_error_with_a_name(name: str) -> None:
    with pytest.raises(PlanError) as caught:
        CALLS[name]()
    assert caught.value.code == "labels.kind" and caught.value.value == "shapes" and caught.value.allowed

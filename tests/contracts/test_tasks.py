"""What every task owes, by its own cases: the same loss however rows are split, padding that changes nothing, answers
that agree with what is true, and something to show of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small, tiny
from tests.nets.test_frozen import frozen_of as known_alone
from tests.report import sample_run
from tests.report.reader import read_page
from tunebook.core.encoded import Encoded
from tunebook.core.errors import ModelError
from tunebook.core.hooks import Case
from tunebook.core.nouns import Plan, Report
from tunebook.core.reference import Refers
from tunebook.core.registry import tasks
from tunebook.core.task import Draws, Task
from tunebook.core.writes import Writes
from tunebook.engine.infer import Inference
from tunebook.models.architecture import depths
from tunebook.nets.frozen import COLUMNS
from tunebook.report.card import write_model_card
from tunebook.report.run import write_run_report

LENGTH = 24
BASES = {"encoder": (*tiny.ENCODERS, "xlm-roberta"), "decoder": tiny.DECODERS, "seq2seq": tiny.SEQ2SEQ}
OFF = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}
PLAIN = {"class_weights": "none", "label_smoothing": 0.0}
SETTINGS = [PLAIN, *({**PLAIN, **more} for more in ({"class_weights": "sqrt"}, {"label_smoothing": 0.1}))]
SETTINGS.append({"class_weights": "balanced", "label_smoothing": 0.1})
EVERY = [(key, case) for key, task in tasks().items() for case in task.cases()]
# The first architecture sees all cases, the others every second one.
TOGETHER = [
    (place, kind)
    for place, (_, case) in enumerate(EVERY)
    for number, kind in enumerate(BASES[case.base])
    if number == 0 or place % 2 == number % 2
]
SPOKEN = [(key, case) for key, case in EVERY if case.right is not None]


@dataclass(frozen=True)
class Ready:
    """A case with its task, a model of random weights, and its rows as tokens."""

    case: Case
    task: Task
    model: Any
    encoded: Encoded

    @property
    def count(self) -> int:
        return len(self.encoded)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    vocabulary = sorted({word for _, case in EVERY for text in case.rows.texts for word in text.lower().split()})
    kinds = {kind for kinds in BASES.values() for kind in kinds}
    return {kind: small.base_model(tmp_path_factory.mktemp(kind), kind, vocabulary) for kind in kinds}


@cache
def made(folder: Path, place: int) -> Ready:
    from transformers import AutoTokenizer

    key, case = EVERY[place]
    task, tokenizer = tasks()[key](), AutoTokenizer.from_pretrained(folder)
    torch.manual_seed(1)
    model = task.build(folder, case.labels, small.filled(**{**OFF, **case.params})).eval()
    with torch.no_grad():  # as large as trained ones, so that the rows differ by more than rounding
        for parameter in model.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
    encoded = task.encode(case.rows, tokenizer, LENGTH)
    if isinstance(task, Draws):
        encoded = task.drawn(encoded, tokenizer, small.filled(**case.params), (0,))
    if isinstance(task, Refers):  # a model before that finds all a bit less likely
        with torch.no_grad():
            said = task.said(model, task.collate(encoded, range(len(encoded)), 0)).numpy()
        encoded = task.referred(encoded, 1.1 * said - 0.1 * np.arange(len(said))[:, None].astype(np.float32))
    return Ready(case, task, model, encoded)


def named(part: Any) -> str:
    return part.name if isinstance(part, Case) else str(part)


@pytest.fixture(params=TOGETHER, ids=lambda given: "-".join((EVERY[given[0]][0], EVERY[given[0]][1].name, given[1])))
def ready(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Ready:
    place, kind = request.param
    return made(folders[kind], place)


def unweighted(encoded: Encoded) -> Encoded:
    fixed = {name: column for name, column in encoded.fixed.items() if name != "sample_weight"}
    return type(encoded)(encoded.flat, encoded.offsets, fixed)


def test_every_task_has_cases() -> None:
    assert {key for key, _ in EVERY} == set(tasks())
    assert all(len(case.rows) >= 9 for _, case in EVERY)


def test_frozen_layers_may_be_known(ready: Ready) -> None:
    """The loss and its gradients are the same where what they make of each text is looked up."""
    net, depth = ready.model, depths(ready.model).of
    inputs = ready.task.collate(ready.encoded, range(ready.count), 0)
    criterion = ready.task.criterion(ready.case.labels, small.filled(**PLAIN, **ready.case.params), ready.encoded)
    asked = {name: item.requires_grad for name, item in net.named_parameters()}
    for name, item in net.named_parameters():
        item.requires_grad_(asked[name] and depth[name] > 1)
    try:
        frozen = known_alone(net, {name: inputs[name] for name in (*COLUMNS, "attention_mask") if name in inputs})
        trained = [item for item in net.parameters() if item.requires_grad]
        plain = criterion.loss(net.eval(), inputs)[0]
        with frozen.held():
            found = criterion.loss(net, inputs)[0]
        assert set(frozen.passes) == {"known"}
        assert torch.allclose(found, plain, rtol=1e-5, atol=1e-6)
        for one, other in zip(
            *(torch.autograd.grad(it, trained, allow_unused=True) for it in (found, plain)), strict=True
        ):
            assert (one is None) == (other is None)
            assert one is None or torch.allclose(one, other, rtol=1e-3, atol=1e-4)
    except ModelError:
        assert ready.case.base == "seq2seq", "T5 hands places from layer to layer"
    finally:
        for name, item in net.named_parameters():
            item.requires_grad_(asked[name])


def test_the_loss_does_not_depend_on_how_rows_are_split(ready: Ready) -> None:
    idle = ready.task.idle(ready.case.labels)
    for settings in SETTINGS:
        if any(settings[name] != off for name, off in idle.items()):  # plan() refuses them
            continue
        chosen = small.filled(**{**settings, **ready.case.params})
        criterion = ready.task.criterion(ready.case.labels, chosen, ready.encoded)
        for encoded in (ready.encoded, unweighted(ready.encoded)):
            numbers = range(ready.count)
            whole = ready.task.collate(encoded, numbers, 0)
            shares = ([4], [0, *numbers[8:], 2], [1, 3, 5, 6, 7])
            parts = [ready.task.collate(encoded, rows, 0) for rows in shares]
            with torch.no_grad():
                loss, _ = criterion.loss(ready.model, whole)
                summed = sum(criterion.loss(ready.model, part)[0] * criterion.items(part) for part in parts)
            items = sum(criterion.items(part) for part in parts)
            assert float(items) == pytest.approx(float(criterion.items(whole)), rel=1e-5)
            same = float(summed / items) == pytest.approx(float(loss), rel=2e-5)
            assert same != ready.task.whole(ready.case.labels, small.filled(**ready.case.params))


def test_the_loss_reaches_the_model(ready: Ready) -> None:
    criterion = ready.task.criterion(ready.case.labels, small.filled(**{**PLAIN, **ready.case.params}), ready.encoded)
    criterion.loss(ready.model, ready.task.collate(ready.encoded, range(ready.count), 0))[0].backward()
    still = [name for name, parameter in ready.model.named_parameters() if parameter.grad is None]
    ready.model.zero_grad()
    assert [name for name in still if "pooler" not in name] == []


def test_padding_changes_nothing(ready: Ready) -> None:
    together = Inference(ready.task, 0, batch_size=ready.count).run(ready.model, ready.encoded).logits
    alone = Inference(ready.task, 0, batch_size=1).run(ready.model, ready.encoded).logits
    assert len(together) == ready.count
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=2e-5)
    assert np.nanmax(np.ptp(together, axis=0)) > 1e-4, "the rows are told apart"


def test_a_saved_model_answers_the_same_and_loads_with_plain_transformers(ready: Ready, tmp_path: Path) -> None:
    import transformers

    ready.model.save_pretrained(str(tmp_path))
    expected = Inference(ready.task, 0).run(ready.model, ready.encoded).logits
    models = [ready.task.load(tmp_path).eval()]
    if ready.task.pipeline and ready.task.library == "transformers":
        models.append(getattr(transformers, ready.task.auto_model).from_pretrained(tmp_path).eval())
    for model in models:
        state = model.state_dict()
        assert all(torch.equal(item, state[name]) for name, item in ready.model.state_dict().items() if name in state)
        # The last bit of a head of one output depends on where its weights lie in memory.
        again = Inference(ready.task, 0).run(model, ready.encoded).logits
        np.testing.assert_allclose(again, expected, rtol=1e-6, atol=1e-6)


def test_bf16_runs_and_is_near(ready: Ready) -> None:
    criterion = ready.task.criterion(ready.case.labels, small.filled(**{**PLAIN, **ready.case.params}), ready.encoded)
    exact = Inference(ready.task, 0).run(ready.model, ready.encoded, criterion)
    rough = Inference(ready.task, 0, precision="bf16").run(ready.model, ready.encoded, criterion)
    assert rough.loss is not None and exact.loss is not None
    assert rough.loss == pytest.approx(exact.loss, rel=0.05)
    assert rough.loss != exact.loss


@pytest.mark.parametrize(("key", "case"), SPOKEN, ids=named)
def test_answers_that_are_all_right_have_the_best_scores(key: str, case: Case) -> None:
    task, labels, targets = tasks()[key](), case.labels, case.rows.targets
    assert case.right is not None and targets is not None
    scores, headline = task.scores(case.right, targets, labels), task.headline(labels)
    assert np.isfinite(list(scores.values())).all()
    assert scores[headline] == pytest.approx(task.metric(labels, headline).high)
    assert headline in task.judges(labels)
    for groups in (None, np.arange(len(targets)) // 2):
        assert headline in task.intervals(case.right, targets, labels, groups)
    wrong = case.right[::-1].copy()
    less = task.scores(wrong, targets, labels)
    # What is read of the true answers alone does not change with the order of those that were written.
    assert any(less[name] < scores[name] for name in task.judges(labels))
    assert less[headline] < scores[headline] or isinstance(task, Writes)
    assert (task.found(case.right, targets, labels) == task.present(targets, labels)).all()


@pytest.mark.parametrize(("key", "case"), SPOKEN, ids=named)
def test_what_is_said_is_what_is_true(key: str, case: Case) -> None:
    task, labels, rows = tasks()[key](), case.labels, case.rows
    assert case.right is not None
    true = task.true(rows.targets, rows, labels)
    for answers, all_right in ((case.right, True), (case.right[::-1].copy(), False)):
        said = task.say(answers, rows, labels)
        assert all(list(answer) == list(task.blank(labels)) for answer in said)
        assert all(json.loads(json.dumps(answer)) == answer for answer in said)
        records = [{"id": "1", "text": "t", "true": one, **answer} for one, answer in zip(true, said, strict=True)]
        bad = [task.badness(record, labels) for record in records]
        assert all(item is None for item in bad) == all_right
        assert all(task.brief(answer).label and task.shown(one) for answer, one in zip(said, true, strict=True))
        assert len(task.mistakes(records, labels).rows) == len(records)
        assert all(
            len(row) == len(task.mistakes(records, labels).columns) for row in task.mistakes(records, labels).rows
        )


@pytest.mark.parametrize(("key", "case"), SPOKEN, ids=named)
def test_only_what_can_be_asked_for_changes_an_answer(key: str, case: Case) -> None:
    task, labels = tasks()[key](), case.labels
    assert case.right is not None
    options = task.options(labels)
    assert options <= {"top_k", "reject_below"}
    for answer in task.say(case.right, case.rows, labels):
        assert task.narrow(answer, None, None) == (answer, False)
        if "reject_below" in options:
            assert task.narrow(answer, None, 0.0) == (answer, False)
            less, rejected = task.narrow(answer, None, 1.01)
            assert list(less) == list(answer) and rejected == (less != answer)


def told(key: str, case: Case, answers: Any) -> tuple[Task, Plan, Report]:
    """What a run of a case would be reported as."""
    task, labels, targets = tasks()[key](), case.labels, case.rows.targets
    assert targets is not None
    report = Report(
        run="r", split="test", rows=len(targets), content="c", headline=task.headline(labels),
        metrics=task.scores(answers, targets, labels), intervals=task.intervals(answers, targets, labels),
        **task.detail(answers, case.rows, labels),
    )  # fmt: skip
    return task, sample_run.plan_of(labels).model_copy(update={"task": key}), report


@pytest.mark.parametrize(("key", "case"), SPOKEN, ids=named)
def test_the_page_shows_every_section_and_mistake(key: str, case: Case, tmp_path: Path) -> None:
    """Of answers to other rows, read back from the report's file."""
    assert case.right is not None
    task, plan, report = told(key, case, case.right[::-1].copy())
    again = Report.model_validate_json(report.model_dump_json())
    said, true = (
        task.say(case.right[::-1].copy(), case.rows, case.labels),
        task.true(case.rows.targets, case.rows, case.labels),
    )
    errors = [{"id": "7", "text": "the text", "true": one, **answer} for one, answer in zip(true, said, strict=True)]
    parts = sample_run.parts(plan, errors=errors)
    page = read_page(write_run_report(tmp_path, again, **parts))
    sections = task.sections(again, case.labels)
    assert sections
    for section in [*sections, task.mistakes(errors, case.labels)]:
        assert " ".join(section.caption.split()) in " ".join(page.words.split())
    assert task.shown(true[0]) in page.words


@pytest.mark.parametrize(("key", "case"), SPOKEN, ids=named)
def test_the_card_tells_how_to_load_the_model(key: str, case: Case, tmp_path: Path) -> None:
    assert case.right is not None
    task, plan, report = told(key, case, case.right)
    card = write_model_card(tmp_path, plan, report, sample_run.ref_of(case.labels)).read_text("utf-8")
    for part in (
        f"pipeline_tag: {task.pipeline}",
        f"library_name: {task.library}",
        f"{task.auto_model}{'.from_pretrained' if task.library == 'transformers' else ''}(folder)",
    ):
        assert part in card
    code = card.split("```python\n")[1].split("```")[0]
    compile(code, "card", "exec")
    assert all(line in code for line in task.snippet(case.labels, plan.params, pairs=False))

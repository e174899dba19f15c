"""Cross-fitting: the look that answers a row was chosen without it, and scores of rows are comparable."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import ab_book
from tunebook.core.kept_looks import FOLDER, KeptLook, KeptLooks, rows_key
from tunebook.core.nouns import Labels
from tunebook.core.task import Rows
from tunebook.stats.bootstrap import folds_of
from tunebook.stats.calibration import softmax
from tunebook.stats.ranking import auc, macro_auc, pearson, spearman
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.abtest.scored import Answers, ArmScores, Exam, crossed, scores_of_arm, uncrossed
from tunebook.verbs.steps.runs import Run

Array = Any
TASK = TextClassification()


def make_exam(*args: Any, **more: Any) -> Exam:
    return replace(ab_book.exam(*args, **more), texts=False)  # these runs have no plan that says what is answered


def exam_of(targets: Array) -> Exam:
    texts = [str(number) for number in range(len(targets))]
    return Exam("validation", "validation", Rows(texts, None, targets, texts), "key", texts=False)


def run_of(folder: Path, exam: Exam, answers: list[Array], labels: Labels, metric: str) -> Run:
    """A run with such looks, at the steps 10, 20 ..."""
    folds = folds_of(len(exam.rows))
    kept = KeptLooks(folder / FOLDER, "best", rows_key(exam.targets)).begun(folds, 0)
    for number, logits in enumerate(answers):
        score = TASK.scorer(logits, exam.targets, labels, metric)
        off = tuple(score(np.flatnonzero(folds != fold)) for fold in range(folds.max() + 1))
        look = KeptLook(10 * (number + 1), score(np.arange(len(folds))), off)
        kept = kept.with_look(look, logits.astype(np.float32))
    kept.pruned()
    return Run(folder)


SINGLE = Labels(problem="single_label", names=["a", "b"])


def noisy(targets: Array, looks: int, seed: int, right: float = 0.8) -> list[Array]:
    """Looks of two classes that are equally good, each right in other rows."""
    draw = np.random.default_rng(seed)
    said = np.where(draw.random((looks, len(targets))) < right, targets, 1 - targets)
    return list(np.eye(2, dtype=np.float32)[said])


def test_each_row_is_answered_by_the_first_look_that_is_best_on_the_other_folds(tmp_path: Path) -> None:
    asked = make_exam(95)
    looks = noisy(asked.targets, 12, seed=3)
    found = crossed(run_of(tmp_path, asked, looks, SINGLE, "accuracy"), asked, "softmax")
    assert found is not None and not found.uncrossed
    right = np.stack([look.argmax(1) == asked.targets for look in looks])
    folds = folds_of(95)
    for row in range(95):
        others = right[:, folds != folds[row]]
        assert (found.logits[row] == looks[int(others.sum(1).argmax())][row]).all()


def test_equal_looks_gain_nothing_by_being_many(tmp_path: Path) -> None:
    """Simulated: the best of 12 equal looks seems 5 points better than it is; cross-fitted it does not."""
    asked = make_exam(100)
    seen, honest = [], []
    for draw in range(150):
        looks = noisy(asked.targets, 12, seed=draw)
        run = run_of(tmp_path / str(draw), asked, looks, SINGLE, "accuracy")
        found = crossed(run, asked, "softmax")
        assert found is not None
        honest.append((found.logits.argmax(1) == asked.targets).mean())
        seen.append(max((look.argmax(1) == asked.targets).mean() for look in looks))
    error = np.std(honest) / np.sqrt(len(honest))
    assert abs(np.mean(honest) - 0.8) < 3 * error < 0.02
    assert np.mean(seen) > 0.8 + 0.04


def test_a_look_that_is_clearly_best_answers_all_rows(tmp_path: Path) -> None:
    asked = make_exam(60)
    good = np.eye(2, dtype=np.float32)[asked.targets]
    looks = [*noisy(asked.targets, 3, seed=0, right=0.6), good, good * 2]
    found = crossed(run_of(tmp_path, asked, looks, SINGLE, "accuracy"), asked, "softmax")
    assert found is not None and (found.logits == good).all() and found.aligned is None


@pytest.mark.parametrize("rows", [2, 3, 9])
def test_few_rows_make_few_folds(rows: int, tmp_path: Path) -> None:
    asked = make_exam(rows)
    found = crossed(run_of(tmp_path, asked, noisy(asked.targets, 4, 1), SINGLE, "accuracy"), asked, "softmax")
    assert found is not None and found.logits.shape == (rows, 2)


def test_without_looks_at_these_rows_the_model_answers_and_that_is_told(tmp_path: Path) -> None:
    asked = make_exam(40)
    run = run_of(tmp_path / "run", asked, noisy(asked.targets, 3, 1), SINGLE, "accuracy")
    history(run, 3)
    assert crossed(run, asked, "softmax") is not None and not uncrossed(run, asked)
    other = make_exam(40, seed=5)
    assert crossed(run, other, "softmax") is None and uncrossed(run, other)
    challenge = Exam("x.csv", "challenges/x", asked.rows, asked.key)
    assert crossed(run, challenge, "softmax") is None and not uncrossed(run, challenge)
    for looks, told in ((0, False), (1, False), (2, True)):
        old = Run(tmp_path / f"old{looks}")
        history(old, looks)
        assert crossed(old, asked, "softmax") is None and uncrossed(old, asked) is told
    assert uncrossed(Run(tmp_path / "bare"), asked), "nothing is known of it"


def test_a_model_of_several_looks_is_answered_by_what_it_would_be(tmp_path: Path) -> None:
    asked = make_exam(40)
    kept = KeptLooks(tmp_path / FOLDER, "own", rows_key(asked.targets)).begun(folds_of(40), 0)
    kept = kept.with_look(KeptLook(1, 0.5, (0.5,) * 10), np.zeros((40, 2), np.float32))
    run = Run(tmp_path)
    history(run, 2)
    assert crossed(run, asked, "softmax") is None and uncrossed(run, asked), "it was never cooked"
    kept.cross([np.full((40, 2), fold, np.float32) for fold in range(10)])
    found = crossed(run, asked, "softmax")
    assert found is not None and (found.logits[:, 0] == folds_of(40)).all() and not uncrossed(run, asked)


def test_answers_that_are_damaged_are_not_half_used(tmp_path: Path) -> None:
    asked = make_exam(40)
    run = run_of(tmp_path, asked, noisy(asked.targets, 3, 1), SINGLE, "accuracy")
    for file in (tmp_path / FOLDER).glob("*0.npy"):
        file.write_bytes(file.read_bytes()[:20])
    assert crossed(run, asked, "softmax") is None and uncrossed(run, asked)


def test_answers_of_too_few_classes_are_none(tmp_path: Path) -> None:
    asked = make_exam(40)
    run = run_of(tmp_path, asked, noisy(asked.targets, 3, 1), SINGLE, "accuracy")
    for file in (tmp_path / FOLDER).glob("*0.npy"):
        np.save(file, np.load(file)[:, :1])
    assert crossed(run, asked, "softmax") is None and uncrossed(run, asked)


def history(run: Run, looks: int) -> None:
    run.path.mkdir(exist_ok=True)
    entries = [{"step": 1, "loss": 1.0}, *({"step": step, "eval_loss": 1.0} for step in range(looks))]
    (run.path / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))


def test_marks_use_the_common_scale_for_metrics_that_compare_rows_only() -> None:
    asked = make_exam(30)
    plain = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    turned = Answers(plain, -plain, uncrossed=True)

    class Data:
        task, labels = "text_classification", SINGLE

    found = scores_of_arm(Data, asked, [turned, plain, None])  # type: ignore[arg-type]
    assert found.uncrossed == 1 and found.first(1).aligned is not None
    right = (plain.argmax(1) == asked.targets).mean()
    assert found.scores("accuracy").tolist() == [right, right, 0.0]
    one, other, _ = found.scores("auc")
    assert one == pytest.approx(1 - other) and other != 0.5
    assert scores_of_arm(Data, asked, [plain]).aligned is None  # type: ignore[arg-type]


def scored(answers: Answers, exam: Exam, labels: Labels, metric: str) -> float:
    aligned = None if answers.aligned is None else answers.aligned[None]
    return float(ArmScores(TASK, labels, exam, answers.logits[None], aligned).scores(metric)[0])


def mixed(folder: Path, exam: Exam, looks: list[Array], labels: Labels) -> Answers:
    """Answers of looks that take turns: each is the best for some folds, by scores made for that."""
    folds = folds_of(len(exam.rows))
    kept = KeptLooks(folder / FOLDER, "best", rows_key(exam.targets)).begun(folds, 0)
    for number, logits in enumerate(looks):
        off = tuple(float(fold % len(looks) == number) for fold in range(folds.max() + 1))
        kept = kept.with_look(KeptLook(number, -float(number), off), logits.astype(np.float32))
    found = crossed(Run(folder), exam, labels.problem)
    assert found is not None and found.aligned is not None
    return found


def test_answers_that_are_lists_of_any_length_are_crossed(tmp_path: Path) -> None:
    """Marked places: a count, then four columns each; of each row what its look has marked, and nothing of another."""
    draw = np.random.default_rng(5)
    exam = exam_of(np.zeros((30, 1 + 3 * 2), np.int64))
    looks = [draw.normal(size=(30, 1 + 4 * most)) for most in (1, 3, 0)]
    folds = folds_of(30)
    kept = KeptLooks(tmp_path / FOLDER, "best", rows_key(exam.targets)).begun(folds, 0)
    for number, answers in enumerate(looks):
        off = tuple(float(fold % 3 == number) for fold in range(folds.max() + 1))
        kept = kept.with_look(KeptLook(number, -float(number), off), answers.astype(np.float32))
    found = crossed(Run(tmp_path), exam, None)
    assert found is not None and found.logits.shape == (30, 13) and found.aligned is None
    for row, fold in enumerate(folds):
        own = looks[fold % 3][row].astype(np.float32)
        assert (found.logits[row, : len(own)] == own).all() and not found.logits[row, len(own) :].any()


def test_looks_of_other_scales_rank_rows_as_one_of_them_would(tmp_path: Path) -> None:
    """The same ranking told in three scales: any mixture of them must be worth what each is."""
    draw = np.random.default_rng(0)
    targets = draw.integers(2, size=400)
    answer = targets * 1.5 + draw.normal(size=400)
    looks = [np.stack([0 * z, z], 1) for z in (answer, 10 * answer + 30, np.tanh(answer) - 3)]
    exam = exam_of(targets)
    found = mixed(tmp_path, exam, looks, SINGLE)
    wanted = float(auc(answer, targets == 1))
    assert scored(found, exam, SINGLE, "auc") == pytest.approx(wanted, abs=2e-3)  # a tanh has ties in float32
    raw = Answers(found.logits)
    assert scored(raw, exam, SINGLE, "auc") < wanted - 0.1, "mixed as they are, they rank badly"
    assert found.aligned is not None and np.allclose(softmax(found.aligned).sum(1), 1)


@pytest.mark.parametrize("metric", ["spearman", "pearson"])
def test_numbers_too(metric: str, tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    truth = draw.normal(size=300).astype(np.float32)
    answer = truth + draw.normal(size=300)
    labels, exam = Labels(problem="regression", low=-3.0, high=3.0), exam_of(truth)
    found = mixed(tmp_path, exam, [answer[:, None], 5 + 3 * answer[:, None]], labels)
    link = {"spearman": spearman, "pearson": pearson}[metric]
    assert scored(found, exam, labels, metric) == pytest.approx(float(link(answer, truth)), abs=1e-5)
    assert scored(Answers(found.logits), exam, labels, metric) < float(link(answer, truth)) - 0.1


def test_several_classes_keep_their_own_scale(tmp_path: Path) -> None:
    """Of many classes the probabilities of a row no longer add up to 1 once moved; the ranking hardly feels it."""
    draw = np.random.default_rng(2)
    targets = draw.integers(5, size=600)
    answer = 1.2 * np.eye(5)[targets] + draw.normal(size=(600, 5))
    labels, exam = Labels(problem="single_label", names=list("abcde")), exam_of(targets)
    found = mixed(tmp_path, exam, [answer, 3 * answer, 0.2 * answer], labels)
    wanted = float(macro_auc(softmax(answer), np.eye(5, dtype=bool)[targets]))
    assert scored(found, exam, labels, "auc") == pytest.approx(wanted, abs=0.005)
    assert scored(Answers(found.logits), exam, labels, "auc") < wanted - 0.015


def test_equal_looks_of_an_auc_are_worth_what_each_is(tmp_path: Path) -> None:
    """Looks of one quality, each with its own noise and scale: neither flattered nor punished for being mixed."""
    found, alone = [], []
    for seed in range(60):
        draw = np.random.default_rng(seed)
        targets = draw.integers(2, size=120)
        answers = [targets * 1.2 + draw.normal(size=120) for _ in range(6)]
        looks = [np.stack([0 * z, scale * z], 1) for z, scale in zip(answers, (1, 3, 1, 5, 1, 2), strict=True)]
        exam = exam_of(targets)
        answered = crossed(run_of(tmp_path / str(seed), exam, looks, SINGLE, "auc"), exam, "softmax")
        assert answered is not None
        found.append(scored(answered, exam, SINGLE, "auc"))
        alone.append(np.mean([auc(answer, targets == 1) for answer in answers]))
    apart = np.array(found) - np.array(alone)
    assert abs(apart.mean()) < 3 * apart.std() / np.sqrt(len(apart)) < 0.02


def test_an_answer_that_is_no_number_is_not_placed(tmp_path: Path) -> None:
    asked = make_exam(30)
    looks = noisy(asked.targets, 3, seed=4)
    looks[1] = np.full_like(looks[1], np.nan)
    folds = folds_of(30)
    kept = KeptLooks(tmp_path / FOLDER, "best", rows_key(asked.targets)).begun(folds, 0)
    for number, logits in enumerate(looks):
        kept = kept.with_look(KeptLook(number, 0.0, tuple(float(f % 3 == number) for f in range(10))), logits)
    found = crossed(Run(tmp_path), asked, "softmax")
    assert found is not None and found.aligned is None and np.isnan(found.logits).any()

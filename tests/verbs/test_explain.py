"""Explanations of texts, rows and mistakes of trained books, their files, and what is refused."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

import tunebook as tb
from tunebook.bundle.calibrated import Calibrated
from tunebook.core.errors import DataError, RunError
from tunebook.core.registry import task_of
from tunebook.data.frozen import prepared_data
from tunebook.data.load import load
from tunebook.engine.load import load_model
from tunebook.explain.explaining import How, explained, targets_of, told
from tunebook.explain.method import method_of
from tunebook.explain.records import ALL_UNKNOWN, CALIBRATED, CUT, UNKNOWN
from tunebook.report.explain import notes
from tunebook.verbs.explain import asked_rows, faithful, file_of, quick, read_explanations, read_faithful


@pytest.fixture(scope="module")
def classes(trained: Any) -> Any:
    return trained("classes")


def test_the_word_that_gives_a_class_away_is_the_strongest(classes: Any) -> None:
    text = "The  room was awful  and we"
    for method in ("integrated_gradients", "occlusion"):
        found = tb.explain(classes.run, [text], method=method)
        (item,) = found.items
        assert item.said == "bad" and item.chance is not None
        assert max(item.units, key=lambda unit: unit.value).text == "awful"
        assert all(text[unit.start : unit.end] == unit.text for unit in item.units)  # places of the text as given
        assert [unit.text for unit in item.units] == text.split()
    (other,) = tb.explain(classes.run, [text], answer="good").items
    assert other.said == "good" and min(other.units, key=lambda unit: unit.value).text == "awful"


def test_the_score_is_that_of_the_answer_and_the_sum_is_complete(classes: Any) -> None:
    text = "it was awful and slow"
    (item,) = tb.explain(classes.run, [text]).items
    (said,) = tb.predict(classes.run, [text])
    assert item.said == said["label"] and item.chance == pytest.approx(said["score"], abs=1e-5)
    assert item.chance == pytest.approx(1 / (1 + math.exp(-item.score)))
    assert item.delta is not None and abs(item.delta) < 0.05 * abs(item.score) and item.steps >= 20


@pytest.mark.parametrize("kind", ["binary", "several", "pairs", "number", "ordered"])
def test_each_kind_of_labels_is_explained(trained: Any, kind: str) -> None:
    made = trained(kind)
    pairs = ["we found it slow"] if kind == "pairs" else None
    for method in ("integrated_gradients", "occlusion", "attention_rollout", "random"):
        found = tb.explain(made.run, ["the room was great"], pairs, method=method)
        for item in found.items:
            assert [part.name for part in item.parts] == (["text", "pair"] if pairs else ["text"])
            assert len(item.units) == (8 if pairs else 4) and all(math.isfinite(unit.value) for unit in item.units)
            assert (item.chance is None) == (kind in ("number", "ordered"))


def test_attention_of_the_first_text_is_shown_by_layer_and_head(classes: Any) -> None:
    found = tb.explain(classes.run, ["a sad room", "awful"], method="attention_rollout")
    first, second = (item.maps for item in found.items)
    assert first is not None and second is None and first.tokens == ["[CLS]", "a", "sad", "room", "[SEP]"]
    assert [len(heads) for heads in first.weights] == [2, 2, 2] and found.page is not None
    assert found.page.read_text(encoding="utf-8").count("<img") == 6
    (long,) = quick(load_model(classes.run.model, classes.run.plan), "room " * 50, method="attention_rollout")
    assert long.maps is None or len(long.maps.tokens) <= 48


def test_rows_and_mistakes_are_told_with_the_right_answer(classes: Any) -> None:
    run, data = classes.run, prepared_data(classes.run.plan)
    rows = load(data, "validation")
    found = tb.explain(run, rows=[rows.ids[2], rows.ids[0]], method="occlusion", by="token")
    assert [item.row for item in found.items] == [rows.ids[2], rows.ids[0]] and found.split == "validation"
    task = task_of(run.plan.task)()
    assert rows.targets is not None
    assert [item.true for item in found.items] == [task.true(rows.targets, rows, run.plan.labels)[at] for at in (2, 0)]
    assert found.page is not None and "occlusion" in file_of(run, "validation", "rows").read_text(encoding="utf-8")
    assert read_explanations(run) == found and read_explanations(run, what="errors") is None
    assert read_explanations(run, "train") is None


def test_mistakes_come_worst_first(trained: Any) -> None:
    run = trained("number").run  # numbers are never quite right
    found = tb.explain(run, errors=3, method="random")
    far = [abs(float(item.true or 0) - float(item.said)) for item in found.items]
    assert len(far) == 3 and far == sorted(far, reverse=True)


def test_no_mistake_is_said(classes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_of(classes.run.plan.task)
    monkeypatch.setattr(task, "badness", lambda *_: None)
    with pytest.raises(DataError) as refused:
        tb.explain(classes.run, errors=3)
    assert refused.value.code == "explain.no_errors"


def test_faithfulness_is_kept_and_stands_beside_explanations(classes: Any) -> None:
    assert read_faithful(classes.run) is None
    with pytest.raises(DataError) as refused:
        faithful(classes.run, 1)
    assert refused.value.code == "explain.rows"
    made = tb.faithful(classes.run, 10)
    assert made.faithful is not None and made.faithful.rows == 10
    curve = next(curve for curve in made.faithful.curves if curve.method == "occlusion")
    assert curve.deletion_gain.value > 0.02  # one word decides, and it is found
    later = tb.explain(classes.run, ["a sad room"], method="random")
    assert later.faithful == made.faithful == read_faithful(classes.run)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "explain.what"),
        ({"texts": ["a"], "errors": 2}, "explain.what"),
        ({"texts": ["fine", " \u3000"]}, "explain.empty"),
        ({"texts": ["fine"], "method": "shap"}, "explain.method"),
        ({"texts": ["fine"], "by": "page"}, "explain.by"),
        ({"texts": ["fine"], "answer": "great"}, "explain.answer"),
        ({"rows": ["nowhere"]}, "explain.row"),
        ({"texts": ["fine"], "pairs": ["x"]}, "predict.pair_unwanted"),
    ],
)
def test_bad_input_is_refused(classes: Any, given: dict[str, Any], code: str) -> None:
    from tunebook.verbs.explain import explain

    with pytest.raises(DataError) as refused:
        explain(classes.run, **given)
    assert refused.value.code == code
    if code == "explain.empty":
        assert refused.value.to_json()["key"] == "2" and "1" not in str(refused.value.to_json()["value"])


def test_a_run_that_did_not_finish_or_writes_nothing_is_refused(classes: Any, tmp_path: Any) -> None:
    from tunebook.verbs.steps.runs import Run

    with pytest.raises(RunError) as refused:
        tb.explain(Run(tmp_path), ["a"])
    assert refused.value.code == "run.unfinished"
    loaded = SimpleNamespace(task=object(), plan=classes.run.plan)
    with pytest.raises(RunError) as refused:
        explained(loaded, asked_rows(["a"], None, prepared_data(classes.run.plan)), How())  # type: ignore[arg-type]
    assert refused.value.code == "explain.task"


def test_what_cannot_be_read_is_told(classes: Any) -> None:
    loaded = load_model(classes.run.model, classes.run.plan)
    long = " ".join(["room"] * 90)
    (item,) = quick(loaded, long, method="random")
    assert CUT in item.notes and item.unread == len(long) - item.units[-1].end - (len(long) - len(long.rstrip())) - 1
    (some,) = quick(loaded, "the zyx room", method="random")
    assert some.notes == [UNKNOWN] and some.strange == pytest.approx(1 / 3)
    (none,) = quick(loaded, "qq zyx", method="random")
    assert none.notes == [ALL_UNKNOWN]


def test_one_text_by_a_model_in_memory_writes_nothing(classes: Any) -> None:
    loaded = load_model(classes.run.model, classes.run.plan)
    before = sorted(classes.run.path.rglob("*"))
    one = quick(loaded, "a superb stay")
    rows = asked_rows(["a superb stay"], None, prepared_data(classes.run.plan))
    assert one == explained(loaded, rows, How()) and sorted(classes.run.path.rglob("*")) == before
    (target,) = targets_of(loaded, rows, How(method="random"))
    again = told(target, method_of("random").explain(target.line, target.units), 0, loaded.tokenizer)
    assert [unit.text for unit in again.units] == ["a", "superb", "stay"]


def test_what_a_calibrated_model_says_is_explained(classes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a threshold that nothing reaches, and by costs, every text is good; what was asked for stays what it is."""
    text, run, verb = "it was awful and slow", classes.run, "tunebook.verbs.explain.calibration_of"
    (plain,) = tb.explain(run, [text], method="random").items
    assert plain.said == "bad" and CALIBRATED not in plain.notes
    names = list(run.plan.labels.names)
    costs = [[0.0 if said == "good" else 1.0 for said in names]] * len(names)
    monkeypatch.setattr(verb, lambda run: Calibrated(thresholds={"bad": 0.0001}))
    (alike,) = tb.explain(run, [text], method="random").items
    assert alike.said == "bad" and CALIBRATED not in alike.notes, "it has the highest chance too"
    for read in (Calibrated(thresholds={"bad": 0.9999}), Calibrated(names=names, costs=costs)):
        monkeypatch.setattr(verb, lambda run, read=read: read)
        (item,) = tb.explain(run, [text], method="random").items
        assert item.said == "good" == read.told(tb.predict(run, [text])[0])["label"]
        assert item.notes == [*plain.notes, CALIBRATED] and "calibration's" in notes(item)[-1]
        (asked,) = tb.explain(run, [text], method="random", answer="bad").items
        assert asked.said == "bad" and CALIBRATED not in asked.notes
        loaded = load_model(run.model, run.plan)
        assert quick(loaded, text, run=run)[0].said == "good" and quick(loaded, text)[0].said == "bad"
        found = tb.explain(run, errors=3, method="random").items
        assert {one.said for one in found} == {"good"} and "good" not in {one.true for one in found}


@pytest.mark.parametrize("kind", ["classes", "several"])
def test_the_chance_is_the_one_of_predict(kind: str, trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run, read = trained(kind).run, Calibrated(3.0)
    plain = tb.predict(run, ["it was awful and slow"])[0]["scores"]
    for verb in ("explain", "asking"):
        monkeypatch.setattr(f"tunebook.verbs.{verb}.calibration_of", lambda run: read)
    scores = tb.predict(run, ["it was awful and slow"])[0]["scores"]
    for name in run.plan.labels.names:
        (item,) = tb.explain(run, ["it was awful and slow"], answer=name).items
        assert item.chance == pytest.approx(scores[name], abs=1e-5)
        assert abs(scores[name] - plain[name]) > 1e-3
        assert item.delta is not None and abs(item.delta) < 0.05, "the values add up to the score at the temperature"


def test_of_several_labels_those_above_their_thresholds_are_explained(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained("several").run
    for least, count in ((0.0, len(run.plan.labels.names)), (1.1, 1)):  # of none the likeliest
        read = Calibrated(thresholds=dict.fromkeys(run.plan.labels.names, least))
        monkeypatch.setattr("tunebook.verbs.explain.calibration_of", lambda run, read=read: read)
        assert len(tb.explain(run, ["the room was great"], method="random").items) == count

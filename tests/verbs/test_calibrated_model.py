"""A calibrated model: predict, a bundle and a server give the same; another model does not inherit what was found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.books import Trained
from tunebook.bundle.calibrated import Calibrated
from tunebook.bundle.manifest import FORM, PLAIN
from tunebook.bundle.runtime import Bundle
from tunebook.core.calibrates import Calibration, bundle_name, read_calibration
from tunebook.core.errors import BookError, DataError, ModelError, RunError
from tunebook.core.links import softmax
from tunebook.core.nouns import write_json
from tunebook.data.load import load
from tunebook.serve.sources import bundle_of
from tunebook.verbs import calibrate_chances as verb
from tunebook.verbs.calibrate import calibrate, remove_calibration
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.export import export
from tunebook.verbs.predict import predict
from tunebook.verbs.steps.answers import answers, model_key
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.calibration import calibration_of, kept_calibration, reading_of
from tunebook.verbs.steps.runs import Run
from tunebook.watch.reference import reference

TEXTS = ["the room was lovely", "it was awful and slow", "the usual stay", "we found it superb"]


@pytest.fixture
def run(trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A copy of a run whose few rows are enough for a temperature."""
    monkeypatch.setattr("tunebook.verbs.steps.chances.LEAST", 5)
    found = trained("classes")
    shutil.copytree(found.book.path, tmp_path / "book")
    return Run(tmp_path / "book" / "runs" / found.run.id)


def set_to(run: Run, scale: float, sure: float | None = None) -> Calibration:
    """The run calibrated, with a temperature that tells."""
    made = calibrate(run)
    assert isinstance(made, Calibration)
    heat = made.temperature.model_copy(update={"value": scale, "applied": True})
    found = made.model_copy(update={"temperature": heat})
    if sure is not None:
        side = _covered()
        found = found.model_copy(update={"certain": _certain(sure, side)})
    write_json(found, run.model / "calibration.json")
    return found


def _covered() -> Any:
    from tunebook.verbs.steps.certain import covered

    return covered(np.linspace(0.3, 1, 40), np.arange(40) > 9, None, 0.5)


def _certain(score: float, side: Any) -> Any:
    from tunebook.core.calibrates import Certain

    return Certain(score=score, wanted=0.9, confidence=0.95, least=0.9, validation=side, test=side)


def test_predict_and_bundle_give_probabilities_at_the_temperature(run: Run) -> None:
    before = predict(run, TEXTS)
    plain = export(run)
    set_to(run, 4.0, 0.5)
    after = predict(run, TEXTS)
    for one, other in zip(before, after, strict=True):
        logits = np.log(list(one["scores"].values()))
        np.testing.assert_allclose(list(other["scores"].values()), softmax(logits[None] / 4)[0], atol=1e-6)
        assert one["label"] == other["label"] and ("unsure" in other["notes"]) == (other["score"] < 0.5)
    assert any("unsure" in answer["notes"] for answer in after)
    made = export(run)
    assert made.folder != plain.folder and made.folder.name == bundle_name("onnx", run.model)
    assert bundle_of(run.path) == made.folder and export(run).reused
    bundle = Bundle(made.folder)
    for one, other in zip(after, bundle.predict(TEXTS), strict=True):
        assert one["label"] == other["label"] and one["notes"] == other["notes"]
        np.testing.assert_allclose(list(one["scores"].values()), list(other["scores"].values()), atol=1e-5)
    facts = [json.loads((item.folder / "bundle.json").read_text())["format"] for item in (plain, made)]
    assert facts == [PLAIN, FORM], "what was sealed without a calibration is as it was"
    assert Bundle(plain.folder).predict(TEXTS)[0]["score"] == pytest.approx(before[0]["score"], abs=1e-5)


def test_unsure_answers_are_left_out_where_that_is_asked_for(run: Run) -> None:
    with pytest.raises(DataError) as none:
        predict(run, TEXTS, reject_below="calibrated")
    assert none.value.code == "calibrate.no_sure"
    set_to(run, 4.0, 0.5)
    for answer in predict(run, TEXTS, reject_below="calibrated"):
        assert (answer["label"] is None) == (answer["score"] < 0.5) == ("unsure" in answer["notes"])
        assert "rejected" not in answer["notes"]


def test_what_was_chosen_is_taken_back_and_logged(run: Run) -> None:
    plain, bundle = predict(run, TEXTS), export(run).folder
    set_to(run, 4.0, 0.5)
    assert predict(run, TEXTS) != plain and bundle_of(run.path) != bundle
    evaluate(run, with_baselines=False)
    assert "4.0000" in (run.model / "README.md").read_text(encoding="utf-8")
    (gone,) = remove_calibration(run, actor="ann", reason="too timid")
    assert gone == run.model / "calibration.json" and calibration_of(run) is None
    assert predict(run, TEXTS) == plain and bundle_of(run.path) == bundle
    assert "4.0000" not in (run.model / "README.md").read_text(encoding="utf-8")
    made, removed = Book(run.book).log.entries("calibrate")
    assert made.evidence == {"run": run.id, "event": "made", "asked": {}} and run.id in made.reason
    assert (removed.actor, removed.reason, removed.evidence["event"]) == ("ann", "too timid", "removed")
    with pytest.raises(RunError) as nothing:
        remove_calibration(run)
    assert nothing.value.code == "calibrate.not_there"


def test_a_damaged_file_is_taken_back_too(run: Run) -> None:
    (run.model / "calibration.json").write_text("{")
    remove_calibration(run)
    assert predict(run, TEXTS)


def test_a_broken_book_file_is_told_before_anything_is_chosen(run: Run) -> None:
    path, log = run.book / "book.toml", len(Book(run.book).log.entries("calibrate"))
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n[business.money]\ncosts = 3\n", encoding="utf-8")
    try:
        with pytest.raises(BookError) as caught:
            calibrate(run)
    finally:
        path.write_text(before, encoding="utf-8")
    assert caught.value.code == "book.file" and "business.money.costs: Input" in caught.value.message
    assert "\n" not in caught.value.message and len(Book(run.book).log.entries("calibrate")) == log


def test_another_model_does_not_inherit_it(run: Run) -> None:
    set_to(run, 4.0)
    assert calibration_of(run) is not None
    weights = run.model / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    for ask in (lambda: predict(run, TEXTS), lambda: calibration_of(run), lambda: export(run)):
        with pytest.raises(ModelError) as stale:
            ask()
        assert stale.value.code == "calibrate.stale" and "calibration.json" in str(stale.value.key)
    assert calibrate(run) is not None, "and it may be found anew"
    assert kept_calibration(run) is not None


def test_answers_that_are_kept_and_tests_stay_those_of_the_model_itself(run: Run, monkeypatch: Any) -> None:
    key, split = model_key(run), load(_data(run), "test")
    before = answers(run, split, "test")
    report = evaluate(run, with_baselines=False)
    set_to(run, 4.0)
    assert model_key(run) == key
    np.testing.assert_array_equal(answers(run, split, "test"), before)
    again = evaluate(run, with_baselines=False)
    assert again.metrics == report.metrics
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert 'id="calibration"' in page and "4.000" in page
    assert "4.0000" in (run.model / "README.md").read_text(encoding="utf-8")


def _data(run: Run) -> Any:
    from tunebook.data.frozen import prepared_data

    return prepared_data(run.plan)


def test_what_is_watched_is_held_against_calibrated_answers(run: Run) -> None:
    before = reference(run)
    set_to(run, 4.0)
    after = reference(run)
    assert after.answered.score.mean() < before.answered.score.mean()
    np.testing.assert_array_equal(after.answered.label, before.answered.label)


def test_a_file_that_was_edited_is_damaged_and_none_is_none(run: Run) -> None:
    assert read_calibration(run.model) is None and calibration_of(run) is None
    (run.model / "calibration.json").write_text('{"run": "x"}')
    with pytest.raises(Exception, match=r"calibration\.json"):
        predict(run, TEXTS)


def test_what_changes_no_answer_leaves_bundles_as_they_are(run: Run, monkeypatch: Any) -> None:
    made = calibrate(run)
    assert isinstance(made, Calibration)
    heat = made.temperature.model_copy(update={"applied": False})
    write_json(made.model_copy(update={"temperature": heat}), run.model / "calibration.json")
    assert calibration_of(run) is None and bundle_name("onnx", run.model) == "onnx"
    assert verb.on_card is not None


def test_thresholds_and_costs_decide(run: Run) -> None:
    two = {"label": "bad", "score": 0.7, "scores": {"bad": 0.7, "good": 0.3}}
    assert Calibrated(thresholds={"good": 0.25}).told(two) == {**two, "label": "good", "score": 0.3}
    assert Calibrated(thresholds={"bad": 0.8}).told(two)["label"] == "good"
    assert Calibrated(thresholds={"bad": 0.7}).told(two)["label"] == "bad"
    several = {"label": ["a"], "score": 0.6, "scores": {"a": 0.6, "b": 0.4, "c": 0.1}}
    assert Calibrated(thresholds={"a": 0.7, "b": 0.4}).told(several)["label"] == ["b"]
    dear = Calibrated(names=("bad", "good"), costs=[[0, 1], [10, 0]])
    assert dear.told(two)["label"] == "good"
    assert Calibrated.of(dear.facts) == replace(dear, names=["bad", "good"])
    assert Calibrated.of(None) == Calibrated()
    spans = {"spans": [{"score": 0.9}, {"score": 0.4}]}
    assert Calibrated(sure=0.5).told(spans)["notes"] == ["unsure"] and "notes" not in Calibrated(sure=0.3).told(spans)
    blank = {"label": None, "score": None, "scores": {}}
    assert Calibrated(sure=0.5, thresholds={"a": 0.1}).told(blank) == blank
    made = set_to(run, 2.0)
    assert reading_of(made, ["x"]).temperature == 2.0


def test_costs_that_have_changed_since_are_told(run: Run) -> None:
    book = run.path.parents[1]
    names = run.plan.labels.names
    lines = [",".join(["true", *names])]
    lines += [",".join([one, *("0" if one == other else "1" for other in names)]) for one in names]
    (book / "cost.csv").write_text("\n".join(lines), encoding="utf-8")
    with (book / "book.toml").open("a", encoding="utf-8") as file:
        file.write('\n[business.money]\ncosts = "cost.csv"\n')
    calibrate(run, cost="money")
    assert calibration_of(run) is not None
    (book / "cost.csv").write_text("\n".join(lines).replace("1", "5"), encoding="utf-8")
    with pytest.raises(Exception, match=r"calibrate\.stale_costs"):
        predict(run, TEXTS)
    calibrate(run, cost="money")
    assert predict(run, TEXTS)
    (book / "cost.csv").unlink()
    with pytest.raises(Exception, match=r"calibrate\.stale_costs"):
        calibration_of(run)
    (book / "book.toml").unlink()
    assert calibration_of(run) is not None

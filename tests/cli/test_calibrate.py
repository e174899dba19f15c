"""tunebook calibrate: a precision that rests on few pairs is doubted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Call
from tests.web.visitor import Visitor, words_of

from tunebook.cli.calibrate import _doubts
from tunebook.core.hits import Found, Threshold
from tunebook.core.nouns import Interval
from tunebook.stats.proportion import wilson_interval


def made(share: float, reached: int, wanted: float | None = None) -> Threshold:
    one = Interval(value=share, low=share, high=share)
    found = Found(rows=20, reached=reached, precision=one, recall=one, f1=one)
    return Threshold(run="r", threshold=0.5, wanted=wanted, least=None, validation=found, test=found)


@pytest.mark.parametrize(
    ("share", "reached", "wanted", "told"),
    [
        (1.0, 12, None, True),  # twelve of twelve may be three of four
        (1.0, 12, 0.7, False),  # of which less was wanted
        (0.9, 2000, None, False),
        (0.9, 2000, 0.9, False),
        (0.833, 12, 0.8, True),
        (1.0, 0, None, False),  # nothing reaches it: nothing is promised
    ],
)
def test_few_pairs_promise_little(share: float, reached: int, wanted: float | None, told: bool) -> None:
    found = _doubts(made(share, reached, wanted))
    assert bool(found) == told
    if told:
        low = wilson_interval(share * reached, reached).low
        assert f"{low:.3f}" in found[0] and str(reached) in found[0] and f"{share:.3f}" in found[0]


def test_wherever_the_score_of_a_run_is_told_one_is_told_that_it_answers_otherwise(
    tunebook: Call, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunebook.verbs.steps.chances.LEAST", 10)  # fewer test rows than one would calibrate by
    place = Path(shutil.copytree(book, tmp_path / "book"))
    said, brief = "by which predict answers: these are the scores of its own answers", "before its calibration"
    visitor, commands = Visitor(place), (("runs", place), ("eval", place, "--no-baselines"))
    pages = ["/", *(f"/book/book/{page}" for page in ("overview", "train", "scores", "errors"))]
    assert tunebook("calibrate", place).code == 0
    for text in (*(tunebook(*words).out for words in commands), *(visitor.get(page).text for page in pages)):
        assert said not in words_of(text) and brief not in text, "a temperature changes no answer"
    made = tunebook("calibrate", place, "--precision", "0.5", "--json").json
    (warning,) = tunebook("eval", place, "--no-baselines", "--json").json["warnings"]
    answered = made["cuts"]["test"]["accuracy"]["after"]["value"]
    assert said in warning and f"Accuracy of what predict answers is {answered:.3f} (" in warning
    assert warning in " ".join(tunebook("eval", place, "--no-baselines").out.split())
    assert warning in words_of(visitor.get(pages[3]).text)
    shown = tunebook("runs", place).out
    assert "before" in shown and "calibration" in shown and tunebook("runs", place, "--json").json["runs"][0]["cuts"]
    for page in pages[1:]:
        assert brief in visitor.get(page).text, page

"""Only runs that have a common mean go into one pot."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.soups import Pantry, forged, pantry
from tunebook.core.errors import PlanError, RunError
from tunebook.verbs.ingredients import SOUP, ingredients_of, misfit

__all__ = ["pantry"]

_LABELS = {"problem": "single_label", "names": ["so", "good", "bad"]}


@pytest.mark.parametrize(
    ("code", "changed", "value", "allowed"),
    [
        ("soup.stage", {"stage": "pretrain"}, "pretrain", ""),
        ("soup.rows", {"data": "0" * 12}, "0" * 12, "OWN"),
        ("soup.model", {"model_id": "1" * 12}, "1" * 12, "("),
        ("soup.labels", {"labels": _LABELS}, "so, good, bad", "bad, good, so"),
        ("soup.layers", {"techniques": {"student": {"keep": ["1", "2"], "every": 2}}}, {"student": "*"}, "{}"),
        ("soup.layers", {"techniques": {"crf": {"learning_rate": 0.01}}}, {"crf": {}}, "{}"),
    ],
)
def test_what_a_run_does_not_share_is_named(
    code: str, changed: dict[str, Any], value: Any, allowed: str, pantry: Pantry, tmp_path: Path
) -> None:
    book, (run,) = pantry.copy(tmp_path / "book", pantry.train(1))
    other = forged(run, "other", **changed)
    with pytest.raises(PlanError) as caught:
        ingredients_of([run, other])
    assert caught.value.code == code and caught.value.key == "other" and caught.value.advice
    if isinstance(value, dict):
        assert set(caught.value.value) == set(value)
    else:
        assert value in str(caught.value.value)
    assert allowed.replace("OWN", book.data.content) in caught.value.allowed
    with pytest.raises(PlanError) as few:
        ingredients_of(book)
    assert few.value.code == "soup.few" and few.value.value == 1 and str(book.path) in few.value.advice


def test_students_of_the_same_layers_go_together(pantry: Pantry, tmp_path: Path) -> None:
    rows = {"techniques": {"student": {"keep": ["1", "2"], "every": 2}, "gone": {"rate": 1}}}
    _, (run,) = pantry.copy(tmp_path / "book", pantry.train(1))
    one, two = forged(run, "one", **rows), forged(run, "two", **rows)
    assert ingredients_of([one, two])[1] == [one, two]


@pytest.mark.parametrize("key", ["prefix", "adapter"])
def test_what_stays_beside_the_base_has_no_whole_model(key: str, pantry: Pantry) -> None:
    with pytest.raises(PlanError) as caught:
        ingredients_of([pantry.train(1), pantry.train(1, key)])
    assert caught.value.code == "soup.part" and caught.value.value == key and "distill.teacher" in caught.value.advice


@pytest.mark.parametrize("key", ["lora", "bitfit"])
def test_what_can_be_added_up_is_taken(key: str, pantry: Pantry) -> None:
    run = pantry.train(1, key)
    assert ingredients_of([pantry.train(1), run])[1] == [pantry.train(1), run]


def test_runs_that_are_too_few_twice_there_unfinished_or_elsewhere(pantry: Pantry, tmp_path: Path) -> None:
    book, (run,) = pantry.copy(tmp_path / "book", pantry.train(1))
    for few in ([], [run]):
        with pytest.raises(PlanError) as caught:
            ingredients_of(few)
        assert caught.value.code == "soup.few" and caught.value.value == len(few)
    with pytest.raises(PlanError) as caught:
        ingredients_of([run, run])
    assert caught.value.code == "soup.twice" and caught.value.value == run.id
    with pytest.raises(PlanError) as caught:
        ingredients_of([run, pantry.train(2)])
    assert caught.value.code == "soup.book" and caught.value.allowed == str(book.path)
    half = forged(run, "half")
    (half.path / "outcome.json").unlink()
    with pytest.raises(RunError) as stopped:
        ingredients_of([run, half])
    assert stopped.value.code == "run.unfinished"


def test_a_book_offers_what_fits_to_its_champion_and_says_what_does_not(pantry: Pantry, tmp_path: Path) -> None:
    book, (run, prefix) = pantry.copy(tmp_path / "book", pantry.train(1), pantry.train(1, "prefix"))
    later = (f"20990101-{number:06d}-{run.id[16:28]}" for number in count())  # their names tell the order of runs
    two = forged(run, next(later), seed=2)
    others = [forged(run, next(later), model_id="1" * 12) for _ in range(3)]
    forged(run, next(later), inputs={SOUP: "2" * 12})
    half = forged(run, next(later))
    (half.path / "outcome.json").unlink()
    found, runs, left = ingredients_of(book)
    assert found == book and runs == others, "the newest run leads where none is of the champion's table"
    assert set(left) == {run.id, prefix.id, two.id} and "another model" in left[two.id]
    led = forged(run, next(later), table=book.champion.values_id)
    newer = forged(run, next(later), model_id="1" * 12)
    _, runs, left = ingredients_of(book)
    assert runs == [run, two, led] and set(left) == {*(other.id for other in others), newer.id, prefix.id}
    assert "beside" in left[prefix.id] and misfit(led, book) is None


def test_damaged_runs_hide_no_others(pantry: Pantry, tmp_path: Path) -> None:
    book, (run, other) = pantry.copy(tmp_path / "book", pantry.train(1), pantry.train(1, "lora"))
    broken, empty, cut = (forged(run, name) for name in ("broken", "empty", "cut"))
    weights = cut.path / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    (broken.path / "plan.json").write_text('{"task"')
    (empty.path / "model" / "model.safetensors").unlink()
    _, runs, left = ingredients_of(book)
    assert runs == [run, other] and set(left) == {"broken", "empty", "cut"}
    assert "model.safetensors" in left["cut"]
    assert "is damaged" in left["broken"] and "model is gone" in left["empty"]

"""tunebook soup: what is told, in both languages and for machines, and what to type next."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call
from tests.soups import forged, ruined

from tunebook.cli.soup import _conclude, _next
from tunebook.core.lineage import Ingredient, Recipe
from tunebook.core.nouns import Interval
from tunebook.verbs.soup import Soup
from tunebook.verbs.steps.runs import Run


@pytest.fixture
def pair(book: Path, tmp_path: Path) -> Iterator[Path]:
    """A book of its own with a run and its twin."""
    own = Path(shutil.copytree(book, tmp_path / "book"))
    runs = [path.parent for path in sorted(own.glob("runs/*/outcome.json"))]
    for path in runs[1:]:
        shutil.rmtree(path)
    forged(Run(runs[0]), "twin")
    yield own


def names(book: Path) -> list[str]:
    return sorted(path.name for path in (book / "runs").iterdir())


def test_a_soup_of_all_that_fits_is_told(pair: Path, tunebook: Call) -> None:
    before = names(pair)
    done = tunebook("soup", pair)
    said = " ".join(done.out.split())
    assert done.code == 0 and "Soup of 2 of 2 runs" in said and "Ensemble of all 2" in said
    assert "no better than the best single run" in said and "the test rows tell" in said, "two twins are one"
    made = next(name for name in names(pair) if name not in before)
    assert f"tunebook eval {pair} --run {made}" in done.out and "newest run" in said
    assert f"distill.teacher={before[0]},twin" in done.out and "distill.weight=1" in done.out
    again = tunebook("soup", pair, "twin", before[0][:20])
    assert again.code == 0 and "before" in again.out and made in again.out and len(names(pair)) == 3
    assert tunebook("eval", pair, "--run", made, "--no-baselines", "--json").json["run"] == made
    assert tunebook("predict", pair, "the room was great").code == 0


def test_a_soup_for_machines_and_in_chinese(pair: Path, tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    first = names(pair)[0]
    found = tunebook("soup", pair, pair / "runs" / "twin", first, "--method", "uniform", "--json").json
    assert found["method"] == "uniform" and found["fresh"] and found["taken"] == [first, "twin"]
    assert found["best"] == first and found["score"] == found["ingredients"][1]["mean"] and not found["better"]
    assert found["run"] in names(pair) and found["left"] == {} and found["metric"] == "accuracy"
    kept = json.loads((pair / "runs" / found["run"] / "soup.json").read_text(encoding="utf-8"))
    assert {name: found[name] for name in kept} == kept
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    done = tunebook("soup", pair)
    assert (
        done.code == 0 and "权重汤（2 次训练中的 2 次）" in done.out and "请以测试样本为准" in "".join(done.out.split())
    )
    refused = tunebook("soup", pair, first)
    assert refused.code == 2 and "soup.few" in refused.err and "至少需要两次" in refused.err


def test_no_soup_and_what_was_left_out(pair: Path, tunebook: Call) -> None:
    first = names(pair)[0]
    shutil.rmtree(pair / "runs" / "twin")
    ruined(Run(pair / "runs" / first))
    forged(Run(pair / "runs" / first), "elsewhere", model_id="0" * 12)
    before = names(pair)
    done = tunebook("soup", pair)
    said = " ".join(done.out.split())
    assert done.code == 0 and "nothing was written" in said and "Soup of" not in said and names(pair) == before
    assert "Not offered. Run elsewhere began at another model" in said
    assert tunebook("soup", pair, "--json").json["run"] is None
    worse = " ".join(tunebook("soup", pair, first, "ruined", "--method", "uniform").out.split())
    assert "worse than the best single run" in worse and f"keep {first}" in worse


def test_refusals(pair: Path, tunebook: Call) -> None:
    first = names(pair)[0]
    for words, code in (
        ((first, "nosuch"), "book.run"),
        ((first, first), "soup.twice"),
        ((first, "twin", "--method", "best"), "soup.method"),
    ):
        done = tunebook("soup", pair, *words, "--json")
        assert done.code == 2 and done.json["error"]["code"] == code
    assert len(names(pair)) == 2


def recipe(score: float, low: float, ensemble: float = 0.5) -> Recipe:
    one = Ingredient(run="a", score=0.8, mean=0.8, taken=True)
    two = Ingredient(run="b", score=0.7, mean=score, taken=True)
    gain = Interval(value=score - 0.8, low=low, high=0.3)
    return Recipe(
        method="greedy", metric="accuracy", rows=9, ingredients=[one, two], score=score, gain=gain, ensemble=ensemble
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (recipe(0.9, 0.05), "✓ The soup is 10.0 points ahead of the best single run (95 % interval +5.0 points"),
        (recipe(0.9, -0.05), "? The soup is 10.0 points ahead of the best single run, but too close to call"),
    ],
)
def test_how_sure_a_gain_is(found: Recipe, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from tunebook.cli.answer import console

    screen: Any = console()
    screen.width = 200
    _file = tmp_path / "runs" / "soup"
    (_file / "model").mkdir(parents=True)
    (_file / "model" / "model.safetensors").touch()
    (_file / "outcome.json").write_text("{}")
    _conclude(screen, Soup(found, Run(_file), fresh=True))
    assert words in capsys.readouterr().out


def test_an_ensemble_that_is_worth_less_is_not_offered_to_be_distilled() -> None:
    assert len(_next(Path("book"), Soup(recipe(0.9, 0.0, 0.85), None, fresh=False))) == 1
    assert "distill.teacher=a,b" in _next(Path("book"), Soup(recipe(0.9, 0.0, 0.9), None, fresh=False))[-1]

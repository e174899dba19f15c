"""A soup of runs against numpy, by hand, as a run of its book, and with what must not happen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.soups import Pantry, Weights, blurred, forged, mean_of, pantry, ruined, state, weights_of
from tunebook.core.errors import ModelError, PlanError, RunError
from tunebook.data.load import load
from tunebook.engine import load as load_module
from tunebook.engine.load import load_model
from tunebook.verbs import soup as module
from tunebook.verbs.compare import compare
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.ingredients import SOUP
from tunebook.verbs.predict import predict
from tunebook.verbs.soup import read_recipe, soup
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.merge import merge
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run

__all__ = ["pantry"]


def answers(book: Book, model: Path, weights: Weights) -> NDArray[Any]:
    """Logits on the validation rows with plain transformers, one row at a time."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    net = AutoModelForSequenceClassification.from_pretrained(str(model)).eval()
    net.load_state_dict({name: torch.from_numpy(item.astype(np.float32)) for name, item in weights.items()})
    tokens = AutoTokenizer.from_pretrained(str(model))
    with torch.no_grad():
        said = [
            net(**tokens(text, return_tensors="pt")).logits[0].numpy() for text in load(book.data, "validation").texts
        ]
    return np.array(said)


def accuracy(book: Book, logits: NDArray[Any]) -> float:
    return float((logits.argmax(1) == load(book.data, "validation").targets).mean())


def test_a_uniform_soup_is_the_mean_of_numpy(pantry: Pantry, tmp_path: Path) -> None:
    book, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed) for seed in (1, 2, 3)))
    before = state(book.path / "runs")
    found = soup(runs, method="uniform")
    assert found.run is not None and found.fresh and len(found.recipe.taken) == 3
    wanted, kept = mean_of([weights_of(run.model) for run in runs]), weights_of(found.run.model)
    assert set(kept) == set(wanted)
    for name, item in wanted.items():
        assert kept[name].dtype == np.float32
        np.testing.assert_allclose(kept[name], item, rtol=1e-5, atol=1e-7)
    assert any(np.abs(kept[name] - weights_of(runs[0].model)[name]).max() > 1e-3 for name in kept)
    told = {item.run: item.score for item in found.recipe.ingredients}
    assert told == {
        run.id: pytest.approx(accuracy(book, answers(book, run.model, weights_of(run.model)))) for run in runs
    }
    assert list(told.values()) == sorted(told.values(), reverse=True)
    logits = answers(book, runs[0].model, wanted)
    assert found.recipe.score == found.recipe.ingredients[-1].mean == pytest.approx(accuracy(book, logits))
    assert found.recipe.gain.value == pytest.approx(found.recipe.score - found.recipe.best.score)
    shares = [np.exp(logits) / np.exp(logits).sum(1, keepdims=True) for logits in _alone(book, runs)]
    assert found.recipe.ensemble == pytest.approx(accuracy(book, np.mean(shares, axis=0)))
    after = {name: seen for name, seen in state(book.path / "runs").items() if not name.startswith(found.run.id)}
    assert after == before, "the runs are left as they were"
    assert read_recipe(found.run) == found.recipe and read_recipe(runs[0]) is None


def _alone(book: Book, runs: list[Run]) -> list[NDArray[Any]]:
    return [answers(book, run.model, weights_of(run.model)) for run in runs]


def test_a_greedy_soup_takes_what_does_not_make_it_worse(pantry: Pantry, tmp_path: Path) -> None:
    """By hand: best first, each next one kept if the mean scores at least as well."""
    book, (run,) = pantry.copy(tmp_path / "book", pantry.train(1, sure=True))
    offered = [ruined(run, loud=9), run, blurred(run, "near"), forged(run, "twin")]
    alone = {run.id: accuracy(book, logits) for run, logits in zip(offered, _alone(book, offered), strict=True)}
    order = sorted(offered, key=lambda run: (-alone[run.id], run.id))
    taken, now = [order[0]], alone[order[0].id]
    steps = [(order[0].id, now, True)]
    for run in order[1:]:
        mean = mean_of([weights_of(one.model) for one in (*taken, run)])
        score = accuracy(book, answers(book, run.model, mean))
        steps.append((run.id, pytest.approx(score), score >= now))
        if score >= now:
            taken, now = [*taken, run], score
    found = soup(offered)
    assert [(item.run, item.mean, item.taken) for item in found.recipe.ingredients] == steps
    assert found.recipe.taken == [run.id for run in taken] and found.recipe.score == pytest.approx(now)
    assert "ruined" not in found.recipe.taken and 2 <= len(taken) < len(offered), "else this shows nothing"
    assert found.run is not None and found.run.plan.id not in {run.plan.id for run in offered}
    kept, wanted = weights_of(found.run.model), mean_of([weights_of(run.model) for run in taken])
    for name, item in wanted.items():
        np.testing.assert_allclose(kept[name], item, rtol=1e-5, atol=1e-7)


def test_where_the_best_run_is_best_alone_nothing_is_written(pantry: Pantry, tmp_path: Path) -> None:
    book, (run,) = pantry.copy(tmp_path / "book", pantry.train(1))
    against = ruined(run)
    before = state(book.path / "runs")
    found = soup([against, run])
    assert found.run is None and not found.fresh and not found.recipe.better
    assert found.recipe.taken == [run.id] == [found.recipe.best.run] and found.recipe.score == found.recipe.best.score
    assert (found.recipe.gain.value, found.recipe.gain.low, found.recipe.gain.high) == (0, 0, 0)
    assert state(book.path / "runs") == before
    forced = soup([against, run], method="uniform")
    assert forced.run is not None and not forced.recipe.better and forced.recipe.gain.value < 0


def test_low_rank_factors_are_added_up_before_they_are_averaged(pantry: Pantry, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    _, runs = pantry.copy(tmp_path / "book", pantry.train(1, "lora"), pantry.train(2, "lora"), pantry.train(1))
    found = soup(runs, method="uniform")
    assert found.run is not None
    kept = weights_of(found.run.model)
    name = "bert.encoder.layer.0.attention.self.query"
    base = load_file(Path(runs[0].plan.model) / "model.safetensors")[f"{name.removeprefix('bert.')}.weight"]
    factors = [load_file(run.model / "adapter_model.safetensors") for run in runs[:2]]
    config = json.loads((runs[0].model / "adapter_config.json").read_text())
    a, b = ([part[f"base_model.model.{name}.lora_{side}.weight"] for part in factors] for side in "AB")
    scale = config["lora_alpha"] / (config["r"] ** 0.5 if config["use_rslora"] else config["r"])
    whole = [base + scale * two @ one for one, two in zip(a, b, strict=True)]
    wanted = (whole[0] + whole[1] + weights_of(runs[2].model)[f"{name}.weight"]) / 3
    np.testing.assert_allclose(kept[f"{name}.weight"], wanted, atol=1e-6)
    naive = base + scale * np.mean(b, axis=0) @ np.mean(a, axis=0)
    assert np.abs(naive - (whole[0] + whole[1]) / 2).max() > 1e-5, "the mean of factors is another model"
    heads = [part["base_model.model.classifier.weight"] for part in factors]
    np.testing.assert_allclose(
        kept["classifier.weight"], (heads[0] + heads[1] + weights_of(runs[2].model)["classifier.weight"]) / 3, atol=1e-6
    )
    assert not list(found.run.model.glob("adapter*")) and not (found.run.model / "base.json").exists()
    assert "lora" not in found.run.plan.techniques
    both = soup(runs[:2], method="uniform")
    assert both.run is not None and set(both.run.plan.techniques) == {"lora"}


def test_the_soup_is_a_run_like_any_other(pantry: Pantry, tmp_path: Path) -> None:
    book, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed) for seed in (1, 2)))
    found = soup(book, method="uniform")
    made = found.run
    assert made is not None and book.run("latest") == made and made.finished
    report = evaluate(made, book.data, with_baselines=False)
    rows = load(book.data, "test")
    assert report.run == made.id
    assert report.metrics["accuracy"] == pytest.approx(
        float((load_model(made.model, made.plan).logits(rows).argmax(1) == rows.targets).mean())
    )
    page = (made.path / "report.html").read_text(encoding="utf-8")
    assert "Mean of the weights of" in page and all(run.id in page for run in runs)
    assert predict(made, ["the room was great"])[0]["label"] in made.plan.labels.names
    assert merge(made, tmp_path / "merged").difference == 0
    verdict = compare(runs[0], made)
    assert verdict.verdict == "INCONCLUSIVE" and verdict.gain == pytest.approx(
        found.recipe.score - next(item.score for item in found.recipe.ingredients if item.run == runs[0].id)
    )
    further = plan(book.champion, book.data, continue_from=made.id)
    assert further.continues == made.path and further.model == str(made.model)
    cost = made.outcome
    assert cost["stage_seconds"] == pytest.approx(sum(run.outcome["seconds"] for run in runs)) and cost["steps"] == 0
    told = made.plan
    assert told.inputs[SOUP] and told.table == runs[0].plan.table and told.seed in {run.plan.seed for run in runs}


def test_the_same_soup_again_is_the_run_that_there_is(pantry: Pantry, tmp_path: Path) -> None:
    book, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed) for seed in (1, 2)))
    first = soup(runs, method="uniform")
    before = state(book.path / "runs")
    again = soup(list(reversed(runs)), method="uniform")
    assert again.run == first.run and not again.fresh and again.recipe == first.recipe
    assert state(book.path / "runs") == before
    assert soup(book, method="uniform").recipe.taken == first.recipe.taken, "a soup is not offered to the next one"
    assert first.run is not None
    more = soup([*runs, first.run], method="uniform")
    assert more.run is not None and more.run != first.run and first.run.id in more.recipe.taken


def test_tables_that_differ_have_no_version_in_common(pantry: Pantry, tmp_path: Path) -> None:
    _, (run, other) = pantry.copy(tmp_path / "book", pantry.train(1), pantry.train(2))
    shared, own = {"ema": {"decay": 0.9}}, {"fgm": {"epsilon": 1.0}}
    inputs = {"fgm.file": "a", "ema.file": "b"}
    one = forged(run, "one", table="a" * 12, table_version=2, techniques={**shared, **own}, inputs=inputs)
    two = forged(other, "two", table="b" * 12, table_version=3, techniques=shared)
    made = soup([one, two], method="uniform").run
    assert made is not None and made.plan.table_version == 0 and made.plan.table not in ("a" * 12, "b" * 12)
    best = soup([one, two], method="uniform").recipe.best.run
    assert made.plan.techniques == shared
    assert set(made.plan.inputs) == ({"ema.file", SOUP} if best == "one" else {SOUP})


def _left(book: Book, runs: list[Run]) -> bool:
    """Whether anything of work that was broken off is left."""
    folders = {path.name for path in (book.path / "runs").iterdir()}
    return folders != {run.id for run in runs} or bool(list((book.path / "cache").glob("soup-*")))


@pytest.mark.parametrize("place", ["write_json", "new_run", "write_whole"])
def test_work_that_is_broken_off_leaves_nothing(
    place: str, pantry: Pantry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed) for seed in (1, 2)))

    def stop(*words: Any) -> None:
        assert list((book.path / "cache").glob("soup-*/run/model/model.safetensors")), "the work had begun"
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, place, stop)
        with pytest.raises(KeyboardInterrupt):
            soup(runs, method="uniform")
    assert not _left(book, runs)
    assert soup(runs, method="uniform").fresh


def test_a_soup_that_answers_otherwise_on_disk_is_not_kept(
    pantry: Pantry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed) for seed in (1, 2)))
    whole = load_model

    def shaken(folder: Path, made: Any) -> Any:
        loaded = whole(folder, made)
        if "soup-" in str(folder):
            loaded.model.classifier.bias.data += 1
        return loaded

    monkeypatch.setattr(load_module, "load_model", shaken)
    with pytest.raises(RunError) as caught:
        soup(runs, method="uniform")
    assert caught.value.code == "soup.differs" and caught.value.value == pytest.approx(1, abs=1e-3)
    assert not _left(book, runs)


def test_models_of_another_shape_and_ways_that_there_are_not(pantry: Pantry, tmp_path: Path) -> None:
    book, (run, other) = pantry.copy(tmp_path / "book", pantry.train(1), pantry.train(2))
    for path in (other.model / "config.json",):
        told = json.loads(path.read_text())
        path.write_text(json.dumps({**told, "num_hidden_layers": told["num_hidden_layers"] - 1}))
    with pytest.raises(ModelError) as caught:
        soup([run, other], method="uniform")
    assert caught.value.code == "soup.shape" and "layer" in str(caught.value.value)
    with pytest.raises(PlanError) as refused:
        soup([run, other], method="best")  # type: ignore[arg-type]
    assert refused.value.code == "soup.method" and refused.value.allowed == "greedy | uniform"
    assert not _left(book, [run, other])


def test_a_score_that_is_no_number_is_the_worst(
    pantry: Pantry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed) for seed in (1, 2, 3)))
    scores = iter([float("nan"), 0.5, 0.6, float("nan"), 0.6, 0.6, 0.6])
    monkeypatch.setattr(module.Evaluator, "score", lambda self, logits: next(scores))
    found = soup(runs).recipe
    assert [item.run for item in found.ingredients] == [runs[2].id, runs[1].id, runs[0].id]
    assert [item.taken for item in found.ingredients] == [True, False, True]

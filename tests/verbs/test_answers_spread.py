"""Answers for the rows of a file, shared out among machines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.books import Trained
from tests.fake_ray import FakeRay
from tunebook.core.progress import Silent
from tunebook.verbs import answers_spread as module
from tunebook.verbs.answers_spread import answers_to
from tunebook.verbs.asking import asking_of
from tunebook.verbs.engines.cluster import Ray
from tunebook.verbs.engines.seam import trained_on
from tunebook.verbs.predict import predict_file


@pytest.mark.parametrize("kind", ["binary", "pairs"])
def test_a_cluster_answers_the_rows_of_a_file_as_this_machine_does(
    kind: str, trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trained(kind)
    here = predict_file(made.run, made.file, batch_size=8)
    cluster = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", cluster)
    monkeypatch.setenv("TUNEBOOK_CACHE", str(tmp_path / "cache"))
    with Ray() as engine, trained_on(engine):
        there = predict_file(made.run, made.file, batch_size=8, progress=Silent())
    assert len(there) == len(here) and len(cluster.stored) == 2, "model and rows are sent once"
    for one, other in zip(here, there, strict=True):
        scores = [name for name, value in one.items() if isinstance(value, float | dict)]
        assert {name: one[name] for name in one if name not in scores} == {
            name: other[name] for name in other if name not in scores
        }
        for name in scores:
            assert other[name] == pytest.approx(one[name], abs=1e-6)


def test_parts_are_whole_batches(trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.core.task import Rows

    made: list[Any] = []

    class Wide(Ray):
        room = 2

        def spread(self, work: Any, parts: Any, needs: Any, progress: Any) -> Any:
            made.extend(parts)
            return [[{"label": text} for text in part.rows.texts] for part in parts]

    asking = asking_of({"batch_size": 4, "progress": Silent()}, trained("binary").run)
    texts = [f"text {number}" for number in range(70)]
    with trained_on(Wide()):
        found = answers_to(asking, Rows(texts, None, None, texts))
    assert [item["label"] for item in found] == texts
    assert [len(part.rows) for part in made] == [12, 12, 12, 12, 12, 10]
    how = {"batch_size": 4, "progress": None, "chosen": None}
    assert (made[0].asking.how, made[0].asking.run) == (how, None), "nothing that lives in this process alone"


def test_a_part_of_a_model_that_needs_other_runs_stays_here(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_travels", lambda asking: False)
    asking = asking_of({}, trained("binary").run)
    from tunebook.core.task import Rows

    with trained_on(Ray()):
        assert answers_to(asking, Rows([""], None, None, [""]))[0]["notes"] == ["no_text"]

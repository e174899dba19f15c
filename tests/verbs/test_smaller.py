"""A run exported in ways that make it smaller: kept, refused, beside one another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tests.books import Trained
from tunebook.bundle.runtime import open_bundle
from tunebook.core.errors import PlanError, RefusedError
from tunebook.export.compare import Change
from tunebook.export.record import Exported
from tunebook.export.smaller import How
from tunebook.verbs.export import export
from tunebook.verbs.smaller import compare
from tunebook.verbs.steps.runs import Run


def test_a_smaller_bundle_answers_says_what_it_costs_and_is_known_again(trained: Callable[[str], Trained]) -> None:
    run = trained("classes").run
    made = export(run, how=How(int8="static", vocabulary=True))
    assert made.folder.name == "vocabulary-int8" and made.kind == "onnx"
    told = Change.model_validate(made.loss)
    assert told.limit == 0.005 and told.gain.value >= -0.005 and told.rows == made.proof.rows
    assert made.to_json()["loss"]["metric"] == told.metric
    bundle = open_bundle(made.folder, threads=1)
    shown = bundle.manifest.rest
    assert shown["vocabulary"]["after"] == shown["reading"]["vocabulary"] and shown["options"]["int8"] == "static"
    assert bundle.predict(["a very good room"])[0]["label"] in bundle.names
    assert export(run, how=How(int8="static", vocabulary=True)).loss == made.loss
    with pytest.raises(PlanError) as error:
        export(run, "hf", how=How(int8="static"))
    assert error.value.code == "shrink.kind"


def test_what_loses_too_much_leaves_no_folder(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained("classes").run
    monkeypatch.setattr("tunebook.export.compare.Change.verdict", lambda self, most_loss: "lost")
    with pytest.raises(RefusedError) as error:
        export(run, how=How(half="bf16", fused=True))
    assert error.value.code == "shrink.loses" and not (run.path / "bundles" / "bf16").exists()


def test_ways_beside_one_another(trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained("classes").run
    monkeypatch.setattr("tunebook.verbs.smaller.WAYS", (How(fused=True), How(int8="dynamic")))
    found = compare(run, [How(int8="static", vocabulary=True)], rounds=5)
    assert [row.name for row in found.rows] == ["fused", "int8-dynamic", "vocabulary-int8"] and not found.refused
    assert found.rows[0].latency.keys() == {1, 32} and found.rows[1].bytes < found.rows[0].bytes
    page = found.page.read_text(encoding="utf-8")
    assert "vocabulary-int8" in page


def test_one_that_loses_too_much_is_named_and_left_out(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(run: Run, how: How, progress: object) -> Exported:
        if how.int8:
            raise RefusedError("shrink.loses", key="r", value="x", metric="accuracy", allowed="0.005")
        return export(run, how=how)

    monkeypatch.setattr("tunebook.verbs.smaller.WAYS", (How(fused=True), How(int8="dynamic")))
    monkeypatch.setattr("tunebook.verbs.smaller.export", refusing)
    found = compare(trained("classes").run, rounds=5)
    assert found.refused == {"int8-dynamic": "x"} and [row.name for row in found.rows] == ["fused"]


def test_folders_are_named_by_what_was_done() -> None:
    assert How().name == "onnx"
    assert How(int8="static", half="fp16").name == "int8-fp16" and How(prune=0.3).name == "prune-0.3"


def test_what_differs_has_another_name_and_what_is_the_same_is_equal(tmp_path: Path) -> None:
    one, other, copy = (tmp_path / name for name in ("a.txt", "b.txt", "c.txt"))
    one.write_text("a room"), other.write_text("another"), copy.write_text("a room")
    every = product(
        ("", "static", "dynamic"), ("", "fp16", "bf16"), (0.0, 0.5, 0.50000001), (0, 2, 9), (False, True),
        ("", str(one), str(other)), (False, True),
    )  # fmt: skip
    fields = ("int8", "half", "prune", "recover", "vocabulary", "corpus", "fused")
    ways = {How.model_validate(dict(zip(fields, way, strict=True))) for way in every}
    assert len({way.name for way in ways}) == len(ways) == len({str(way.options()) for way in ways})
    assert How(corpus=str(one)) == How(corpus=str(one), vocabulary=True)
    assert How(int8="static") == How(int8="static", fused=True)
    same = How(corpus=str(copy))
    assert (same.name, same.options()) == (How(corpus=str(one)).name, How(corpus=str(one)).options())
    before = same.name
    copy.write_text("a room more")
    assert same.name != before


def test_two_that_differ_stand_beside_one_another(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunebook.export.compare.Change.verdict", lambda self, most_loss: "kept")
    run = trained("classes").run
    made = [export(run, how=How(prune=0.3, recover=steps)) for steps in (0, 1)]
    assert made[0].folder != made[1].folder and not any(one.reused for one in made)
    assert export(run, how=How(prune=0.3, recover=1)).reused
    with pytest.raises(PlanError) as error:  # though there is a bundle in the place where it would be
        export(run, how=How(recover=1), into=made[0].folder)
    assert error.value.code == "shrink.recover"
    with pytest.raises(PlanError) as error:
        compare(run, [How(prune=0.3, recover=-1)])
    assert error.value.code == "shrink.steps"

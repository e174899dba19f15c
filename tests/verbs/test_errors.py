"""The diagnosis of a run from start to end, for every kind of answer."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable

import pytest

import tunebook as tb
from tests.books import Trained
from tunebook.core.calibrates import Calibration, Cuts, Temperature
from tunebook.core.errors import MachineError, ModelError, RunError
from tunebook.core.nouns import Interval
from tunebook.diagnosis import suspects as suspected
from tunebook.verbs.errors import COLUMNS, FILE, PAGE, SUSPECTS, errors, read_errors
from tunebook.verbs.steps.runs import Run


@pytest.mark.parametrize("kind", ["binary", "several", "pairs", "number", "ordered"])
def test_a_run_is_diagnosed(trained: Callable[[str], Trained], kind: str) -> None:
    one = trained(kind)
    found = errors(one.run)
    assert read_errors(one.run) == found
    assert read_errors(one.run, "train") is None
    folder = one.run.results("validation")
    assert found.rows == one.book.data.rows["validation"]
    assert found.errors.low <= found.errors.value <= found.errors.high
    assert found.wrong == sum(row.mass > 0 for row in found.worst)
    ids = {str(row) for row in one.book.data and tb_rows(one)}
    assert {row.row for row in found.worst} <= ids
    assert all(row.near for row in found.worst)
    assert json.loads((folder / FILE).read_text(encoding="utf-8"))["measure"] == found.measure
    page = (folder / PAGE).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert all(row.row in page for row in found.worst[:5])
    many = one.book.data.labels.kind.classes != "one"
    assert list(found.missing) == ["suspects"] * many, "what is not looked for is told"


def tb_rows(one: Trained) -> list[str]:
    from tunebook.data.load import load

    return list(load(one.book.data, "validation").ids)


def test_suspects_are_a_file_to_be_edited(trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch) -> None:
    one = trained("classes")
    monkeypatch.setattr(suspected, "_LEAST", 5)
    monkeypatch.setattr(suspected, "doubted", lambda targets, chances: targets.argsort()[:3])
    found = errors(one.run, "test")
    path = one.run.results("test") / SUSPECTS
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    assert [row["id"] for row in rows] == [one.row for part in found.suspects for one in part.found]
    assert [row["label"] for row in rows] == [one.label for part in found.suspects for one in part.found]
    monkeypatch.setattr(suspected, "doubted", lambda targets, chances: targets[:0])
    errors(one.run, "test")
    assert not path.exists()


def test_a_part_that_cannot_be_made_is_named(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trained("binary")
    monkeypatch.setattr(suspected, "_LEAST", 5)
    monkeypatch.setattr(suspected, "find_spec", lambda name: None)
    found = errors(one.run)
    assert found.suspects == []
    assert "tunebook[diagnose]" in found.missing["suspects"]
    assert "tunebook[diagnose]" in (one.run.results("validation") / PAGE).read_text(encoding="utf-8")
    assert MachineError.exit_code == 2


def test_an_unfinished_run_is_refused(trained: Callable[[str], Trained]) -> None:
    one = trained("binary")
    (one.run.path.parent / "begun").mkdir(exist_ok=True)
    (one.run.path.parent / "begun" / "plan.json").write_bytes((one.run.path / "plan.json").read_bytes())
    with pytest.raises(RunError) as caught:
        tb.errors(Run(one.run.path.parent / "begun"))
    assert caught.value.code == "run.unfinished"


def test_a_model_with_thresholds_is_told_to_be_judged_before_them(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trained("binary")
    page = one.run.results("validation") / PAGE

    def stale(run: Run) -> Calibration:
        raise ModelError("calibrate.stale", key="calibration.json", value=run.id, run=run.id)

    around = Interval(value=0.1, low=0.0, high=0.2)
    heat = Temperature(value=2.0, applied=True, gain=around, validation={}, test={}, items=[9, 9])
    plain = Calibration(run=one.run.id, model="m", content="c", temperature=heat)
    cut = plain.model_copy(update={"cuts": Cuts(by="recall", classes={"bad": 0.9}, validation={}, test={})})
    for how in (stale, lambda run: plain, lambda run: cut):
        monkeypatch.setattr("tunebook.verbs.steps.calibration.kept_calibration", how)
        cuts = errors(one.run).cuts
        assert cuts == ("calibrated to thresholds" in page.read_text(encoding="utf-8"))
    assert cuts

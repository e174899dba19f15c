"""What a model's folder says of its probabilities."""

from pathlib import Path

from tunebook.core.calibrates import Calibration, Certain, Covered, Cuts, Temperature, bundle_name, read_calibration
from tunebook.core.locations import CALIBRATION
from tunebook.core.nouns import Interval

HALF = Interval(value=0.5, low=0.4, high=0.6)


def told(value: float, applied: bool, **more: object) -> Calibration:
    measured = Temperature(value=value, applied=applied, gain=HALF, validation={}, test={}, items=[10, 10])
    return Calibration(run="r", model="m", content="c", temperature=measured, **more)  # type: ignore[arg-type]


def test_a_mark_tells_what_bears_on_answers() -> None:
    covered = Covered(given=1, answers=2, coverage=HALF, accuracy=HALF, area=HALF, chance=0.5, curve=[])
    certain = Certain(score=0.7, wanted=0.9, confidence=0.95, least=0.8, validation=covered, test=covered)
    cuts = Cuts(by="recall", classes={"a": 0.3}, validation={}, test={})
    assert told(2.0, False).mark == "" and told(2.0, False).scale == 1.0 and told(2.0, True).scale == 2.0
    found = [told(2.0, True), told(3.0, True), told(2.0, False, certain=certain), told(2.0, False, cuts=cuts)]
    assert len({one.mark for one in found}) == 4 and all(one.mark for one in found)


def test_a_bundle_has_a_name_of_its_own_for_each_calibration(tmp_path: Path) -> None:
    assert read_calibration(tmp_path) is None and bundle_name("onnx", tmp_path) == "onnx"
    kept = told(2.0, True)
    (tmp_path / CALIBRATION).write_text(kept.model_dump_json(), encoding="utf-8")
    assert bundle_name("onnx", tmp_path) == f"onnx-{kept.mark}"

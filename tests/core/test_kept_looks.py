"""Kept looks: those that may still be chosen, and no others, whatever was killed when."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tunebook.core.kept_looks import FOLDER, KeptLook, KeptLooks, first_best, rows_key

FOLDS = np.array([0, 1, 2, 0, 1, 2])


def begun(run: Path, rule: str = "best") -> KeptLooks:
    return KeptLooks(run / FOLDER, rule, "rows").begun(FOLDS, 0)  # type: ignore[arg-type]


def answers(step: int) -> np.ndarray:
    return np.full((6, 2), step, np.float32)


def add(looks: KeptLooks, step: int, score: float, *off: float) -> KeptLooks:
    return looks.with_look(KeptLook(step, score, off), answers(step))


def steps(run: Path) -> set[int]:
    return {int(file.stem) for file in (run / FOLDER).glob("*.npy") if file.stem.isdigit()}


def test_the_first_highest_score_is_chosen_and_the_last_where_none_is_a_number() -> None:
    assert first_best([0.1, 0.5, 0.5, 0.2]) == 1
    assert first_best([math.nan, 0.1, math.nan]) == 1
    assert first_best([math.nan, math.nan]) == 1
    assert first_best([-math.inf, -3.0]) == 1


def test_looks_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert KeptLooks.read(tmp_path) is None
    looks = add(add(begun(tmp_path), 5, 0.5, 0.5, 0.4, 0.6), 10, 0.6, 0.4, 0.7, math.nan)
    found = KeptLooks.read(tmp_path)
    assert found is not None and repr(found) == repr(looks), "NaN is not equal to itself"
    assert found.chosen() == [10, 5, 10, 5]
    assert (found.folds() == FOLDS).all() and (found.answers(10) == answers(10)).all()
    assert found.answers(10).dtype == np.float32


def test_the_last_look_is_kept_whatever_its_score_where_the_run_keeps_that(tmp_path: Path) -> None:
    looks = add(add(begun(tmp_path, "last"), 5, 0.9, 0.9, 0.9, 0.9), 10, 0.1, 0.1, 0.1, 0.1)
    assert looks.chosen() == [10] * 4 and begun(tmp_path).chosen() == []


def test_only_what_may_be_chosen_stays(tmp_path: Path) -> None:
    looks = add(add(add(begun(tmp_path), 5, 0.5, 0.5, 0.5, 0.5), 10, 0.4, 0.6, 0.4, 0.4), 15, 0.3, 0.3, 0.3, 0.3)
    looks.pruned()
    assert steps(tmp_path) == {5, 10}, "10 is the best outside of fold 0"
    looks = add(looks, 20, 0.9, 0.9, 0.9, 0.9)
    looks.pruned(checkpoints=[15, 20])
    assert steps(tmp_path) == {5, 10, 20}, "a run that goes on from step 15 would need them"
    looks.pruned()
    assert steps(tmp_path) == {20}
    found = KeptLooks.read(tmp_path)
    assert found is not None and [look.step for look in found.looks] == [5, 10, 15, 20], "the scores of all are known"


def test_a_run_that_goes_on_forgets_what_came_after(tmp_path: Path) -> None:
    add(add(begun(tmp_path), 5, 0.5, 0.5, 0.5, 0.5), 10, 0.6, 0.6, 0.6, 0.6)
    (tmp_path / FOLDER / "11.npy").write_bytes(b"killed before its entry was written")
    found = KeptLooks.read(tmp_path)
    assert found is not None
    again = found.begun(FOLDS, 5)
    assert [look.step for look in again.looks] == [5] and steps(tmp_path) == {5}
    twice = add(add(again, 10, 0.7, 0.7, 0.7, 0.7), 10, 0.4, 0.4, 0.4, 0.4)
    assert [(look.step, look.score) for look in twice.looks] == [(5, 0.5), (10, 0.4)]
    assert begun(tmp_path).looks == () and steps(tmp_path) == set()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rule": "best"}', '{"looks": [{}], "rule": "best", "rows": "x"}'])
def test_a_damaged_list_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "looks.json").write_text(text)
    assert KeptLooks.read(tmp_path) is None


def test_answers_that_are_cut_off_are_an_error(tmp_path: Path) -> None:
    looks = add(begun(tmp_path), 5, 0.5, 0.5, 0.5, 0.5)
    file = tmp_path / FOLDER / "5.npy"
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(ValueError):
        looks.answers(5)
    with pytest.raises(OSError):
        looks.answers(6)
    assert not list(tmp_path.rglob("*.part"))


def test_rows_are_known_by_their_targets() -> None:
    one = np.array([0, 1, 1])
    assert rows_key(one) == rows_key(one.copy()) != rows_key(np.array([1, 0, 1]))
    assert rows_key(np.zeros((2, 3))) != rows_key(np.zeros((3, 2)))


def test_answers_of_a_model_of_its_own(tmp_path: Path) -> None:
    looks = add(begun(tmp_path, "own"), 5, 0.5, 0.5, 0.5, 0.5)
    looks.pruned()
    assert looks.chosen() == [] and steps(tmp_path) == set() and not looks.complete
    looks.cross([answers(1), answers(2), answers(3)])
    assert looks.complete and looks.crossed()[:, 0].tolist() == [1, 2, 3, 1, 2, 3]
    again = looks.begun(FOLDS, 5)
    assert again.looks and not again.complete, "what was cooked before the run went on is stale"
    assert not begun(tmp_path).complete


def test_a_file_that_is_missing_or_damaged_is_found(tmp_path: Path) -> None:
    assert KeptLooks.fault(tmp_path) is None
    add(begun(tmp_path), 5, 0.5, 0.5, 0.5, 0.5)
    assert KeptLooks.fault(tmp_path) is None
    folder = tmp_path / FOLDER
    for name in ("5.npy", "folds.npy"):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:-4])
        assert KeptLooks.fault(tmp_path) == folder / name
        (folder / name).unlink()
        assert KeptLooks.fault(tmp_path) == folder / name
        (folder / name).write_bytes(whole)
    (folder / "looks.json").unlink()
    assert KeptLooks.fault(tmp_path) == folder / "looks.json"


def arrays(kind: str, whole: np.ndarray) -> np.ndarray:
    return {
        "rows": whole[:-1],
        "many": np.concatenate([whole, whole]),
        "words": whole.astype(str),
        "flat": whole.reshape(-1, 1, 1),
        "none": whole[:0],
        "big": whole + 99,
        "below": whole - 99,
        "whole": whole.astype(int),
        "half": whole + 0.5,
        "wide": np.repeat(whole, 2, axis=-1),
    }[kind]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("folds.npy", ["rows", "many", "words", "flat", "none", "big", "below", "half"]),
     ("5.npy", ["rows", "many", "words", "flat", "none", "whole", "wide"])],
)  # fmt: skip
def test_answers_of_another_kind_are_damage(name: str, kinds: list[str], tmp_path: Path) -> None:
    add(add(begun(tmp_path), 5, 0.5, 0.5, 0.5, 0.5), 10, 0.4, 0.6, 0.4, 0.4)
    file = tmp_path / FOLDER / name
    whole, before = np.load(file), file.read_bytes()
    for kind in kinds:
        np.save(file, arrays(kind, whole))
        assert KeptLooks.fault(tmp_path) is not None, kind
    for content in (b"", before[:9], before[:60], b"\xff\xfe\x00" * 30):
        file.write_bytes(content)
        assert KeptLooks.fault(tmp_path) == file
    file.unlink()
    file.mkdir()
    assert KeptLooks.fault(tmp_path) == file


def test_looks_may_differ_in_width_but_each_has_its_own(tmp_path: Path) -> None:
    """Answers that are lists are as wide as the longest of them."""
    looks = add(begun(tmp_path), 5, 0.5, 0.5, 0.4, 0.6)
    wide = np.full((6, 4), 10, np.float32)
    looks = looks.with_look(KeptLook(10, 0.4, (0.6, 0.5, 0.4)), wide)
    assert KeptLooks.fault(tmp_path) is None and looks.chosen() == [5, 10, 10, 5]
    np.save(tmp_path / FOLDER / "10.npy", wide[:, :2])
    assert KeptLooks.fault(tmp_path) == tmp_path / FOLDER / "10.npy", "as wide as another look, and not as itself"


def test_looks_of_older_versions_told_no_width_and_have_one(tmp_path: Path) -> None:
    add(add(begun(tmp_path), 5, 0.5, 0.5, 0.4, 0.6), 10, 0.4, 0.6, 0.4, 0.4)
    file = tmp_path / FOLDER / "looks.json"
    told = json.loads(file.read_text())
    for look in told["looks"]:
        assert look.pop("width") == 2
    file.write_text(json.dumps(told))
    assert KeptLooks.fault(tmp_path) is None
    np.save(tmp_path / FOLDER / "5.npy", np.full((6, 3), 5, np.float32))
    assert KeptLooks.fault(tmp_path) is not None


@pytest.mark.parametrize("off", [[1.0], "x", ["x", "x", "x"], None, [None] * 3])
def test_scores_of_another_kind_are_damage(off: object, tmp_path: Path) -> None:
    add(add(begun(tmp_path), 5, 0.5, 0.5, 0.5, 0.5), 10, 0.4, 0.6, 0.4, 0.4)
    file = tmp_path / FOLDER / "looks.json"
    told = json.loads(file.read_text())
    told["looks"][0]["off"] = off
    file.write_text(json.dumps(told))
    assert KeptLooks.read(tmp_path) is None and KeptLooks.fault(tmp_path) == file
    told["looks"] = told["looks"][:1]
    file.write_text(json.dumps({**told, "rule": "worst"}))
    assert KeptLooks.read(tmp_path) is None
    if off == [1.0]:  # as many for each look, and too few for the folds
        file.write_text(json.dumps(told))
        assert KeptLooks.fault(tmp_path) == tmp_path / FOLDER / "folds.npy"

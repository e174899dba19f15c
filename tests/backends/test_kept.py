"""What was measured is kept by all that it hangs on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunebook.backends import kept as module
from tunebook.backends.kept import Kept
from tunebook.backends.measured import Measured
from tunebook.core.progress import Silent

FOUND = Measured(rows=4, eager=2.0, onnx=1.0, start=1.0, difference=0.0)


def test_it_is_known_again(tmp_path: Path) -> None:
    Kept(tmp_path, lambda: "model").keep("many", FOUND, Silent())
    assert Kept(tmp_path, lambda: "model").recalled("many") == FOUND
    assert Kept(tmp_path, lambda: "model").recalled("one") is None


def test_another_model_version_or_processor_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Kept(tmp_path, lambda: "model").keep("many", FOUND, Silent())
    assert Kept(tmp_path, lambda: "other").recalled("many") is None
    with monkeypatch.context() as patch:
        patch.setattr(module, "version_of", lambda name: "0.1")
        assert Kept(tmp_path, lambda: "model").recalled("many") is None
    with monkeypatch.context() as patch:
        patch.setattr("tunebook.models.cpu_speed.processor", lambda: "another")
        assert Kept(tmp_path, lambda: "model").recalled("many") is None
    with monkeypatch.context() as patch:
        patch.setattr("torch.get_num_threads", lambda: 77)
        assert Kept(tmp_path, lambda: "model").recalled("many") is None
    assert Kept(tmp_path, lambda: "model").recalled("many") == FOUND


@pytest.mark.parametrize("damaged", ['{"hash": "0", "made": {}}', "", "{"])
def test_what_is_damaged_is_measured_again(damaged: str, tmp_path: Path) -> None:
    Kept(tmp_path, lambda: "model").keep("many", FOUND, Silent())
    (file,) = [path for path in tmp_path.rglob("backend-*") if path.is_file()]
    file.write_text(damaged, encoding="utf-8")
    again = Kept(tmp_path, lambda: "model")
    assert again.recalled("many") is None
    again.keep("many", FOUND, Silent())
    assert Kept(tmp_path, lambda: "model").recalled("many") == FOUND


def test_what_an_older_version_kept_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "recalled", lambda book, name: {"rows": 0})
    assert Kept(tmp_path, lambda: "model").recalled("many") is None


def test_a_full_disk_is_told_and_a_missing_package_is_a_version_too(tmp_path: Path, monkeypatch: Any) -> None:
    def full(*given: Any, **named: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tunebook.verbs.steps.book.write_whole", full)
    monkeypatch.setattr(module, "version_of", lambda name: "")
    kept = Kept(tmp_path, lambda: "model")
    with pytest.warns(UserWarning, match="could not be kept"):
        kept.keep("many", FOUND, Silent())
    assert kept.recalled("many") == FOUND, "for as long as the model is in memory"


def test_without_a_book_it_stays_in_memory() -> None:
    kept = Kept()
    kept.keep("many", FOUND, Silent())
    assert kept.recalled("many") == FOUND and Kept().recalled("many") is None

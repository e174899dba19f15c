"""What machines must have alike."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tunebook
from tunebook.verbs.engines import same
from tunebook.verbs.engines.same import LIBRARIES, differing, installed


def test_it_tells_versions_and_leaves_out_what_is_missing() -> None:
    found = installed(("torch", "no-such-package"))
    assert found["torch"] == version("torch") and "no-such-package" not in found
    assert found["python"] == ".".join(platform.python_version_tuple()[:2])
    assert found["tunebook"].startswith(f"{tunebook.__version__} (") and found == installed(("torch",))
    assert {"torch", "numpy", "transformers"} <= set(LIBRARIES) <= set(installed(LIBRARIES))


def test_packages_with_techniques_of_their_own_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def points(group: str) -> list[Any]:
        return [SimpleNamespace(dist=SimpleNamespace(name="ours", version="7"))] if group.endswith("tasks") else []

    monkeypatch.setattr("importlib.metadata.entry_points", points)
    assert installed(())["ours"] == "7"


def test_it_is_found_without_tunebook(tmp_path: Path) -> None:
    """It is sent to machines that may have nothing but Python."""
    shutil.copy(str(same.__file__), tmp_path / "sent.py")
    code = "import sent; print(sorted(sent.installed(('numpy',))))"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=tmp_path, env={}, capture_output=True, text=True)
    assert done.stdout.strip() == "['python']", done.stderr


def test_what_differs_is_told_from_both_sides() -> None:
    assert differing({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9", "more": "1"}) == {
        "b": ("2", "9"),
        "c": ("3", "–"),
    }

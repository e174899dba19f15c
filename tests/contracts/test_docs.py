"""The generated reference says what the declarations say."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_reference_is_fresh():
    pytest.importorskip("torch", reason="techniques are read with torch")
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_docs.py"), "--check"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}; run: python scripts/make_docs.py"


def test_the_reference_names_every_setting_with_its_default_and_aliases():
    from tunebook.core.settings import Settings
    from tunebook.tables.declared import settings_rows

    for name in ("parameters.md", "parameters.zh.md"):
        lines = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8").splitlines()
        rows = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
        assert set(Settings.model_fields) <= set(rows)
        assert rows["learning_rate"].startswith("| `learning_rate` |")
        for item in settings_rows().values():
            assert str(item.default).lower() in rows[item.name].lower()
            assert all(f"`{alias}`" in rows[item.name] for alias in item.row.aliases)

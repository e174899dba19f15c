"""tunebook curve: cost, curve, words in both languages, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from tunebook.cli.curve import Effort, Of, curve
from tunebook.cli.label_next import Next, choose_next

QUICK = ("--frozen", "--sizes", "8，16,0.5,1", "--seeds", 2)


@pytest.fixture
def made(fresh: Path, tmp_path: Path) -> Path:
    """A book that a test may change."""
    return Path(shutil.copytree(fresh, tmp_path / "book"))


def test_cost_and_curve(tunebook: Call, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dry = tunebook("curve", made, "--dry-run", "--budget", 0.001)
    assert dry.code == 0 and "trainings on all rows" in dry.out and "reaches for about 0" in dry.out
    assert "Share" in dry.out and not (made / "curves").exists()
    told = tunebook("curve", made, *QUICK, "--target", "99.9%", "--json")
    assert told.code == 0 and told.json["frozen"] and len(told.json["points"]) == 4
    assert told.json["judged"]["needed"]["target"] == 0.999 and Path(told.json["page"]).is_file()
    shown = tunebook("curve", made, *QUICK, "--target", 0.999)
    assert shown.code == 0 and "foretold" in shown.out and "curve.html" in shown.out
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "训练样本数" in tunebook("curve", made, *QUICK).out
    assert "不做微调" in tunebook("curve", made, *QUICK, "--dry-run").out


def test_a_budget_that_ends(tunebook: Call, made: Path) -> None:
    told = tunebook("curve", made, "--sizes", "8,16,24,32", "--seeds", 1, "--budget", 0.0001)
    assert told.code == 0 and "budget ended after 0 of 4" in told.out and "--budget" not in told.out.split("Next:")[1]


def test_rows_to_label_next(tunebook: Call, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, into = tmp_path / "new.csv", tmp_path / "next.csv"
    file.write_text("text\n" + "\n".join(f"a new row of number {n}" for n in range(9)), encoding="utf-8")
    asked = ("curve", book, "--next", file, "--rows", 4, "--seed", 2)
    told = tunebook(*asked, "--into", into)
    assert told.code == 0 and "BADGE" in told.out and f"--new {into}" in told.out and "training alone" in told.out
    found = tunebook(*asked, "--by", "random", "--into", tmp_path / "b.csv", "--json").json
    assert found["rows"] == 4 and found["by"] == "random" and len(found["numbers"]) == 4
    assert "[label_next.exists]" in tunebook(*asked, "--into", into).err
    assert "[label_next.option]" in tunebook(*asked, "--by", "luck", "--into", tmp_path / "c.csv").err
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "兼顾" in tunebook(*asked, "--into", tmp_path / "d.csv").out
    assert Next().file is None and choose_next.__doc__


def test_what_is_refused(tunebook: Call, made: Path) -> None:
    assert tunebook("curve", made, "--sizes", "many").code != 0
    assert "[curve.idle]" in tunebook("curve", made, "--rows", 50).err
    assert "[curve.idle]" in tunebook("curve", made, "--run", "latest").err
    assert "[curve.idle_next]" in tunebook("curve", made, "--next", "new.csv", "--seeds", 5).err
    assert "[curve.metric]" in tunebook("curve", made, "--metric", "log_loss").err
    assert "[curve.sizes]" in tunebook("curve", made, "--sizes", "1e9").err
    assert curve.__doc__ and Of().seeds == 3 and not Effort().dry_run

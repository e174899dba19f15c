"""How a run is done again: the printed command makes the same plan, from any folder, however the run came about."""

from __future__ import annotations

import html
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests import small
from tests.cli.conftest import Call

from tunebook.core.locations import read_plan
from tunebook.core.nouns import Plan, Report, read_json

QUIET = ("--track", "none")


@pytest.fixture
def book(fresh: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fresh, tmp_path / "book"))


def printed(run: Path) -> list[str]:
    """The commands under "How to do it again" of a run's page."""
    page = (run / "report.html").read_text(encoding="utf-8")
    found = re.search(r"How to do it again.*?<pre><code>(.*?)</code></pre>", page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1]).splitlines()


def made(book: Path, words: tuple[Any, ...], tunebook: Call) -> Path:
    """A run by these words."""
    first = tunebook("train", book, *words, *QUIET, "--json")
    assert first.code == 0, first.err
    return book / "runs" / first.json["run"]


def planned_again(book: Path, words: tuple[Any, ...], tunebook: Call) -> tuple[Plan, Plan]:
    """The plan of a run, and that of the command on its page."""
    run = made(book, words, tunebook)
    train = shlex.split(printed(run)[0].replace("BOOK", str(book)))[1:]
    second = tunebook(*train, "--dry-run", "--json")
    assert second.code == 0, second.err
    return read_plan(run), Plan.model_validate(second.json["plan"])


def test_a_run_done_again_in_another_folder_is_the_same_run(
    book: Path, tunebook: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(book, ("--set", "max_steps=2", "--set", "lora=on"), tunebook)
    train, score = (shlex.split(line.replace("BOOK", str(book)))[1:] for line in printed(run))
    monkeypatch.chdir(book.parent)
    again = book / "runs" / tunebook(*train, *QUIET, "--json").json["run"]
    assert again != run and tunebook(*score, "--no-baselines", "--json").json["run"] == again.name
    metrics = [read_json(Report, place / "report.json").metrics for place in (run, again)]
    assert metrics[0] == metrics[1] and read_plan(run).id == read_plan(again).id


def test_the_printed_command_makes_the_same_plan(book: Path, tunebook: Call, tmp_path: Path) -> None:
    assert tunebook("table", "set", book, "max_steps=2", "--note", "short").code == 0
    file = tmp_path / "table.yaml"
    assert tunebook("table", "export", book, file, "--table", "v2", "--flat").code == 0
    file.write_text(file.read_text().replace("max_steps: 2", "max_steps: 3"))
    teacher = tunebook("train", book, "--table", "v2", *QUIET, "--no-eval", "--json").json["run"]
    more = small.write_csv(tmp_path / "more.csv", 30, seed=9)
    two = ("--set", "max_steps=2")
    for words in (
        (*two, "--set", "lora=on", "--set", "seed=7", "--set", "lora.targets=query,value", "--allow-pickle"),
        ("--table", "v2", "--set", "max_trained_share=none"),
        ("--table", file),
        ("--continue-from", teacher, "--set", "max_steps=3"),
        (*two, "--set", f"coral.target={more}", "--set", f"distill.teacher={teacher}"),
    ):
        one, again = planned_again(book, words, tunebook)
        for part in ("id", "table", "allowed", "inputs", "continues", "seed"):
            assert getattr(one, part) == getattr(again, part), (words, part)
    one, again = planned_again(book, ("--table", "v2", "--again"), tunebook)
    assert one.id == again.id and one.table_version == again.table_version == 2, "not a changed table, but the version"

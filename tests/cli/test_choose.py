"""Which table a command means."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from tunebook.cli.choose import chosen_table, described, named_table, read_changes, run_at
from tunebook.cli.options import Chosen
from tunebook.core.errors import TableError, TunebookError
from tunebook.core.locations import write_plan
from tunebook.tables.files import write_table
from tunebook.tables.store import TableStore
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run, new_run


def test_changes_make_an_unsaved_child(fresh: Path) -> None:
    book = open_book(fresh)
    table = chosen_table(book, Chosen(changes=["lr=3e-5", "freeze.layers=1"]))
    assert (table.version, table.parent) == (0, 1)
    assert table.values()["learning_rate"] == 3e-5 and table.values()["freeze.layers"] == 1
    assert book.tables.versions() == [1]


def test_without_changes_it_is_the_version_itself(fresh: Path) -> None:
    book = open_book(fresh)
    assert chosen_table(book, Chosen()) == chosen_table(book, Chosen(table="v1")) == book.champion


def test_a_file_is_a_table(fresh: Path, tmp_path: Path) -> None:
    book = open_book(fresh)
    path = write_table(book.champion, tmp_path / "Table.YAML")
    assert named_table(book, str(path)).values() == book.champion.values()
    assert described(book, Chosen(str(path), ["lr=1"])) == f"{path} + lr=1"


def test_described(fresh: Path) -> None:
    book = open_book(fresh)
    assert described(book, Chosen()) == "v1 (champion)"
    assert described(book, Chosen("latest", ["lr = 1"])) == "v1 (champion) + lr=1"


def test_a_row_given_twice_is_refused() -> None:
    assert read_changes(["a=1", "b=2"]) == {"a": "1", "b": "2"}
    with pytest.raises(TunebookError, match=r"cli\.twice"):
        read_changes(["a=1", "a=2"])


def test_what_does_not_exist(fresh: Path) -> None:
    with pytest.raises(TableError, match=r"table\.no_version"):
        chosen_table(open_book(fresh), Chosen("v7"))
    with pytest.raises(TableError, match=r"table\.missing"):
        chosen_table(open_book(fresh), Chosen("none.csv"))


def test_a_run_of_another_version_than_the_champions_is_told(
    tunebook: Call, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_book(book)
    run, champion = opened.run(), opened.tables.champion
    monkeypatch.setattr(TableStore, "champion", property(lambda self: champion + 7))
    told = " ".join(tunebook("predict", book, "the room was great").err.split())
    number = run.plan.table_version
    assert (f"is of v{number};" if number else "is of settings that are no version;") in told
    assert f"the champion v{champion + 7} has no finished run yet" in told and "--run" in told
    assert "--run champion" not in told, "what would fail is not advised"
    assert "the champion is" not in tunebook("predict", book, "--run", run.id, "the room was great").err
    monkeypatch.setattr(Book, "run", lambda self, name="auto": run)
    told = " ".join(tunebook("predict", book, "the room was great").err.split())
    assert f"the champion is v{champion + 7}" in told and "--run champion" in told
    monkeypatch.setattr(TableStore, "champion", property(lambda self: run.plan.table_version))
    assert "the champion is" not in tunebook("predict", book, "the room was great").err


def test_that_arms_of_a_test_do_not_answer_is_told(tunebook: Call, book: Path, tmp_path: Path) -> None:
    opened = open_book(Path(shutil.copytree(book, tmp_path / "copy")))
    first = opened.run()
    write_plan(plan(opened.champion, opened.data), first.path)  # it was of settings that are no version
    made = plan(opened.champion, opened.data, seed=7)
    arm = Run(shutil.copytree(first.path, new_run(opened.path / "runs", made).path, dirs_exist_ok=True))
    write_plan(made, arm.path)
    arm.as_arm()
    told = tunebook("eval", opened.path, "--no-baselines", "--json")
    assert told.json["run"] == first.id and "belong to tests" in " ".join(told.err.split())
    for name in ("latest", arm.id):
        told = tunebook("eval", opened.path, "--no-baselines", "--json", "--run", name)
        assert told.json["run"] == arm.id and "belong to tests" not in told.err
    assert [run["arm"] for run in tunebook("runs", opened.path, "--json").json["runs"]] == [True, False]
    assert tunebook("runs", opened.path).out.count("(ab)") == 1
    assert run_at(opened.path).id == run_at(opened.path, "champion").id == first.id
    assert run_at(arm.path) == run_at(arm.path, arm.id) == arm


def test_a_damaged_log_hides_no_answers(tunebook: Call, book: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(book, tmp_path / "copy")
    (copy / "log.sqlite").write_bytes(b"no log")
    assert tunebook("predict", copy, "the room was great", "--json").code == 0

"""What the list of runs says of each."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.books import Trained, base, trained  # noqa: F401
from tunebook.verbs.runs import known_runs
from tunebook.verbs.steps.book import open_book


def test_what_is_whole_and_what_is_not(trained: Callable[[str], Trained], tmp_path: Path) -> None:  # noqa: F811
    book = open_book(shutil.copytree(trained("classes").book.path, tmp_path / "book"))
    (run,) = book.runs
    (line,) = known_runs([run], book)
    assert line["run"] == run.id and line["finished"] and not line["arm"] and line["fault"] is None
    assert line["metric"] and line["seed"] is not None
    shutil.rmtree(run.path / "model")
    (line,) = known_runs([run], book)
    assert line["fault"]["code"] == "run.no_model"
    run.as_arm()
    (run.path / "plan.json").write_text("{", encoding="utf-8")
    (line,) = known_runs([run], book)
    assert line["arm"] and line["fault"] and line["seed"] is None

"""Pages are written whole, escaped and in the user's language."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from tests.report.sample_run import classified
from tunebook.report import page


def test_what_lacks_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        page.write_page(tmp_path / "report.html", "run.html.j2")
    assert list(tmp_path.iterdir()) == []


def test_language_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.report.run import write_run_report

    plan, report = classified(60, ["a", "b"])
    empty = {"history": [], "data_stats": {}, "errors": [], "counters": {}, "cost": {}}
    for tongue, tag in (("en", 'lang="en"'), ("zh", 'lang="zh-CN"')):
        monkeypatch.setenv("TUNEBOOK_LANG", tongue)
        path = write_run_report(tmp_path / tongue, report, plan=plan, **empty)  # type: ignore[arg-type]
        assert tag in path.read_text(encoding="utf-8")
        assert [item.name for item in path.parent.iterdir()] == ["report.html"]

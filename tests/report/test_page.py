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


def test_a_page_is_titled_with_its_book_and_task(tmp_path: Path) -> None:
    from tunebook.report.run import write_run_report

    plan, report = classified(60, ["a", "b"])
    parts = {"plan": plan, "history": [], "data_stats": {}, "errors": [], "counters": {}, "cost": {}}
    book = tmp_path / "hotel"
    (book / "runs").mkdir(parents=True)
    alone = write_run_report(tmp_path / "alone", report, **parts)  # type: ignore[arg-type]
    assert "<title>Run r1 · Tunebook</title>".replace("r1", report.run) in alone.read_text(encoding="utf-8")
    for toml, place in (('task = "text_classification"', "hotel · text classification"), ("task = ", "hotel")):
        (book / "book.toml").write_text(toml, encoding="utf-8")
        text = write_run_report(book / "runs" / "r1", report, **parts).read_text(encoding="utf-8")  # type: ignore[arg-type]
        assert f"<title>Run {report.run} · {place} · Tunebook</title>" in text
        assert f'<p class="kind">Tunebook · {place}</p>' in text


def test_tables_and_plots_scroll_by_themselves_on_a_narrow_page() -> None:
    folder = Path(page.__file__).parent / "templates"
    style = (folder / "style.css").read_text(encoding="utf-8")
    assert ".wide, figure { overflow-x: auto; }" in style and ".pair > div { min-width: 0; overflow-x: auto; }" in style
    narrow = style.partition("@media (max-width: 600px)")[2].partition("@media")[0]
    assert "caption { max-width: calc(100vw - 32px); }" in narrow, "a caption is read whole beside a wider table"
    assert "th.n { white-space: normal; }" in narrow
    bare = [
        f"{file.name}: {line}"
        for file in folder.glob("*.html.j2")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("<table")
    ]
    assert bare == []

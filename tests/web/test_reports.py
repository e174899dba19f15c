"""Reports in the language in which they were written, and written anew in another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.books import Trained, base, trained  # noqa: F401
from tests.web.visitor import Visitor, words_of

from tunebook.core.errors import BookError
from tunebook.verbs.challenge import challenge
from tunebook.verbs.curve import CurveOptions
from tunebook.verbs.curve import curve as draw
from tunebook.verbs.errors import errors as diagnose
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.explain import explain
from tunebook.web.reports import writer_of, written_in


@pytest.fixture
def found(trained: Callable[[str], Trained]) -> Trained:  # noqa: F811
    return trained("classes")


def test_the_language_of_a_report_stands_in_it(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert written_in(page) == ""
    for head, lang in (('<html lang="zh-CN">', "zh"), ('<html lang="en">', "en"), ("<p>", "")):
        page.write_text(f"<!doctype html>\n{head}", encoding="utf-8")
        assert written_in(page) == lang


def test_one_in_another_language_says_so_and_is_written_anew(found: Trained) -> None:
    diagnose(found.run)
    visitor, at = Visitor(found.book.path), f"/book/{found.book.path.name}"
    assert "was written" not in words_of(visitor.get(f"{at}/errors?run={found.run.id}").text)
    page = visitor.get(f"{at}/errors?run={found.run.id}&lang=zh").text
    path = f"runs/{found.run.id}/validation/errors.html"
    assert "该报告保持写成时的语言：英文" in words_of(page) and f'value="{path}"' in page
    form = {"path": path, "back": f"{at}/errors?run={found.run.id}"}
    done = visitor.submit(f"{at}/anew", form, follow_redirects=False)
    assert done.status_code == 303 and done.headers["location"] == form["back"]
    assert written_in(found.book.path / path) == "zh"
    assert "写成时的语言" not in visitor.get(form["back"]).text
    elsewhere = visitor.submit(f"{at}/anew", {**form, "back": "//other.example/"}, follow_redirects=False)
    assert elsewhere.headers["location"] == f"{at}/overview"
    for wrong in (f"runs/{found.run.id}/model/report.html", "../x.html", "none.html"):
        assert visitor.submit(f"{at}/anew", {"path": wrong}).status_code == 404


def test_what_a_command_has_kept_is_written_as_it_was(found: Trained) -> None:
    """Every word, in the same language."""
    book, validation = found.book, f"runs/{found.run.id}/validation"
    diagnose(found.run)
    challenge(found.run, only=("casing",))
    explain(found.run, errors=2)
    curve = draw(book, options=CurveOptions(sizes=(8, 16), seeds=1, frozen=True)).curve
    evaluate(found.run, split="validation", with_baselines=False)
    names = [f"{validation}/{name}.html" for name in ("errors", "challenge", "explain-errors", "report")]
    for path in (*names, f"curves/{curve}/curve.html", f"runs/{found.run.id}/report.html"):
        place = book.path / path
        before = sorted(place.read_text(encoding="utf-8").split())
        place.write_text("", encoding="utf-8")
        write = writer_of(book, path)
        assert write is not None
        write()
        assert sorted(place.read_text(encoding="utf-8").split()) == before, path
    (book.path / f"{validation}/challenge.json").unlink()
    write = writer_of(book, f"{validation}/challenge.html")
    assert write is not None
    with pytest.raises(BookError, match=r"ui\.report_gone"):
        write()
    (book.path / validation / "predictions.jsonl").unlink()
    write = writer_of(book, f"{validation}/report.html")
    assert write is not None
    with pytest.raises(BookError, match=r"ui\.report_gone"):
        write()
    assert writer_of(book, "tests/x/report.html") is None
    assert writer_of(book, "data/report.html") is None, "how the base model reads the rows is not kept"

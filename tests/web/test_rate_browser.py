"""Two people rate in a real browser: by keys and by a double click, on a desk in English and on a phone in Chinese,
with a server that is killed between two answers.

It takes longer than other tests, for it starts a browser once and a server twice.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest
from tests.logged import make_book
from tests.rated import make_session

pytestmark = pytest.mark.slow
CHROMIUM = shutil.which("chromium")
PEOPLE = [("ann", "en", 1280), ("bo", "zh", 390)]


@contextmanager
def served(book):
    """The address of a server; it is killed without a word."""
    words = [sys.executable, "-m", "tunebook", "ui", str(book), "--port", "0", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def press(page, key):
    with page.expect_navigation():
        page.keyboard.press(key)


def test_two_people_rate_through_a_crash(browser, tmp_path):
    book = make_book(tmp_path / "book").path
    session = make_session(book, rows=6, raters=["ann", "bo"], overlap=1.0)
    at, said, outside = f"/book/{book.name}/rate/{session.study.id}", [], []
    pages = {}
    for rater, lang, width in PEOPLE:
        pages[rater] = browser.new_page(viewport={"width": width, "height": 800}, locale=lang)
        pages[rater].on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        pages[rater].on("pageerror", lambda error: said.append(str(error)))
        pages[rater].on("request", lambda one: None if "//127.0.0.1:" in one.url else outside.append(one.url))
    with served(book) as url:
        for rater, lang, _ in PEOPLE:
            page = pages[rater]
            page.goto(url)
            page.goto(f"{url.partition('/?')[0]}{at}/next?rater={rater}&lang={lang}")
            press(page, "1")
            press(page, "ArrowRight")
            press(page, "u")
            press(page, "0")
            assert session.done(rater).done == 2
            page.locator("form.rating button").first.dblclick()
            page.wait_for_function("document.querySelector('progress').value == 3")
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
            assert "run0" not in page.inner_text("main") and "run1" not in page.inner_text("main")
            assert ("条" if lang == "zh" else "Item 4 of 6") in page.inner_text("h1")
    assert (said, outside) == ([], [])
    before = len(session.store.history())
    for rater, _, _ in PEOPLE:  # a key that nobody is there to hear
        pages[rater].keyboard.press("1")
        assert session.done(rater).done == 3
    with served(book) as url:
        for rater, lang, _ in PEOPLE:
            page = pages[rater]
            page.goto(url)
            page.goto(f"{url.partition('/?')[0]}{at}/next?rater={rater}&lang={lang}")
            for done in range(3, 6):
                assert f"{done}/6" in page.inner_text("main")
                press(page, "1")
            assert rater in page.inner_text("h1")
    assert [session.done(rater).done for rater in ("ann", "bo")] == [6, 6]
    assert len(session.store.history()) == before + 6 and session.store.verify().ok


def test_the_pages_have_no_serious_fault_for_those_who_do_not_see(browser, tmp_path):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    book = make_book(tmp_path / "book").path
    session = make_session(book, rows=3, kinds=("pairs", "scores"), keys=("overall", "safety"))
    session.give("ann", session.next("ann").item.key, {"overall": "1"})
    with served(book) as url:
        page = browser.new_page(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
        page.goto(url)
        for path in ("", f"/{session.study.id}", f"/{session.study.id}/next?rater=ann"):
            page.goto(f"{url.partition('/?')[0]}/book/{book.name}/rate{path}")
            found = axe.Axe().run(page).response["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        assert page.locator("p.keys").count() == 1 and page.locator("p.keys").is_hidden(), "a phone has no keys"

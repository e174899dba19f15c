"""The whole way in a real browser: a book by upload, rows changed, a training watched, a test, a promotion, on a desk
in English; then every page and the way back on a phone in Chinese. Nothing is asked of another host, no script
complains, and axe-core finds no serious fault.

It takes longer than other tests: it starts a browser, a server, and the commands that train.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import small
from tests.ab_book import set_gate
from tests.books import base  # noqa: F401
from tests.web.test_rate_browser import browser, served  # noqa: F401

from tunebook.verbs.steps.book import open_book
from tunebook.web.page import pages

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
_PATIENCE = 240_000  # milliseconds for a test of two tables on a busy machine


class Desk:
    """A browser's page that notes what should not be."""

    def __init__(self, browser: Any, url: str, lang: str, width: int) -> None:  # noqa: F811
        self.page = browser.new_page(viewport={"width": width, "height": 900}, locale=lang)
        self.page.set_default_timeout(_PATIENCE)
        self.faults: list[str] = []
        self.base = url.partition("/?")[0]
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on(
            "request", lambda one: None if one.url.startswith((self.base, "data:")) else self.faults.append(one.url)
        )
        self.page.goto(f"{url}&lang={lang}")

    def open(self, path: str) -> Any:
        """A page, looked at by axe-core; it is not wider than its window."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright")
        self.page.goto(f"{self.base}{path}")
        found = axe.Axe().run(self.page, options={"iframes": False}).response["violations"]
        grave = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
        assert grave == [], path
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(wide) <= 0, path
        return self.page


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "books").mkdir()
    with served(tmp_path / "books") as found:
        yield found


def made_of(desk: Desk, file: Path, base: Path) -> None:  # noqa: F811
    """A book of a file that is sent, looked at, and named."""
    page = desk.open("/new")
    page.set_input_files("#data", str(file))
    page.get_by_role("button", name="Look at the files").click()
    page.wait_for_url("**/new/*")
    page.fill("#name", "tickets")
    page.locator("details summary").first.click()
    page.fill("#other", str(base))
    page.get_by_role("button", name="Make the book").click()
    page.wait_for_url("**/book/tickets/data")


def refused(desk: Desk) -> None:
    """A value that may not stand there: what is allowed is said before, and the field is marked afterwards."""
    page = desk.open("/book/tickets/tables/v1/change")
    page.fill("#row", "learning_rate")
    page.fill("#value", "much")
    page.fill("#note", "to see what it says")
    page.get_by_text("a number, above 0 and at most 1").first.wait_for()
    page.get_by_role("button", name="Add as a new version").click()
    page.wait_for_selector('#value[aria-invalid="true"]:focus')
    assert all("422" in told for told in desk.faults)  # a browser reports the answer
    desk.faults.clear()


def test_from_an_upload_to_a_promotion_and_back(browser: Any, url: str, tmp_path: Path, base: Path) -> None:  # noqa: F811
    desk = Desk(browser, url, "en", 1280)
    file = small.write_records(tmp_path / "rows.csv", "binary", 240)
    made_of(desk, file, base)
    book = set_gate(open_book(tmp_path / "books" / "tickets"), seeds=3, looks=[3], delta=0.0)

    refused(desk)
    for version, value in (("v1", "1e-6"), ("v2", "1e-2")):
        page = desk.open(f"/book/tickets/tables/{version}/change?row=learning_rate")
        page.fill("#value", value)
        page.fill("#note", "to see what it is worth")
        page.get_by_role("button", name="Add as a new version").click()
        page.wait_for_url("**?new=1")
    page = desk.open("/book/tickets/promote/v2")  # without proof, which is marked for good
    page.locator("details summary").first.click()
    page.fill("#why", "a table to beat")
    page.locator("main details form button").click()
    page.wait_for_url("**/log*")

    page = desk.open("/book/tickets/train/new?table=v3")
    page.locator("button[name=look]").click()
    page.locator("main form[data-once] button").click()
    page.wait_for_selector('[data-state="done"]', timeout=_PATIENCE)
    page.wait_for_selector("iframe.report", timeout=_PATIENCE)
    page.locator("[data-plot=loss] canvas").wait_for()  # its curve is asked for once the page is there
    assert page.inner_text("[data-figure=step]") != "–"
    page.locator("iframe.report").scroll_into_view_if_needed()
    page.locator("iframe.report[style*=height]").wait_for()  # as high as the report
    losses = [entry["loss"] for entry in book.runs[-1].history if "loss" in entry][-10:]
    assert float(page.inner_text("[data-figure=loss]")) == pytest.approx(sum(losses) / len(losses), abs=1e-3)

    page = desk.open("/book/tickets/ab/new?a=v2&b=v3&look=1")
    page.locator("main form[data-once] button").click()
    page.wait_for_selector("p.verdict", timeout=_PATIENCE)
    assert "better" in (page.get_attribute("p.verdict", "class") or ""), page.inner_text("p.verdict")
    page.locator('a[href$="/promote/v3"]').first.click()
    page.fill("#reason", "proven")
    page.locator("main form[data-once] button").click()
    page.get_by_text("Done", exact=True).wait_for(timeout=_PATIENCE)
    assert open_book(book.path).tables.champion == 3

    phone = Desk(browser, url, "zh", 390)
    tabs = [one.tab for one in pages() if one.tab and one.shown(book)]
    for path in (
        "/",
        "/new",
        *(f"/book/tickets/{tab}" for tab in tabs),
        "/book/tickets/data/rows",
        "/book/tickets/tables/v2",
        "/book/tickets/ab/new",
        "/book/tickets/data/curve",
        "/book/tickets/rollout/start",
    ):
        phone.open(path)
    page = phone.open("/book/tickets/rollback")
    page.fill("#reason", "客户投诉")
    page.locator("main form[data-once] button").click()
    page.wait_for_url("**/log*")
    entry = open_book(book.path).log.entries("rollback")[-1]
    assert open_book(book.path).tables.champion == 2 and entry.reason == "客户投诉"
    page = phone.open("/book/tickets/explain")
    page.fill("#text", "good thing")
    page.locator("main form[data-once] button").click()
    page.wait_for_selector(".verdict")
    assert (desk.faults, phone.faults) == ([], [])

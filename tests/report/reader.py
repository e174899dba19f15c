"""A strict reader of HTML pages: what they say, what they hold, and what they would load."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

_EMPTY = {"meta", "br", "link", "img", "input"}
_LOADING = {"src", "srcset", "href", "data", "poster", "action", "xlink:href"}


class Page(HTMLParser):
    """A page taken apart; raises AssertionError where tags do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.code = ""
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        self.loads += [value or "" for name, value in attrs if name in _LOADING and not (value or "").startswith("#")]
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.open and self.open[-1] in ("style", "script"):
            self.code += data
        else:
            self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every element of a kind."""
        return [attributes for name, attributes in self.attributes if name == tag]


def read_page(path: Path) -> Page:
    """The page of a file, checked: well-formed, self-contained, with headings and named plots."""
    page = Page(path.read_text(encoding="utf-8"))
    assert page.loads == []
    assert not re.search(r"url\(|@import|https?:|fetch|import\(", page.code)
    assert page.tags.count("h1") == 1
    assert all(plot.get("role") == "img" and plot.get("aria-label") for plot in page.all("svg"))
    assert page.tags.count("table") == page.tags.count("caption")
    assert not re.search(r'="[^"]*\b(nan|inf)\b[^"]*"', page.source, re.IGNORECASE)
    return page

"""What a page is: one file of `tunebook/web/pages/` with its addresses, its tab in a book, and who shows it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from fastapi import APIRouter

from tunebook.verbs.steps.book import Book


def always(book: Book) -> bool:
    """For a tab that every book has."""
    return True


@dataclass(frozen=True)
class Page:
    """A page, or several that belong together.

    Attributes:
        router: its addresses; those of a book begin with `/book/{name}/`.
        tab: of a book, its key: the catalogue says it as `ui.tab.KEY`, its address is `/book/{name}/KEY`. Empty for a
            page without one.
        order: of the tab. shown: whether a book has it.
    """

    router: APIRouter
    tab: str = ""
    order: int = 0
    shown: Callable[[Book], bool] = always


@cache
def pages() -> tuple[Page, ...]:
    """All pages: each module of `tunebook/web/pages/` gives one as `PAGE`."""
    folder = importlib.import_module("tunebook.web.pages")
    modules = [
        importlib.import_module(f"{folder.__name__}.{item.name}") for item in pkgutil.iter_modules(folder.__path__)
    ]
    return tuple(sorted((module.PAGE for module in modules), key=lambda page: page.order))


__all__ = ["Page", "always", "pages"]

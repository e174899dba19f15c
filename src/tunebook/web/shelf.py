"""The books that a server shows: those that were named, and those that lie in a folder that was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tunebook.core.errors import BookError, near
from tunebook.core.locations import BOOK_FILE
from tunebook.verbs.steps.book import Book


@dataclass(frozen=True)
class Shelf:
    """Books by the name that their address has.

    Attributes:
        places: folders of books, and folders in which books lie. home: where a new book is put.
        made: books that were made since; they are shown too, where `home` is none of the places.
    """

    places: tuple[Path, ...]
    home: Path
    made: set[Path] = field(default_factory=set, compare=False)

    @classmethod
    def of(cls, places: Sequence[Path]) -> Shelf:
        """Those of these places; without any, those of the folder in which one is.

        Raises:
            BookError: `ui.place`, there is no such folder.
        """
        found = tuple(path.resolve() for path in places or [Path()])
        for path in found:
            if not path.is_dir():
                raise BookError("ui.place", key=str(path))
        folders = [path for path in found if not _is_book(path)]
        return cls(found, folders[0] if folders else found[0].parent)

    def books(self) -> dict[str, Path]:
        """Name -> folder; of two folders with one name the second is called `name-2`."""
        found: dict[str, Path] = {}
        for path in sorted(set(self._all()), key=lambda path: (path.name.casefold(), str(path))):
            name, number = path.name, 2
            while name in found:
                name, number = f"{path.name}-{number}", number + 1
            found[name] = path
        return found

    def add(self, path: Path) -> str:
        """Show a book that was made here from now on; gives its name."""
        self.made.add(path)
        return next(name for name, known in self.books().items() if known == path)

    def _all(self) -> Iterator[Path]:
        for place in (*self.places, *self.made):
            if _is_book(place):
                yield place
            elif place.is_dir():  # it may be gone since the server began
                yield from (path for path in place.iterdir() if path.is_dir() and _is_book(path))

    def book(self, name: str) -> Book:
        """The book of a name, as it is on disk now.

        Raises:
            BookError: `ui.no_book`.
        """
        books = self.books()
        if name not in books:
            raise BookError("ui.no_book", key=name, allowed=" | ".join(books), near=near(name, books))
        return Book(books[name])


def _is_book(path: Path) -> bool:
    """Also one that has lost its book.toml: it is shown as broken, not left out."""
    return (path / BOOK_FILE).is_file() or (path / "data" / "split.json").is_file()


__all__ = ["Shelf"]

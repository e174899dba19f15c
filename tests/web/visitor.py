"""Books behind the door, and somebody who has come in."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.testclient import TestClient

from tunebook.web.app import application
from tunebook.web.door import Door
from tunebook.web.shelf import Shelf

BASE = "http://127.0.0.1:8501"


class Visitor(TestClient):
    """A browser that has shown the token: `submit` posts a form as a page of the server would."""

    def __init__(self, *places: Path, door: Door | None = None, enter: bool = True) -> None:
        self.door = door or Door("ann")
        super().__init__(application(Shelf.of(places), self.door), base_url=BASE, raise_server_exceptions=False)
        if enter:
            self.get(f"{self.door.prefix}/?token={self.door.token}")

    def submit(self, path: str, data: dict[str, object] | None = None, **more: object):
        """A form."""
        user = self.door.owner
        form = {"word": self.door.word(user), **(data or {})}
        return self.post(path, data=form, headers={"origin": BASE}, **more)


def words_of(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


__all__ = ["BASE", "Visitor", "words_of"]

"""Templates and errors as pages."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from tunebook.core.errors import BookError, MachineError, RefusedError, RunError, TunebookError
from tunebook.core.messages import speaking
from tunebook.web.render import STATUS, environment, fill, problem, status_of


def asking(**headers: str) -> Request:
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "path": "/", "headers": given, "state": {}, "query_string": b""})


def test_texts_are_escaped() -> None:
    made = environment().from_string("{{ text }}")
    assert made.render(text="<script>") == "&lt;script&gt;"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BookError("ui.no_book", key="x", near=""), 404),
        (MachineError("machine.disk"), 503),
        (RefusedError("ab.lost"), 409),
        (RunError("run.failed"), 500),
        (TunebookError("row.unknown"), 422),
    ],
)
def test_an_error_has_its_status(error: TunebookError, status: int) -> None:
    assert status_of(error) == status and STATUS["ui.token"] == 401


def test_an_error_is_a_page_or_a_part_of_one() -> None:
    error = BookError("ui.place", key="<x>")
    whole, part = problem(asking(), error, ""), problem(asking(**{"hx-request": "true"}), error, "")
    assert whole.body.startswith(b"<!doctype") and not part.body.startswith(b"<!doctype")
    assert b"&lt;x&gt;" in part.body
    with speaking("zh"):
        assert 'lang="zh-CN"' in fill("problem.html.j2", asking(), "", error=error)

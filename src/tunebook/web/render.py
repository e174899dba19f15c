"""Templates of `web/templates/` filled in, and errors as pages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tunebook.core.commands import command
from tunebook.core.errors import MachineError, RefusedError, RunError, TunebookError
from tunebook.core.formatting import (
    duration,
    memory,
    metric_name,
    moment,
    number,
    phrase,
    score_text,
    share_text,
    shown,
)
from tunebook.core.messages import language, say
from tunebook.report.history import action_text
from tunebook.report.plan_words import table_text
from tunebook.web.advice import advice
from tunebook.web.fields import help_of
from tunebook.web.reports import writer_of, written_in

STATUS: Mapping[str, int] = {
    "ui.no_book": 404,
    "ui.file": 404,
    "ui.page": 404,
    "ui.large": 413,
    "ui.form": 400,
    "ui.token": 401,
    "ui.user": 401,
    "ui.failed": 500,
    "ui.host": 421,
    "ui.read_only": 403,
    "ui.origin": 403,
    "ui.word": 403,
}


@cache
def environment() -> Environment:
    """Where templates come from, and what they may call; everything put into one is escaped."""
    made = Environment(
        loader=PackageLoader("tunebook.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        say=say, phrase=phrase, shown=shown, number=number, score_text=score_text, moment=moment, duration=duration,
        memory=memory, metric_name=metric_name, share_text=share_text, command=command, quote=quote, language=language,
        table_text=table_text, help_of=help_of, written_in=written_in, may_write=writer_of,
        action_text=action_text, advice=advice,
    )  # fmt: skip
    return made


def fill(template: str, request: Request, prefix: str, **view: Any) -> str:
    """The text of a template.

    Args:
        request: of which the state says who asks; prefix: in front of every address.
    """
    state = request.scope.get("state", {})
    around = {name: state.get(name, "") for name in ("owner", "word", "read_only")}
    lang = "zh-CN" if language() == "zh" else "en"
    here, asked = request.scope["path"], urlencode(_asked(request))
    return environment().get_template(template).render(
        request=request, lang=lang, prefix=prefix, here=here, asked=asked, **around, **view
    )  # fmt: skip


def _asked(request: Request) -> list[tuple[str, str]]:
    """What stands in an address after `?`, without the language: a page in another one is about the same."""
    return [item for item in request.query_params.multi_items() if item[0] not in ("lang", "token")]


def status_of(error: TunebookError) -> int:
    """The status of an error: that of its code, 503 where the machine is to blame, 409 where the answer is no."""
    if error.code in STATUS:
        return STATUS[error.code]
    if isinstance(error, MachineError):
        return 503
    return 409 if isinstance(error, RefusedError) else 500 if isinstance(error, RunError) else 422


def problem(request: Request, error: TunebookError, prefix: str, **view: Any) -> Response:
    """An error as a page; as a part of one where a part was asked for.

    Args:
        view: what the tabs of its book want to know; without it, the page has none.
    """
    part = request.headers.get("hx-request") == "true"
    text = fill("_problem.html.j2" if part else "problem.html.j2", request, prefix, error=error, **view)
    return HTMLResponse(text, status_of(error))


__all__ = ["STATUS", "environment", "fill", "problem", "status_of"]

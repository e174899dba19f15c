"""tunebook ui: everything on a page in a browser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tunebook.cli.answer import Answer, as_json, console, json_line, prose
from tunebook.cli.options import argument, option, wrong
from tunebook.core.messages import say


@dataclass(frozen=True)
class Found:
    """Where the page is found."""

    port: Annotated[int, option("ui_port", "--port", metavar="N")] = 8501
    prefix: Annotated[str, option("serve_prefix", "--prefix", metavar="/PATH")] = ""


@dataclass(frozen=True)
class Visitors:
    """Who may come, and what for."""

    host_name: Annotated[list[str] | None, option("ui_host_name", "--host-name", metavar="NAME")] = None
    user_header: Annotated[str, option("ui_user_header", "--user-header", metavar="HEADER")] = ""
    read_only: Annotated[bool, option("ui_read_only", "--read-only")] = False


def ui(
    found: Found, visitors: Visitors, places: Annotated[list[Path] | None, argument("ui_books", "BOOK")] = None
) -> Answer | None:
    """Open books as pages in a browser."""
    from tunebook.serve.server import Listen
    from tunebook.web.server import Opening, check_extra, run

    if not 0 <= found.port <= 65535:
        raise wrong("--port", found.port, "0 – 65535")
    check_extra()
    opening = Opening(
        Listen(port=found.port), visitors.host_name or [], visitors.user_header, visitors.read_only, found.prefix
    )
    run(places or [], opening, _ready)
    if as_json():
        return None
    return Answer({}, lambda screen: prose(screen, say("cli.ui.stopped")))


def _ready(url: str) -> None:
    """Say where the page is, once it answers."""
    import sys

    if as_json():
        stream = sys.__stdout__ or sys.stdout
        stream.write(json_line({"url": url}) + "\n")
        stream.flush()
        return
    screen = console()
    prose(screen, say("cli.ui.ready", url=url), "bold green")
    prose(screen, say("cli.ui.stop"), "dim")


__all__ = ["Found", "Visitors", "ui"]

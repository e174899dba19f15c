"""The page on its socket."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tunebook.core.errors import MachineError
from tunebook.serve.server import Listen, bound, url_of

_NEEDED = {"fastapi": "fastapi", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}
_WAITING = 128  # connections
_CLOSING = 2  # seconds for what is under way when the server is told to stop


@dataclass(frozen=True)
class Opening:
    """How the page is opened.

    Attributes:
        listen: where it is found; hosts: further names by which it may be called, behind a proxy.
        user_header: in which a proxy names whom it has signed in; read_only: nothing can be changed; prefix: path in
            front of all others.
    """

    listen: Listen
    hosts: Sequence[str] = ()
    user_header: str = ""
    read_only: bool = False
    prefix: str = ""


def check_extra() -> None:
    """Whether what the page needs is installed.

    Raises:
        MachineError: `machine.extra`.
    """
    from importlib.util import find_spec

    for module, package in _NEEDED.items():
        if find_spec(module) is None:
            raise MachineError("machine.extra", key=package, extra="ui")


def run(places: Sequence[Path], opening: Opening, ready: Callable[[str], None]) -> None:
    """Show these books until a signal comes.

    Args:
        ready: is told the address once the server listens.

    Raises:
        MachineError: `machine.extra`, `serve.port`. BookError: `ui.place`.
    """
    check_extra()
    import uvicorn

    from tunebook.serve.start import checked_prefix
    from tunebook.web.app import application
    from tunebook.web.door import LOOPBACK, Door
    from tunebook.web.known import told
    from tunebook.web.shelf import Shelf

    prefix = checked_prefix(opening.prefix)
    door = Door(
        getpass.getuser(), user_header=opening.user_header, read_only=opening.read_only, prefix=prefix,
        hosts=LOOPBACK | set(opening.hosts),
    )  # fmt: skip
    shelf = Shelf.of(places)
    app = application(shelf, door)
    sock = bound(opening.listen)
    try:
        sock.listen(_WAITING)
        token = "" if door.user_header else f"?token={door.token}"
        url = f"{url_of(sock, prefix)}/"
        ready(f"{url}{token}")
        config = uvicorn.Config(
            app, log_config=None, log_level="critical", access_log=False, server_header=False, ws="none",
            timeout_graceful_shutdown=_CLOSING,
        )  # fmt: skip
        with told(url, shelf.places), suppress(KeyboardInterrupt):  # as uvicorn tells the signal that has stopped it
            uvicorn.Server(config).run(sockets=[sock])
    finally:
        sock.close()


__all__ = ["Opening", "check_extra", "run"]

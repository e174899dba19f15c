"""tunebook serve: the models of a book, or a bundle, as a server of HTTP."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tunebook.cli.answer import Answer, as_json, console, facts, json_line, prose
from tunebook.cli.options import argument, option, wrong
from tunebook.core.messages import say


@dataclass(frozen=True)
class Where:
    """Where the server is found, and by whom."""

    host: Annotated[str, option("serve_host", "--host", metavar="ADDRESS")] = "127.0.0.1"
    port: Annotated[int, option("serve_port", "--port", metavar="N")] = 8080
    prefix: Annotated[str, option("serve_prefix", "--prefix", metavar="/PATH")] = ""
    api_key_file: Annotated[Path | None, option("serve_keys", "--api-key-file", metavar="FILE")] = None


@dataclass(frozen=True)
class Machine:
    """What the server may take of the machine, and where it keeps requests."""

    workers: Annotated[int, option("serve_workers", "--workers", metavar="N")] = 1
    threads: Annotated[int, option("serve_threads", "--threads", metavar="N")] = 1
    log: Annotated[str, option("serve_log", "--log", metavar="FILE|URL")] = ""


def serve(
    book: Annotated[Path, argument("serve_what", "BOOK|BUNDLE")], where: Where, machine: Machine
) -> Answer | None:
    """Serve the models that a book has in front of users, or a bundle."""
    from tunebook.serve.server import Listen
    from tunebook.serve.start import How, check_extra

    if not 0 <= where.port <= 65535:
        raise wrong("--port", where.port, "0 – 65535")
    if machine.workers < 1:
        raise wrong("--workers", machine.workers, ">= 1")
    if machine.threads < 1:
        raise wrong("--threads", machine.threads, ">= 1")
    check_extra()
    how = How(where.prefix, where.api_key_file, machine.log, machine.threads, progress=True)
    listen = Listen(where.host, where.port)
    machine_readable = as_json()

    def ready(url: str, versions: list[dict[str, Any]]) -> None:
        _ready(url, versions, machine_readable)

    if machine.workers == 1:
        from tunebook.serve.server import run

        done = run(book, listen, how, ready)
    else:
        from tunebook.serve.workers import run_many

        done = run_many(book, listen, how, machine.workers, ready)
    if machine_readable:
        return None
    told = say("cli.serve.stopped", requests=done["requests"])
    return Answer(done, lambda screen: screen.print(told))


def _ready(url: str, versions: list[dict[str, Any]], machine_readable: bool) -> None:
    """Say where the server is, once it answers."""
    if machine_readable:  # standard output is kept for answers while a command is at work, and this is one
        stream = sys.__stdout__ or sys.stdout
        stream.write(json_line({"url": url, "versions": versions}) + "\n")
        stream.flush()
        return
    screen = console()
    live = next((item for item in versions if item["live"]), versions[0])
    prose(screen, say("cli.serve.ready", url=url), "bold green")
    screen.print(
        facts(
            [
                (say("cli.serve.version"), live["version"]),
                (say("cli.serve.gives"), ", ".join(f"POST {url}/{path}" for path in live["gives"])),
                (say("cli.serve.page"), f"{url}/docs"),
            ]
        )
    )
    for item in versions:
        if not item["live"]:
            screen.print(say("cli.serve.beside", version=item["version"]))
    prose(screen, say("cli.serve.stop"), "dim")


__all__ = ["Machine", "Where", "serve"]

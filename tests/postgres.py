"""A PostgreSQL server of a test's own, where its programs are installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

_NEEDED = ("initdb", "pg_ctl")
WHY_NOT = "no initdb and pg_ctl of PostgreSQL on the path" if not all(map(shutil.which, _NEEDED)) else ""


class Postgres:
    """A server on a free port of this machine; its folder is gone when it is `removed`.

    It does not run as root: there the user nobody runs it.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tunebook-pg-"))
        self._as: dict[str, Any] = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
        if self._as:
            shutil.chown(self.folder, **self._as)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "tester", "-E", "UTF8", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        """Of its only database."""
        return f"postgresql://tester@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        told = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-o", told, "-l", str(self.folder / "log"), "start")

    def stop(self, how: str = "fast") -> None:
        """Stop it; `immediate` is as if it was killed, and it takes longer to start."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", how, "stop")

    def removed(self) -> None:
        """Stop it for good."""
        with suppress(subprocess.CalledProcessError):  # it has been stopped
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, *words: str) -> None:
        subprocess.run(
            words,
            check=True,
            cwd=self.folder,
            timeout=60,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as,
        )

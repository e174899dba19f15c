"""Several processes that share one port: started, told to stop, and started again where one dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from tunebook.core.errors import MachineError, TunebookError
from tunebook.serve.server import Listen, bound, run_on, url_of
from tunebook.serve.start import How, check_extra, checked_prefix, cores, make_traffic

_TICK = 0.1
_MODULE = "tunebook.serve.workers"
_PAUSE = 1.0  # seconds before a process that died is started again
_FIGURES = "PROMETHEUS_MULTIPROC_DIR"


@dataclass
class _Worker:
    """A process and what it says."""

    process: subprocess.Popen[str]
    born: float

    @property
    def words(self) -> IO[str]:
        """Its standard output: a line of JSON when it is ready, one when it ends."""
        assert self.process.stdout is not None
        return self.process.stdout


def run_many(
    what: Path | str, listen: Listen, how: How, workers: int, ready: Callable[[str, list[dict[str, Any]]], None]
) -> dict[str, Any]:
    """Serve by several processes until a signal comes; gives what was done.

    Args:
        ready: as that of `tunebook.serve.server.run`.

    Raises:
        MachineError: `serve.port`, `machine.extra`; `serve.worker`, one could not start, and why.
    """
    check_extra()
    prefix = checked_prefix(how.prefix)
    lanes = how.lanes or max(1, cores() // (how.threads * workers))
    begun = time.perf_counter()
    with bound(listen) as sock, tempfile.TemporaryDirectory(prefix="tunebook-figures-") as figures:
        sock.set_inheritable(True)
        # The first one makes what is missing (a bundle, an entry of the change log) before the others begin.
        order = _order(what, listen, replace(how, lanes=lanes), sock)
        crew: list[_Worker] = []
        try:
            for _ in range(workers):
                crew.append(_begun(order, figures))
                versions = _first_word(crew[-1])
            ready(url_of(sock, prefix), versions)
            _watch(crew, order, figures)
        except KeyboardInterrupt:
            pass
        finally:
            done = [_ended(worker) for worker in _told(crew)]
    return {"requests": sum(done), "seconds": time.perf_counter() - begun}


def main(order: str) -> None:
    """One process: `python -m tunebook.serve.workers ORDER`, where the order is JSON."""
    said = json.loads(order)
    threading.Thread(target=_orphaned, args=(os.getppid(),), daemon=True).start()
    how = How(**{**said["how"], "key_file": Path(said["how"]["key_file"]) if said["how"]["key_file"] else None})
    try:
        traffic = make_traffic(said["what"], how)
        with socket.socket(fileno=said["socket"]) as sock:
            done = run_on(sock, traffic, Listen(**said["listen"]), how, lambda: _say(traffic.versions()["versions"]))
    except TunebookError as error:
        fields = {name: str(value) for name, value in error.fields.items()}
        _say({"code": error.code, "fields": fields})
        return
    _say(done["requests"])


def _orphaned(parent: int) -> None:
    """Stop when the process that began this one has gone without a word."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _order(what: Path | str, listen: Listen, how: How, sock: socket.socket) -> str:
    said = asdict(how) | {"key_file": str(how.key_file) if how.key_file else None, "serving": None}
    return json.dumps({"what": str(what), "listen": asdict(listen), "how": said, "socket": sock.fileno()})


def _say(item: Any) -> None:
    sys.stdout.write(json.dumps(item) + "\n")
    sys.stdout.flush()


def _begun(order: str, figures: str) -> _Worker:
    words = [sys.executable, "-m", _MODULE, order]
    number = json.loads(order)["socket"]
    environment = {**os.environ, _FIGURES: figures}
    how: dict[str, Any] = {"stdout": subprocess.PIPE, "text": True, "pass_fds": (number,), "env": environment}
    # In a session of its own: Ctrl-C comes to this process, which tells the others.
    made = subprocess.Popen(words, start_new_session=True, **how)
    return _Worker(made, time.monotonic())


def _first_word(worker: _Worker) -> list[dict[str, Any]]:
    """The versions of a process that is ready.

    Raises:
        TunebookError: what stopped it; `serve.worker` where it did not say.
    """
    if line := worker.words.readline():
        found: Any = json.loads(line)
        if isinstance(found, dict):
            raise _as_raised(found["code"], found["fields"])
        versions: list[dict[str, Any]] = found
        return versions
    raise MachineError("serve.worker", key="--workers", value=worker.process.wait())


def _as_raised(code: str, fields: dict[str, str]) -> TunebookError:
    """An error of another process."""
    made = TunebookError(code, **fields)
    made.fields = fields  # the value as it was shown there
    return made


def _watch(crew: list[_Worker], order: str, figures: str) -> None:
    """Start anew what dies, until somebody interrupts."""
    while True:
        time.sleep(_TICK)
        for place, worker in enumerate(crew):
            if worker.process.poll() is not None and time.monotonic() - worker.born > _PAUSE:
                _forget(worker, figures)
                crew[place] = _begun(order, figures)


def _forget(worker: _Worker, figures: str) -> None:
    """Take the gauges of a dead process out of the sums."""
    from prometheus_client.multiprocess import mark_process_dead

    with suppress(OSError):
        mark_process_dead(worker.process.pid, figures)  # type: ignore[no-untyped-call]
    worker.words.close()


def _told(crew: list[_Worker]) -> list[_Worker]:
    """Tell all to stop."""
    for worker in crew:
        with suppress(OSError):
            worker.process.send_signal(signal.SIGTERM)
    return crew


def _ended(worker: _Worker) -> int:
    """Requests that a process answered, once it has ended."""
    try:
        with worker.words as words:
            lines = [line for line in words.read().splitlines() if line.strip().isdigit()]
    except KeyboardInterrupt:  # somebody cannot wait
        worker.process.kill()
        lines = []
    worker.process.wait()
    return int(lines[-1]) if lines else 0


if __name__ == "__main__":
    main(sys.argv[1])

__all__ = ["main", "run_many"]

"""A process beside this one that trains what it is given, one plan after the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path
from types import TracebackType
from typing import Self

from tunebook.core.nouns import Plan
from tunebook.verbs.engines.told import Event

_FAREWELL = 10.0  # seconds for a process without work to end


class Lane:
    """The process, which ends with the context.

    Args:
        threads: of its arithmetic.
    """

    def __init__(self, threads: int) -> None:
        self.line, theirs = Pipe()
        self.said = tempfile.TemporaryFile()  # noqa: SIM115  it ends with the process
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tunebook.verbs.engines.worker", str(theirs.fileno())],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.said, start_new_session=True,
            pass_fds=[theirs.fileno()], env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )  # fmt: skip
        theirs.close()
        self.stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.line.close()
        self._ended()
        self.said.close()

    def train(self, plan: Plan, folder: Path, tell: Callable[[Event], None]) -> BaseException | None:
        """Train a plan into a folder of runs; the error that it ended with, None where there is a run.

        Raises:
            EOFError: the process is gone.
        """
        try:
            self.line.send((plan, folder))
            while True:
                for event in self.line.recv():
                    if event[0] == "end":
                        error: BaseException | None = event[1]
                        return error
                    tell(event)
        except OSError as error:
            raise EOFError from error

    def stop(self, *, at_once: bool) -> None:
        """End the training under way, at once or after its step, with a checkpoint."""
        if at_once or not self.stopped:  # a second polite signal would be one to end at once
            self.process.send_signal(signal.SIGKILL if at_once else signal.SIGTERM)
        self.stopped = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, the process takes no time of the processor."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def reason(self) -> str:
        """Why the process has ended, or that it was ended because it no longer listened."""
        code = self._ended()
        self.said.seek(0)
        last = self.said.read().decode(errors="replace").strip().rpartition("\n")[2]
        return signal.strsignal(-code) or str(code) if code < 0 else last[:200] or str(code)

    def _ended(self) -> int:
        """The exit code of the process, which is killed if it does not end by itself."""
        try:
            return self.process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


__all__ = ["Lane"]

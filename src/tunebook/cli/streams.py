"""The three standard streams and the signals of a process: closed, full or gone, none of them ends in a traceback.

Importing a library can take seconds, and silence reads as a fault: while a command gets ready it says what it loads,
again and again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType
from typing import Any, TextIO

from tunebook.core.errors import MachineError
from tunebook.core.messages import say

SECONDS = 0.35  # without a word, counted from the start of the command
_AGAIN = 5.0  # seconds from word to word
# What takes long to import; what others of them import themselves comes first, for that is what is loaded just then.
_LARGE = ("torch", "scipy", "pyarrow", "pandas", "sklearn", "matplotlib", "accelerate", "transformers", "ray")
_waiting: list[Event] = []


class Streams:
    """Standard input, output and error of one command.

    A stream that was closed reads and writes nothing, so that no file that is opened later takes its number.

    Attributes:
        closed: standard output was closed when the command began: its answer cannot be given.
    """

    def __init__(self) -> None:
        self.closed = sys.stdout is None
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            if getattr(sys, name) is None:
                _reopen(number)
                setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, ValueError):
                stream.reconfigure(errors="replace")  # type: ignore[union-attr]

    def flush(self) -> None:
        """Write out what is left of the answer.

        Raises:
            BrokenPipeError: whoever read has had enough. MachineError: `machine.output`, `machine.disk`.
        """
        if self.closed:
            raise MachineError("machine.output", key="stdout")
        sys.stdout.flush()


def silence(*numbers: int) -> None:
    """Throw away what is still written to these streams."""
    for number in numbers:
        _reopen(number)


def _reopen(number: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing != number:
        os.dup2(nothing, number)
        os.close(nothing)


class RobustStream:
    """A stream that progress is written to: full, or a terminal that is gone, it must not end the work itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write out what can be written."""
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Stop:
    """A polite kill (SIGTERM) or a terminal that is gone (SIGHUP) ends a command as Ctrl-C does.

    Attributes:
        number: of the signal that was heard; SIGINT where none was.
    """

    def __init__(self) -> None:
        self.number: int = signal.SIGINT

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Listen, where this is the main thread; a signal that is ignored (`nohup`) stays so."""
        before: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is signal.SIG_DFL:
                    before[number] = signal.signal(number, self._stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        raise KeyboardInterrupt(signal.Signals(number).name)


@contextmanager
def heartbeat() -> Iterator[None]:
    """Inside, lines go to stderr until something else is said."""
    spoken = Event()
    _waiting.append(spoken)
    Thread(target=_beat, args=(spoken,), daemon=True).start()
    try:
        yield
    finally:
        heard()


def heard() -> None:
    """Something was said, or is about to be."""
    while _waiting:
        _waiting.pop().set()


def _beat(spoken: Event) -> None:
    begun, wait = time.monotonic(), SECONDS
    while not spoken.wait(wait):
        _speak(0 if wait == SECONDS else round(time.monotonic() - begun))
        wait = _AGAIN


def _speak(seconds: int) -> None:
    """Say what is loaded just now, and for how many seconds the command has been at it; 0 for the first word."""
    what = next((name for name in _LARGE if _begun(name)), "")
    if seconds:
        text = say("cli.loading.still", what=what, seconds=seconds) if what else say("cli.ready", seconds=seconds)
    else:
        text = say("cli.loading.library", what=what) if what else say("cli.loading")
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody listens
        return


def _begun(name: str) -> bool:
    """Whether a module is being imported."""
    return bool(getattr(getattr(sys.modules.get(name), "__spec__", None), "_initializing", False))


__all__ = ["RobustStream", "Stop", "Streams", "heard", "heartbeat", "silence"]

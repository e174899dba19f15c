"""A signal that was kept back, heard after all."""

from __future__ import annotations

import signal
from typing import NoReturn


def hear_again(number: int) -> NoReturn:
    """End as by a signal that was kept back until now.

    Raises:
        KeyboardInterrupt: as whoever listens to it says, or else.
    """
    if callable(signal.getsignal(number)):  # else the process would end here and now
        signal.raise_signal(number)
    raise KeyboardInterrupt


__all__ = ["hear_again"]

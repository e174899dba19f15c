"""What runs in a process beside the command: it trains what it is told, until nobody tells it anything any more."""

from __future__ import annotations

import ctypes
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tunebook.core.errors import RunError, TunebookError
from tunebook.core.nouns import Plan
from tunebook.verbs.engines.far import failed, train_or_keep
from tunebook.verbs.engines.told import Teller
from tunebook.verbs.steps.runs import find_run

_DEATH = 1  # PR_SET_PDEATHSIG of Linux


def serve(line: Any) -> None:
    """Train each plan that comes into the folder that comes with it; what it tells and how it ended go back."""
    while True:
        try:
            plan, folder = line.recv()
        except EOFError:
            return
        line.send([("end", _trained(plan, folder, line))])


def interrupted(plan: Plan, folder: Path) -> BaseException:
    """What a training ends with that somebody ended: where it goes on from, if it has kept that."""
    from tunebook.engine.outcome import last_checkpoint, step_of

    run = find_run(folder, plan)
    kept = None if run is None else last_checkpoint(run.path)
    if run is None or kept is None:
        return KeyboardInterrupt()
    return RunError("run.interrupted", key=run.path.name, value=step_of(kept))


def _trained(plan: Plan, folder: Path, line: Any) -> BaseException | None:
    teller = Teller(line.send)
    try:
        return train_or_keep(plan, folder, teller)
    except TunebookError as error:
        return error
    except KeyboardInterrupt:
        return interrupted(plan, folder)
    except Exception as error:
        return failed(error, "local", folder)
    finally:
        teller.flush()
        if (run := find_run(folder, plan)) is not None:
            run.as_arm()


def end_with_parent() -> None:
    """Where the system can, end at once when the command is killed: nobody else would end this process."""
    try:
        ctypes.CDLL("libc.so.6").prctl(_DEATH, signal.SIGKILL)
    except (OSError, AttributeError):
        return


if __name__ == "__main__":
    end_with_parent()
    serve(Connection(int(sys.argv[1])))

__all__ = ["end_with_parent", "interrupted", "serve"]

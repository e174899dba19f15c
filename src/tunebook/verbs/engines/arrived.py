"""A run that came back from another machine takes its place among the runs, as if it had been trained here."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tunebook.core.errors import MachineError
from tunebook.core.locations import write_plan
from tunebook.core.nouns import Plan
from tunebook.verbs.engines.far import Back
from tunebook.verbs.engines.parcels import hash_of, write
from tunebook.verbs.steps.runs import Run, keep_table, new_run


def put_away(back: Back, plan: Plan, folder: Path, *, arm: bool) -> Run:
    """Put a run into a folder of runs, whole or not at all; only its plan is written here, with the places of here.

    Args:
        arm: note that a test began it.

    Raises:
        MachineError: `engine.damaged`, its files are not those that were sent.
    """
    run = new_run(folder, plan)
    part = Path(tempfile.mkdtemp(prefix=".tunebook-", dir=folder))
    try:
        whole = Run(part / "whole")
        write(back.files, whole.path)
        if hash_of(whole.path) != back.hash:
            raise MachineError("engine.damaged", key=run.id)
        keep_table(plan, whole)
        write_plan(plan, whole.path, final=run.path)
        if arm:
            whole.as_arm()
        whole.path.replace(run.path)
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return run


__all__ = ["put_away"]

"""python -m tunebook.web.runner FOLDER: run the command of a job, and write down how it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock

from tunebook.core.files import write_whole
from tunebook.web.jobs import END, ERR, JOB, LOCK, OUT, PID, STOP, Job

_STOPPED = 143  # as a shell tells the end by SIGTERM


def run(folder: Path) -> int:
    """Run it to its end; gives its exit code."""
    job = Job.model_validate_json((folder / JOB).read_text(encoding="utf-8"))
    with FileLock(folder / LOCK):
        code = _STOPPED if (folder / STOP).is_file() else _ended(folder, job)
        write_whole(folder / END, json.dumps({"code": code, "at": time.time()}))
    return code


def _ended(folder: Path, job: Job) -> int:
    """The exit code of its command."""
    around = {**os.environ, "TUNEBOOK_LANG": job.lang, "TUNEBOOK_PROGRESS_SECONDS": "1", "PYTHONUNBUFFERED": "1"}
    with (folder / OUT).open("wb") as out, (folder / ERR).open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "tunebook", *job.words, "--json"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=around,
        )  # fmt: skip
        write_whole(folder / PID, str(process.pid))
        if (folder / STOP).is_file():  # asked for while there was no number to send it to
            process.terminate()
        code = process.wait()
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))

__all__ = ["run"]

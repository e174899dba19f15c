"""What was sent to a machine: what is in use stays, what is not goes when it is old or in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tunebook.verbs.engines.parcels import Bytes, unpacked
from tunebook.verbs.engines.sent import KEPT, holding, make_room

PLACES = ["models/a/base", "folders/b/data", "folders/c/data"]


def fetch() -> Bytes:
    return {"file": np.arange(9, dtype=np.uint8)}


def there(root: Path) -> list[str]:
    return [place for place in PLACES if (root / place / "file").is_file()]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three parcels; the later in `PLACES`, the longer unused, and all of them for long."""
    with holding(tmp_path, PLACES):
        for place in PLACES:
            unpacked(tmp_path, place, 9, fetch)
    for days, place in enumerate(PLACES, 1):
        age(tmp_path, place, KEPT + days * 86400)
    return tmp_path


def age(root: Path, place: str, seconds: float) -> None:
    """Let a parcel be unused for so long."""
    os.utime((root / place).parent, (time.time() - seconds,) * 2)


def test_what_is_old_goes_when_something_new_comes(root: Path) -> None:
    age(root, PLACES[0], KEPT - 3600)
    with holding(root, ["models/new/base"]):
        unpacked(root, "models/new/base", 9, fetch)
    assert there(root) == PLACES[:1] and not (root / "folders" / "b").exists()
    assert (root / "models" / "new" / "base" / "file").is_file()


def test_using_it_makes_it_young(root: Path) -> None:
    with holding(root, PLACES[2:]):
        unpacked(root, PLACES[2], 9, lambda: pytest.fail("it is here"))
        assert there(root) == PLACES, "what is here makes no room"
    make_room(root, 0)
    assert there(root) == PLACES[2:]


def test_what_is_in_use_stays_though_there_is_no_room(root: Path) -> None:
    with holding(root, PLACES[1:2]), holding(root, PLACES[1:]):
        age(root, PLACES[1], 2 * KEPT)
        make_room(root, 1 << 62)
        assert there(root) == PLACES[1:]
    make_room(root, 1 << 62)
    assert there(root) == []


def test_for_room_the_longest_unused_goes_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for days, place in enumerate(PLACES, 1):
        age(root, place, days * 3600)
    make_room(root, 0)
    assert there(root) == PLACES
    free = type("Free", (), {"free": property(lambda _: 100 - 9 * len(there(root)))})
    monkeypatch.setattr("tunebook.verbs.engines.sent.shutil.disk_usage", lambda _: free())
    make_room(root, 82)
    assert there(root) == PLACES[:2]


HOLD = """
import sys
from pathlib import Path
from tunebook.verbs.engines.sent import holding
with holding(Path(sys.argv[1]), [sys.argv[2]]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["killed", "ended"])
def test_another_process_holds_it_until_it_ends_or_dies(root: Path, end: str) -> None:
    command = [sys.executable, "-c", HOLD, str(root), PLACES[0]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        age(root, PLACES[0], 2 * KEPT)
        make_room(root, 0)
        assert there(root) == PLACES[:1]
        if end == "killed":
            other.kill()
        other.communicate()
    age(root, PLACES[0], 2 * KEPT)
    make_room(root, 0)
    assert there(root) == []

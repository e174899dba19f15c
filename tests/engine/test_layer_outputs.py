"""States come back from their file as they were, only for the texts that they are of; the folder stays bounded."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tunebook.engine import layer_outputs
from tunebook.engine.layer_outputs import LARGEST, make_room, place, read, write

LENGTHS = {bytes([number] * 16): number + 1 for number in range(5)}
TOKENS = sum(LENGTHS.values())


def states(kind: torch.dtype = torch.float32) -> Tensor:
    torch.manual_seed(0)
    return torch.randn(TOKENS, 6).to(kind)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float16])
def test_what_was_written_is_read(kind: torch.dtype, tmp_path: Path) -> None:
    path = place(tmp_path / "new", "key")
    write(path, LENGTHS, iter(torch.split(states(kind), 4)), time.process_time() - 3)
    found, seconds = read(path, LENGTHS) or (torch.empty(0), 0.0)
    assert found.dtype == kind and torch.equal(found, states(kind)) and seconds >= 3
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_other_texts_and_damaged_files_are_not_read(tmp_path: Path) -> None:
    path = place(tmp_path, "key")
    assert read(path, LENGTHS) is None
    write(path, LENGTHS, [states()], 0.0)
    assert read(path, dict(reversed(LENGTHS.items()))) is None
    assert read(path, LENGTHS | {b"x" * 16: 1}) is None
    whole = path.read_bytes()
    for size in (0, 100, len(whole) - 4):
        path.write_bytes(whole[:size])
        assert read(path, LENGTHS) is None
    for at in (len(whole) // 2, len(whole) - 137):  # of a state, of the seconds: the disk's fault
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert read(path, LENGTHS) is None
    for wrong in (b"PK\x03\x04" + whole, whole.replace(b"f\0\0\0l\0\0\0o", b"l\0\0\0o\0\0\0a")):
        path.write_bytes(wrong)
        assert read(path, LENGTHS) is None


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def parts() -> Iterator[Tensor]:
        yield states()[:3]
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        write(place(tmp_path, "key"), LENGTHS, parts(), 0.0)
    assert not list(tmp_path.iterdir())


def test_the_file_that_was_read_longest_ago_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        write(place(tmp_path, name), LENGTHS, [states()], 0.0)
    size, held = place(tmp_path, "a").stat().st_size, read(place(tmp_path, "b"), LENGTHS)
    for age, name in enumerate("abc"):
        os.utime(place(tmp_path, name), (1000 + age, 1000 + age))
    monkeypatch.setattr(layer_outputs, "LARGEST", 3 * size)
    assert read(place(tmp_path, "a"), LENGTHS) is not None  # now it is the newest
    make_room(tmp_path, size)
    assert [place(tmp_path, name).is_file() for name in "abc"] == [True, False, True]
    assert held is not None and torch.equal(held[0], states()), "who reads it still has it"
    with pytest.raises(OSError):
        make_room(tmp_path, 3 * size + 1)


def test_half_of_what_is_free_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_outputs.shutil, "disk_usage", lambda path: type("", (), {"free": 1000})())
    make_room(tmp_path, 500)
    with pytest.raises(OSError):
        make_room(tmp_path, 501)
    assert LARGEST > 1000

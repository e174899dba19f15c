"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.files import part_of, write_whole


def test_a_text_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "new" / "a.txt", "一\n")
    assert write_whole(path, "二\n").read_text(encoding="utf-8") == "二\n"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("durable", [False, True])
def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path, durable: bool) -> None:
    path = write_whole(tmp_path / "a.txt", "old")
    with pytest.raises(OSError, match="full"), part_of(path, durable=durable) as part:
        part.write_text("half")
        raise OSError("full")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_durable_file_is_on_the_disk_before_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    path = tmp_path / "a.bin"
    monkeypatch.setattr("os.fsync", lambda number: synced.append(path.exists()))
    with part_of(path, durable=True) as part:
        part.write_bytes(b"1")
    assert synced == [False] and path.read_bytes() == b"1"

"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from tunebook.core.errors import MachineError, machine_error
from tunebook.core.files import (
    as_umask_says,
    check_place,
    delimiter_of,
    part_of,
    stamp,
    text_lines,
    user_cache,
    user_data,
    write_whole,
)


def test_a_text_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "new" / "a.txt", "一\n")
    before = stamp(path)
    assert write_whole(path, "二\n").read_text(encoding="utf-8") == "二\n"
    assert list(path.parent.iterdir()) == [path]
    assert before and stamp(path) != before and stamp(tmp_path / "none") == ()


def test_lines_end_where_those_of_a_file_do(tmp_path: Path) -> None:
    text = "a\u2028b\x85c\x0bd\x0ce\n\nf\r\ng\rh"
    (tmp_path / "a.txt").write_bytes(text.encode())
    with (tmp_path / "a.txt").open(encoding="utf-8") as stream:
        read = [line.rstrip("\n") for line in stream]
    assert text_lines(text) == read == ["a\u2028b\x85c\x0bd\x0ce", "", "f", "g", "h"]
    assert text_lines("") == [] and text_lines("a\n") == ["a"] and text_lines("a\n\n") == ["a", ""]


def test_cells_are_parted_by_what_the_headings_have_most_of() -> None:
    assert [delimiter_of(line) for line in ("a,b;c,d", "a;b,c;d", "a\tb", "a", "")] == [",", ";", "\t", ",", ","]


@pytest.mark.parametrize("durable", [False, True])
def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path, durable: bool) -> None:
    path = write_whole(tmp_path / "a.txt", "old")
    with pytest.raises(OSError, match="full"), part_of(path, durable=durable) as part:
        part.write_text("half")
        raise OSError("full")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_is_tried_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_place(tmp_path / "new" / "a.bin")
    assert not list((tmp_path / "new").iterdir())
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "a.bin", tmp_path / "file" / "b" / "a.bin"):
        with pytest.raises(MachineError) as caught:
            check_place(path)
        assert caught.value.code == "machine.place"

    for error in (PermissionError(13, "Permission denied"), FileNotFoundError(2, "No such file")):  # the second: /proc
        monkeypatch.setattr("tempfile.TemporaryFile", Mock(side_effect=error))
        with pytest.raises(MachineError) as caught:
            check_place(tmp_path / "a.bin")
        assert caught.value.code == "machine.write"


@pytest.mark.parametrize("name", ["x.npy", "deeper/x.npy"])
def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(NotADirectoryError) as caught:
        write_whole(tmp_path / "file" / name, "x")
    error = machine_error(caught.value)
    assert error is not None and error.code == "machine.place" and "file" in error.key
    assert (tmp_path / "file").read_text() == "kept"


def test_a_folder_that_takes_no_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "touch", lambda self: self.open("rb").close())  # as /proc has it
    with pytest.raises(PermissionError) as caught:
        write_whole(tmp_path / "x.npy", "x")
    error = machine_error(caught.value)
    assert error is not None and error.code == "machine.write" and error.key == str(tmp_path / "x.npy")


def test_a_durable_file_is_on_the_disk_before_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    path = tmp_path / "a.bin"
    monkeypatch.setattr("os.fsync", lambda number: synced.append(path.exists()))
    with part_of(path, durable=True) as part:
        part.write_bytes(b"1")
    assert synced == [False] and path.read_bytes() == b"1"


def test_files_get_the_rights_of_new_ones(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir(mode=0o700)
    for path in (tmp_path / "one", tmp_path / "below" / "two"):
        path.touch(mode=0o600)
    (tmp_path / "fresh").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    as_umask_says(tmp_path)
    wanted = (tmp_path / "fresh").stat().st_mode
    assert [path.stat().st_mode for path in (tmp_path / "one", tmp_path / "below" / "two")] == [wanted, wanted]
    assert (tmp_path / "below").stat().st_mode & 0o777 == 0o700


NO_FOLDERS = ("TUNEBOOK_CACHE", "TUNEBOOK_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA")


@pytest.mark.parametrize(
    ("platform", "variables", "cache", "data"),
    [
        ("linux", {}, "home/.cache/tunebook", "home/.local/share/tunebook"),
        ("linux", {"XDG_CACHE_HOME": "/c", "XDG_DATA_HOME": "/d"}, "/c/tunebook", "/d/tunebook"),
        (
            "darwin",
            {"XDG_CACHE_HOME": "/c"},
            "home/Library/Caches/tunebook",
            "home/Library/Application Support/tunebook",
        ),
        ("win32", {}, "home/AppData/Local/tunebook/cache", "home/AppData/Local/tunebook"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/tunebook/cache", "/local/tunebook"),
        ("linux", {"TUNEBOOK_CACHE": "~/mine", "XDG_CACHE_HOME": "/c", "TUNEBOOK_HOME": "/tb"}, "home/mine", "/tb"),
    ],
)
def test_the_users_folders(
    platform: str, variables: dict[str, str], cache: str, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NO_FOLDERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tunebook.core.files.sys.platform", platform)
    for name, value in {"HOME": str(tmp_path / "home"), **variables}.items():
        monkeypatch.setenv(name, value)
    assert (user_cache(), user_data()) == (tmp_path / cache, tmp_path / data)

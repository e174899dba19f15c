"""Folders that are made whole or not at all, by one of several processes, without touching what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from tunebook.core import folders
from tunebook.core.errors import BookError
from tunebook.core.folders import folder_of, held, inside, is_held


def fill(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "rows").write_text("rows")
    (folder / "book.toml").write_text("book")


def content(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


WHOLE = ["book.toml", "data", "data/rows"]


@pytest.mark.parametrize("there", [True, False])
def test_it_appears_at_the_end(there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "book"
    if there:
        path.mkdir(parents=True)
        seen = path.stat().st_ino
        monkeypatch.chdir(path)
        path = Path()
    with folder_of(path) as part:
        fill(part)
        assert not (path / "book.toml").exists()
    assert content(path) == WHOLE
    assert content(tmp_path / "deep") == ["book", *(f"book/{name}" for name in WHOLE)], "no lock and no part is left"
    if there:
        assert path.stat().st_ino == seen, "a folder that was there stays the same one"


@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_left_of_a_failure(there: bool, tmp_path: Path) -> None:
    if there:
        (tmp_path / "book").mkdir()
    with pytest.raises(ZeroDivisionError), folder_of(tmp_path / "book") as part:
        fill(part)
        raise ZeroDivisionError
    assert content(tmp_path) == (["book"] if there else [])


def test_what_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / ".book.part").mkdir()
    (tmp_path / "book.part").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    before = content(tmp_path)
    for name in ("file", "used", "link"):
        with pytest.raises(FileExistsError), folder_of(tmp_path / name):
            raise AssertionError
    assert content(tmp_path) == before
    with folder_of(tmp_path / "book") as part:
        fill(part)
    assert {".book.part", "book.part"} < set(content(tmp_path))


def test_somebody_else_was_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileExistsError), folder_of(tmp_path / "book"):
        (tmp_path / "book").mkdir()
        (tmp_path / "book" / "theirs").touch()
    assert content(tmp_path) == ["book", "book/theirs"]
    monkeypatch.setattr(folders, "is_free", lambda *given: True)  # between the last look and the move
    with pytest.raises(FileExistsError), folder_of(tmp_path / "new"):
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "theirs").touch()
    assert "new/theirs" in content(tmp_path)


def test_two_at_once(tmp_path: Path) -> None:
    with folder_of(tmp_path / "book") as part:
        fill(part)
        with pytest.raises(BlockingIOError), folder_of(tmp_path / "book"):
            raise AssertionError
        with folder_of(tmp_path / "other") as beside:
            fill(beside)
    assert content(tmp_path / "book") == content(tmp_path / "other") == WHOLE


def test_the_rest_of_a_killed_process_goes_that_of_a_living_one_stays(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from tunebook.core.folders import folder_of
with folder_of(Path(sys.argv[1])) as part:
    (part / "half").touch()
    os._exit(1)
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "book")], check=False)
    assert any(name.endswith("half") for name in content(tmp_path))
    stem = next(path for path in tmp_path.iterdir() if path.suffix == ".part").name.rpartition("-")[0]
    mine = tmp_path / f"{stem}-mine.part"
    mine.mkdir()
    living = tmp_path / f"{stem}-00000000.part"
    living.mkdir()
    with FileLock(living / "held"), folder_of(tmp_path / "book") as part:
        fill(part)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"book", mine.name, living.name}


def test_an_error_of_the_disk_stays_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), folder_of(tmp_path / "book") as part:
        part.rmdir()


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc", "a\\b", "C:x", "out", "a\0b"])
def test_a_name_that_leads_out(name: str, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "out").symlink_to(tmp_path)
    with pytest.raises(BookError) as caught:
        inside(tmp_path / "runs", name, said_by=tmp_path / "study.log")
    assert caught.value.code == "file.damaged" and "study.log" in caught.value.key


def test_a_plain_name(tmp_path: Path) -> None:
    assert inside(tmp_path, "20250101-000000-abc", said_by=tmp_path) == tmp_path / "20250101-000000-abc"


def test_a_lock_that_something_inside_cannot_get_is_its_own_failure(tmp_path: Path) -> None:
    busy, lock = BookError("auto.busy", key="x"), tmp_path / ".lock"
    with held(lock, busy), pytest.raises(BookError) as caught, held(lock, busy):
        raise AssertionError("held twice")
    assert caught.value is busy
    with pytest.raises(Timeout), held(lock, busy):
        raise Timeout("another lock")
    with held(lock, busy):
        pass


def test_whether_somebody_holds_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path) and not path.exists()
    with FileLock(path):
        assert is_held(path)
    assert not is_held(path)


def test_a_lock_that_cannot_be_asked_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(self: FileLock, *given: object, **named: object) -> None:
        raise OSError(30, "Read-only file system")

    (tmp_path / "lock").touch()
    monkeypatch.setattr(FileLock, "acquire", closed)
    assert not is_held(tmp_path / "lock")

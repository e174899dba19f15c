import errno
import os

import pytest

from tunebook.core.errors import MachineError
from tunebook.tables.publish import publish, replace, writable


def fail(number):
    def raised(*_, **__):
        raise OSError(number, os.strerror(number))

    return raised


def test_publish_makes_a_file_once(tmp_path):
    path = publish(tmp_path / "a" / "b.json", b"one")
    with pytest.raises(FileExistsError):
        publish(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(path.parent.iterdir()) == [path]


def test_replace(tmp_path):
    path = replace(tmp_path / "b.json", b"one")
    replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [publish, replace])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_closed_disk_leaves_nothing(tmp_path, monkeypatch, write, number):
    old = tmp_path / "old.json"
    old.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail(number))
    for path in (tmp_path / "new.json", old):
        with pytest.raises(MachineError) as caught:
            write(path, b"new")
        assert caught.value.code == "table.unwritable"
        assert os.strerror(number) in str(caught.value)
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_bytes() == b"old"


def test_file_systems_without_links(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", fail(errno.EPERM))
    path = publish(tmp_path / "a.json", b"one")
    with pytest.raises(FileExistsError):
        publish(path, b"two")
    assert path.read_bytes() == b"one"
    monkeypatch.setattr(os, "link", fail(errno.EIO))
    with pytest.raises(MachineError):
        publish(tmp_path / "b.json", b"one")
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_without_words(tmp_path):
    with pytest.raises(MachineError) as caught, writable(tmp_path):
        raise OSError("odd")
    assert "odd" in str(caught.value)

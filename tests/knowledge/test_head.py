import errno
import os

import pytest

from tunebook.knowledge.head import Head, read_head, write_head


def test_a_head_is_read_back(tmp_path):
    path = tmp_path / "log.head"
    assert read_head(path) is None
    for count in (1, 2):
        write_head(path, Head(count=count, hash="a" * 64))
        assert read_head(path) == Head(count=count, hash="a" * 64)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"count": "x"}', '{"other": 1}', "\udcff"])
def test_a_damaged_head_is_none(tmp_path, text):
    path = tmp_path / "log.head"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert read_head(path) is None


def test_a_full_disk_leaves_the_old_head(tmp_path, monkeypatch):
    path = tmp_path / "log.head"
    write_head(path, Head(count=1))

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        write_head(path, Head(count=2))
    assert read_head(path) == Head(count=1)
    assert list(tmp_path.iterdir()) == [path]

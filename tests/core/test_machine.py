"""What the machine says when it gives up becomes advice; everything else is none of its business."""

from __future__ import annotations

import errno
import os
import sqlite3

import pytest

from tunebook.core.errors import BookError, MachineError, machine_error


def system(number: int, name: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), name)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "machine.out_of_memory"),
        (system(errno.ENOMEM), "machine.out_of_memory"),
        (RuntimeError("could not create a primitive"), "machine.out_of_memory"),
        (RuntimeError("std::bad_alloc"), "machine.out_of_memory"),
        (RuntimeError("can't start new thread"), "machine.out_of_memory"),
        (ValueError("Unable to allocate 3.0 GiB for an array"), "machine.out_of_memory"),
        (system(errno.ENOSPC, "x"), "machine.disk"),
        (system(errno.EFBIG, "x"), "machine.disk"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "machine.disk"),
        (sqlite3.OperationalError("database or disk is full"), "machine.disk"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "machine.disk"),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"), "machine.disk"),
        (system(errno.EROFS, "x"), "machine.write"),
        (system(errno.EACCES, "x"), "machine.write"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "machine.write"),
        (system(errno.EMFILE, "x"), "machine.files"),
        (system(errno.EIO, "x"), "machine.device"),
        (system(errno.ENAMETOOLONG, "x" * 300), "machine.name"),
        (system(errno.EISDIR, "x"), "machine.place"),
        (system(errno.ENOTDIR, "x"), "machine.place"),
    ],
)
def test_each_has_its_code_and_words(error: Exception, code: str) -> None:
    found = machine_error(error)
    assert found is not None and found.code == code
    assert found.message and found.advice and "{" not in found.message


@pytest.mark.parametrize("error", [ValueError("x"), FileNotFoundError(2, "x"), OSError("x"), KeyError("disk")])
def test_all_else_is_none_of_its_business(error: Exception) -> None:
    assert machine_error(error) is None


def test_the_place_is_told() -> None:
    named = machine_error(system(errno.ENOSPC, "/data/rows"), "/other")
    unnamed = machine_error(system(errno.ENOSPC), "/other")
    assert named and unnamed and "/data/rows" in named.message and "/other" in unnamed.message


def test_what_a_library_wraps_is_found() -> None:
    def wrapped(cause: BaseException) -> Exception:
        try:
            raise RuntimeError("cannot save") from cause
        except RuntimeError as error:
            return error

    found = machine_error(wrapped(system(errno.ENOSPC, "model")))
    assert found is not None and (found.code, found.key) == ("machine.disk", "model")
    own = MachineError("machine.files", key="k")
    assert machine_error(wrapped(own)) is own
    assert machine_error(wrapped(BookError("book.missing", key="b"))) is None  # it says what happened already


def test_what_was_handled_is_not_blamed() -> None:
    try:
        try:
            raise MemoryError
        except MemoryError:
            raise ValueError("another matter") from None
    except ValueError as error:
        assert machine_error(error) is None


def test_errors_that_point_at_each_other_end() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert machine_error(one) is None


def test_a_long_reason_is_cut() -> None:
    found = machine_error(RuntimeError("out of memory " + "x" * 500 + "\nmore"))
    assert found is not None and len(found.fields["reason"]) == 200 and "more" not in found.message

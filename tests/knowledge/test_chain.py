from __future__ import annotations

import errno
import os

import pytest

from tunebook.knowledge.chain import Check, Head, check, digest, read_head, tail, write_head


def chain(count):
    rows, previous = [], ""
    for number in range(1, count + 1):
        content = (number, f"t{number}", "ada", "table", "why", number, "{}", 0, previous)
        previous = digest(content)
        rows.append((*content, previous))
    return rows


def head_of(rows):
    return Head(count=rows[-1][0], hash=rows[-1][-1])


def forged(row, **changes):
    """A row with other content and a hash that fits."""
    names = ("number", "time", "actor", "action", "reason", "version", "evidence", "forced", "previous")
    content = tuple(changes.get(name, value) for name, value in zip(names, row, strict=False))
    return (*content, digest(content))


def broken(rows, head):
    return check(rows, head).broken


def test_a_whole_chain():
    rows = chain(5)
    assert check(rows, head_of(rows)) == Check(entries=5, head=rows[-1][-1])
    assert check(rows, Head(count=3, hash=rows[2][-1])).ok  # a head that a kill has left behind
    assert check(rows, Head()).ok
    assert check([], Head()).ok
    assert check([], None).ok


@pytest.mark.parametrize("field", range(10))
@pytest.mark.parametrize("number", [1, 3, 5])
def test_any_field_of_any_entry(field, number):
    rows = chain(5)
    head = head_of(rows)
    row = list(rows[number - 1])
    row[field] = 90 if field in (0, 5) else 1 - row[field] if field == 7 else f"{row[field]}x"
    rows[number - 1] = tuple(row)
    found = check(sorted(rows), head)
    assert not found.ok
    assert {number, 90} & set(found.broken)


@pytest.mark.parametrize("value", [b"bytes", 1.5, None])
def test_a_field_of_another_type(value):
    rows = chain(3)
    rows[1] = (*rows[1][:4], value, *rows[1][5:])
    assert broken(rows, head_of(rows)) == [2]


def test_a_hash_that_a_cut_off_file_has_lost():
    rows = chain(2)
    found = check([rows[0], (*rows[1][:-1], None)], head_of(rows))
    assert (found.broken, found.head) == ([2], "")


@pytest.mark.parametrize(
    ("gone", "expected"), [({1}, [1]), ({3}, [3]), ({5}, [5]), ({4, 5}, [4, 5]), ({1, 2, 5}, [1, 2, 5])]
)
def test_removed_entries(gone, expected):
    rows = chain(5)
    assert broken([row for row in rows if row[0] not in gone], head_of(rows)) == expected


def test_all_entries_removed():
    assert broken([], Head(count=2, hash="x")) == [1, 2]


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_forger_who_mends_the_hash(number):
    rows = chain(5)
    head = head_of(rows)
    rows[number - 1] = forged(rows[number - 1], reason="another")
    assert check(rows, head).faults[0].kind == "replaced"
    assert broken(rows, head) == [number]


def test_an_entry_removed_and_the_rest_renumbered():
    rows = chain(5)
    head = head_of(rows)
    moved = [forged(row, number=row[0] - 1) for row in rows[2:]]
    assert not check([rows[0], *moved], head).ok


def test_two_entries_in_the_other_order():
    rows = chain(4)
    head = head_of(rows)
    rows[1], rows[2] = forged(rows[2], number=2), forged(rows[1], number=3)
    assert set(broken(rows, head)) & {1, 2, 3}


def test_an_inserted_entry():
    rows = chain(3)
    head = head_of(rows)
    more = forged(rows[1], reason="never happened")
    later = forged(rows[1], number=3, previous=more[-1])
    last = forged(rows[2], number=4, previous=later[-1])
    assert not check([rows[0], more, later, last], head).ok


def test_a_first_entry_that_follows_another():
    rows = chain(2)
    rows[0] = forged(rows[0], previous="x")
    assert 1 in broken(rows, Head())


def test_a_lost_head():
    found = check(chain(3), None)
    assert (found.broken, found.faults[0].kind) == ([4], "unknown")


def hashes(rows):
    return {row[0]: row[-1] for row in rows}


def test_the_next_entry_follows_the_last():
    rows = chain(3)
    assert tail({}, Head()) == (0, "")
    assert tail({}, None) == (0, "")
    assert tail(hashes(rows), head_of(rows)) == (3, rows[2][-1])
    assert tail(hashes(rows), Head(count=2, hash=rows[1][-1])) == (3, rows[2][-1])


@pytest.mark.parametrize(
    ("spoil", "lost"),
    [
        (lambda rows: rows[:-1], [5]),
        (lambda rows: rows[:-2], [4, 5]),
        (lambda rows: [], [1, 2, 3, 4, 5]),
        (lambda rows: [*rows[:-1], forged(rows[-1], reason="another")], [5]),
        (lambda rows: [forged(rows[0], reason="alone")], [2, 3, 4, 5]),
    ],
)
def test_writing_on_hides_nothing(spoil, lost):
    rows = chain(5)
    head = head_of(rows)
    left = spoil(rows)
    number, previous = tail(hashes(left), head)
    left.append(forged(rows[0], number=number + 1, previous=previous))
    assert broken(left, head_of(left)) == lost


def test_writing_on_after_the_head_was_lost_leaves_a_number_out():
    rows = chain(2)
    number, previous = tail(hashes(rows), None)
    rows.append(forged(rows[0], number=number + 1, previous=previous))
    assert broken(rows, head_of(rows)) == [3]


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

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from tunebook.core.errors import BookError, MachineError, TableError
from tunebook.core.localized import localized
from tunebook.core.messages import catalogue
from tunebook.knowledge import log as log_module
from tunebook.knowledge.log import Change
from tunebook.tables import store as module
from tunebook.tables.files import read_table, replace
from tunebook.tables.make import child, new_table
from tunebook.tables.store import TableStore


@pytest.fixture
def store(tmp_path):
    return TableStore(tmp_path / "tables")


@pytest.fixture
def three(store):
    first = store.add(new_table({}))
    second = store.add(child(first, {"learning_rate": 1e-4}, "faster"))
    store.add(child(second, {"shake": "on"}, "shaken"))
    return store


def refused(kind, code, call, *args):
    with pytest.raises(kind) as caught:
        call(*args)
    assert caught.value.code == code
    return str(caught.value)


def crown(store, version, expected, action="promote"):
    return store.set_champion(Change(action=action, table=version), expected).table


def edit(store, version, **changes):
    """Change a version's file and give it a hash that fits, as a forger would."""
    path = store.path(version)
    content = {**json.loads(path.read_text()), **changes}
    del content["content"]
    replace(path, json.dumps({"content": module.content_id(content), **content}).encode())


def test_versions_are_numbered_files_that_keep_their_content(three):
    assert three.versions() == [1, 2, 3]
    names = sorted(path.name for path in three.folder.glob("fine*"))
    assert names == ["fine_tune_params_v1.json", "fine_tune_params_v2.json", "fine_tune_params_v3.json"]
    table = three.get(2)
    assert (table.version, table.parent, table.note, table.values()["learning_rate"]) == (2, 1, "faster", 1e-4)
    assert table.created.endswith("+00:00")
    assert read_table(three.path(2)) == table
    assert not three.path(2).stat().st_mode & 0o222
    assert not list(three.folder.glob(".*.part"))


@pytest.mark.parametrize("which", [3, "3", "v3", "V3", " latest ", "champion"])
def test_get_by_every_name(three, which):
    crown(three, 3, None)
    assert three.get(which).version == 3


def test_missing_versions_list_those_that_exist(three, store):
    for which in (4, "v0", "-1", "first", "", "²", "v" + "9" * 30):
        assert "v1, v2, v3" in refused(TableError, "table.no_version", three.get, which)
    empty = TableStore(store.folder / "none")
    assert empty.versions() == []
    assert empty.champion is None
    refused(TableError, "table.no_version", empty.get, "latest")
    refused(TableError, "table.no_champion", empty.get, "champion")


def test_other_files_are_no_versions(three):
    for name in ("fine_tune_params_v01.json", "fine_tune_params_v9.json.bak", "fine_tune_params_vx.json", "notes.txt"):
        (three.folder / name).write_text("x")
    assert three.versions() == [1, 2, 3]


def test_a_table_that_is_wrong_or_has_no_parent_is_not_stored(three):
    bad = new_table({}).model_copy(update={"parent": 9})
    refused(TableError, "table.no_version", three.add, bad)
    table = new_table({})
    rows = {**table.rows, "seed": table.rows["seed"].model_copy(update={"value": -1})}
    refused(TableError, "row.value", three.add, table.model_copy(update={"rows": rows}))
    assert three.versions() == [1, 2, 3]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("0.0001", "0.0002"),
        lambda text: text.replace('"note": "faster"', '"note": "slower"'),
        lambda text: text[:-20],
        lambda text: "[1]",
        lambda text: "3",
        lambda text: '{"rows": {}}',
        lambda text: "",
    ],
)
def test_a_file_changed_by_hand_is_refused_with_the_way_out(three, change):
    path = three.path(2)
    replace(path, change(path.read_text()).encode())
    told = refused(BookError, "table.damaged", three.get, 2)
    assert "tunebook table import" in told
    assert three.get(1).version == 1


def test_laid_out_anew_it_is_the_same_content(three):
    path = three.path(2)
    before = three.get(2)
    replace(path, json.dumps(json.loads(path.read_text()), sort_keys=True).encode())
    assert three.get(2) == before


def test_a_copied_file_is_refused(three):
    replace(three.path(7), three.path(2).read_bytes())
    refused(BookError, "table.damaged", three.get, 7)


def test_a_parent_that_cannot_be_one_is_refused(three):
    for parent in (3, 2):
        edit(three, 2, parent=parent)
        refused(BookError, "table.damaged", three.get, 2)
    three.path(2).unlink()
    assert "v1, v3" in refused(TableError, "table.lost", three.get, 2)


def test_a_file_that_cannot_be_read(three, monkeypatch):
    def fail(*_, **__):
        raise PermissionError(errno.EACCES, "no right")

    monkeypatch.setattr("pathlib.Path.read_text", fail)
    assert "no right" in refused(TableError, "table.missing", three.get, 2)


def test_champion_by_compare_and_swap(three):
    assert three.champion is None
    assert crown(three, 1, None, "init") == 1
    assert three.champion == 1
    told = refused(BookError, "log.moved", crown, three, 2, None)
    assert "v1" in told
    assert three.champion == 1
    assert crown(three, 3, 1) == 3
    assert crown(three, 1, 3, "rollback") == 1
    refused(TableError, "table.no_version", crown, three, 9, 1)
    refused(TableError, "table.no_version", crown, three, None, 1)
    assert three.champion == 1
    assert three.log.verify().ok


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_a_log_that_was_emptied_is_no_book_without_a_champion(three, spoil):
    refused(TableError, "table.no_champion", three.get, "champion")
    crown(three, 2, None)
    spoil(three.log.path)
    assert "0 < 4" in refused(BookError, "log.damaged", three.get, "champion")
    assert three.champion is None
    assert crown(three, 2, None) == 2, "as its advice says, and the log keeps the gap"
    assert three.get("champion").version == 2
    assert not three.log.verify().ok


def test_every_version_is_logged(three):
    entries = three.log.entries()
    assert [(entry.action, entry.table, entry.reason) for entry in entries] == [
        ("table", 1, ""), ("table", 2, "faster"), ("table", 3, "shaken"),
    ]  # fmt: skip
    assert entries[1].evidence["changed"] == [{"row": "learning_rate", "from": 5e-5, "to": 1e-4}]
    assert entries[1].evidence["values"] == three.get(2).values_id
    assert (entries[0].evidence["parent"], entries[0].evidence["changed"]) == (None, [])


def test_a_version_that_a_kill_left_unlogged_is_entered_by_the_next_writer(three, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    table = child(three.get(1), {"seed": 5}, "killed")
    with monkeypatch.context() as patch:
        patch.setattr(log_module.ChangeLog, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            three.add(table)
    assert three.versions() == [1, 2, 3, 4]
    assert three.log.versions() == {1, 2, 3}
    assert three.add(new_table({})).version == 5
    entries = three.log.entries()
    assert [entry.table for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[3].evidence["recovered"] is True
    assert (entries[3].reason, entries[3].evidence["changed"][0]["to"]) == ("killed", 5)
    assert "recovered" not in entries[4].evidence


def test_damaged_and_orphaned_versions_stop_nobody(three):
    crown(three, 1, None)
    for name in ("log.sqlite", "log.head"):
        (three.folder.parent / name).unlink()
    three.path(1).unlink()
    replace(three.path(3), b"{")
    assert three.add(new_table({})).version == 4
    logged = [(entry.table, entry.evidence["changed"]) for entry in three.log.entries()]
    assert logged == [(2, []), (4, [])]


@pytest.fixture
def old(three):
    """A book from before there was a log."""
    for name in ("log.sqlite", "log.head"):
        (three.folder.parent / name).unlink()
    (three.folder / "champion.json").write_text('{"version": 2}')
    return three


def test_a_book_from_before_the_log(old):
    assert (old.champion, old.get("champion").version) == (2, 2)
    assert not old.log.path.exists()  # reading writes nothing
    refused(BookError, "log.moved", crown, old, 3, 1)
    assert not (old.folder / "champion.json").exists()
    entries = old.log.entries()
    assert [(entry.action, entry.table) for entry in entries] == [("table", 1), ("table", 2), ("table", 3), ("init", 2)]
    assert all(entry.evidence["recovered"] for entry in entries)
    assert old.champion == 2
    assert crown(old, 3, 2) == 3


def test_a_kill_while_a_book_is_moved_to_the_log(old, monkeypatch):
    unlink = Path.unlink

    def killed(path, **words):
        if path.name == "champion.json":
            raise KeyboardInterrupt
        unlink(path, **words)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            crown(old, 3, 2)
    assert [entry.action for entry in old.log.entries()] == ["table"] * 3 + ["init"]
    assert (old.folder / "champion.json").exists()
    crown(old, 3, 2)
    assert (old.champion, (old.folder / "champion.json").exists()) == (3, False)
    assert [entry.action for entry in old.log.entries()] == ["table"] * 3 + ["init", "promote"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": "1"}', '{"version": true}', '{"version": 0}'])
def test_a_damaged_pointer(three, text):
    (three.folder / "champion.json").write_text(text)
    refused(BookError, "table.pointer", lambda: three.champion)


def test_a_number_is_not_used_again(three):
    crown(three, 3, None)
    three.path(3).unlink()
    assert three.add(new_table({})).version == 4
    refused(TableError, "table.lost", three.get, "champion")
    assert three.made() == {1, 2, 3, 4}
    three.path(4).unlink()
    assert three.add(new_table({})).version == 5  # the log knows it


def test_a_lock_that_stays(three, monkeypatch):
    monkeypatch.setattr(module, "_WAIT", 0.01)
    with FileLock(three.folder / ".lock"):
        refused(BookError, "table.locked", three.add, new_table({}))
        refused(BookError, "table.locked", crown, three, 1, None)


def test_a_full_disk_leaves_nothing_half_written(three, monkeypatch):
    def fail(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = sorted(three.folder.iterdir())
    monkeypatch.setattr(os, "fsync", fail)
    assert "No space left" in refused(MachineError, "table.unwritable", three.add, new_table({}))
    assert sorted(three.folder.iterdir()) == before


@pytest.mark.parametrize("code", ["log.unwritable", "log.locked"])
def test_a_log_that_takes_no_entry_leaves_no_version(three, monkeypatch, code):
    def fail(*_, **__):
        raise MachineError(code, key="log", reason="No space left", seconds=1)

    before = sorted(three.folder.iterdir())
    monkeypatch.setattr(log_module.ChangeLog, "append", fail)
    refused(MachineError, code, three.add, new_table({}))
    assert sorted(three.folder.iterdir()) == before


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    refused(MachineError, "table.unwritable", TableStore(tmp_path / "file" / "tables").add, new_table({}))


WRITER = """
import sys
from tunebook.tables.make import new_table
from tunebook.tables.store import TableStore
for seed in range(8):
    print(TableStore(sys.argv[1]).add(new_table({"seed": seed})).version)
"""


def test_two_processes_never_share_a_number(store):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(store.folder)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    given = [int(line) for writer in writers for line in writer.communicate(timeout=60)[0].split()]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sorted(given) == list(range(1, 17))
    assert [store.get(number).version for number in store.versions()] == list(range(1, 17))


def test_reasons_are_read_in_the_readers_language(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    store = TableStore(tmp_path / "tables")
    made = new_table({"learning_rate": 1e-4}, reasons={"learning_rate": localized("propose.warmup")}, note="by hand")
    english = store.add(made)
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    chinese = store.get(1)
    assert chinese.rows["learning_rate"].reason == catalogue()["propose.warmup"]["zh"]
    assert english.rows["learning_rate"].reason == catalogue()["propose.warmup"]["en"]
    assert chinese.note == "by hand" and chinese.values_id == english.values_id
    again = store.get(store.add(chinese.model_copy(update={"parent": 1})).version)
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    assert store.get(again.version).rows["learning_rate"].reason == english.rows["learning_rate"].reason

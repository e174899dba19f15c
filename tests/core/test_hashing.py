import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.core.files import content_id, file_id, lines_id


def test_content_id_is_the_sha256_of_compact_sorted_json():
    assert (
        content_id({"b": [1.5, None], "a": "中"})
        == hashlib.sha256('{"a":"中","b":[1.5,null]}'.encode()).hexdigest()[:12]
    )
    assert content_id({"a": 1, "b": 2}) == content_id({"b": 2, "a": 1})
    assert content_id(1) != content_id(1.0)
    assert len(content_id([], 64)) == 64


def test_content_that_json_cannot_carry():
    with pytest.raises(TypeError):
        content_id({"a": object()})


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_file_id_is_the_sha256_of_the_bytes(tmp_path, size):
    data = bytes(index % 251 for index in range(size))
    path = tmp_path / "file"
    path.write_bytes(data)
    assert file_id(path, 64) == hashlib.sha256(data).hexdigest()


@given(st.lists(st.text()), st.lists(st.text()))
def test_lines_id_tells_sequences_apart(first, second):
    assert (lines_id(first) == lines_id(second)) == (first == second)


def test_lines_id_takes_half_characters():
    assert lines_id(["\ud800"]) != lines_id(["\ud801"])
    assert lines_id(["a", "b"]) != lines_id(["ab"])


def test_a_folder_is_known_by_the_names_and_bytes_of_its_files(tmp_path):
    def made(name, **files):
        folder = tmp_path / name
        (folder / "in").mkdir(parents=True)
        for file, text in files.items():
            (folder / "in" / file).write_text(text)
        return file_id(folder)

    assert made("a", x="1", y="2") == made("b", y="2", x="1")
    assert len({made("c", x="1"), made("d", x="2"), made("e", z="1"), made("f", x="1", y="")}) == 4

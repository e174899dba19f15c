import pytest

from tunebook.core.errors import TableError
from tunebook.tables import text
from tunebook.tables.text import read_bytes, read_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes("参数名称,取值\n学习率,1\n".encode(encoding))
    assert read_text(path) == "参数名称,取值\n学习率,1\n"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table.empty"),
        (b" \n ", "table.empty"),
        (b"\xff\xff\xff", "table.encoding"),
        (b"ab\0cd", "table.encoding"),
        (b"\xff\xfe\x00", "table.encoding"),
    ],
)
def test_refused(tmp_path, data, code):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(TableError) as caught:
        read_text(path)
    assert caught.value.code == code


def test_missing_folder_and_large(tmp_path, monkeypatch):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(TableError) as caught:
            read_bytes(path)
        assert caught.value.code == "table.missing"
    monkeypatch.setattr(text, "LIMIT", 3)
    path = tmp_path / "a.csv"
    path.write_bytes(b"four")
    with pytest.raises(TableError) as caught:
        read_bytes(path)
    assert caught.value.code == "table.large"

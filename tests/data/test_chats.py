import pyarrow as pa
from pyarrow import parquet

from tunebook.core.chat import Chat, Turn, question
from tunebook.data.chats import CHAT, chat_column, chats_of

CHATS = [
    Chat((Turn("user", "How warm is it?"), Turn("assistant", "", True, '[{"name": "weather"}]')), tools="[]"),
    Chat((Turn("tool", "20", name="weather"), Turn("assistant", "20 °C.", learn=False))),
    question("你好"),
]


def test_conversations_come_back_from_a_file_as_they_were(tmp_path) -> None:
    column = chat_column(CHATS)
    assert column.type == CHAT
    parquet.write_table(pa.table({"chat": column}), tmp_path / "rows.parquet")
    stored = parquet.read_table(tmp_path / "rows.parquet")["chat"]
    assert stored.type == CHAT
    assert chats_of(stored) == CHATS

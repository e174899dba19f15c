"""The request log, wherever it lies: SQLite in the book's folder, or a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tunebook.requests.record import Answered, Feedback

if TYPE_CHECKING:
    import pyarrow as pa

LOG_FILE = "requests.sqlite"
_SERVERS = ("postgresql://", "postgres://")


class RequestLog(Protocol):
    """Records that are appended, and read again by time. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """Where it lies, without a password."""

    def append(self, rows: Sequence[Answered], batch: str = "") -> None:
        """Keep these for good: when this returns, neither a kill nor a loss of power takes them away.

        Args:
            batch: an id of these rows together; a batch that is there already is not written again, so that one whose
                end is not known can be given a second time.

        Raises:
            MachineError: `requests.unwritable`, `requests.away`: nothing of them was kept. BookError:
                `requests.damaged`, `requests.newer`.
        """

    def tell(self, rows: Sequence[Feedback], batch: str = "") -> int:
        """Keep what came back; gives how many of these belong to no record that is known, which are kept too."""

    def answered(
        self, since: float = 0.0, until: float | None = None, columns: Sequence[str] | None = None, **equal: str | int
    ) -> pa.Table:
        """The records from `since` to before `until` (seconds since 1970), oldest first, one column an attribute of
        `Answered` (`answer` as JSON), or only these `columns`; only those whose columns have these values.

        Raises:
            ValueError: there is no such column.
        """

    def feedback(self, name: str, since: float = 0.0, until: float | None = None) -> pa.Table:
        """What came back under a name in a window of time, the last of each text: `request`, `number`, `at`, `value`.
        Values are float64 where all were told as numbers, else strings; of `label` always strings."""

    def names(self) -> list[str]:
        """The names under which something came back, sorted."""

    def close(self) -> None:
        """Give the connection back."""


def open_log(where: str | Path) -> RequestLog:
    """The request log at a place; nothing is made or connected before it is used.

    Args:
        where: a file of SQLite, the folder of a book (its `requests.sqlite`), or `postgresql://...`.
    """
    if isinstance(where, str) and where.startswith(_SERVERS):
        from tunebook.requests.postgres import PostgresLog

        return PostgresLog(where)
    from tunebook.requests.sqlite import SqliteLog

    path = Path(where).expanduser()
    return SqliteLog(path / LOG_FILE if path.is_dir() else path)


__all__ = ["LOG_FILE", "RequestLog", "open_log"]

"""The request log, wherever it lies: SQLite in the book's folder, or a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from tunebook.requests.record import Answered, Feedback

if TYPE_CHECKING:
    import pyarrow as pa


class RequestLog(Protocol):
    """Records that are appended, and read again by time."""

    def append(self, rows: Sequence[Answered]) -> None:
        """Keep these for good: when this returns, neither a kill nor a loss of power takes them away.

        Raises:
            MachineError: `requests.unwritable`, `requests.away`: nothing of them was kept.
        """

    def tell(self, rows: Sequence[Feedback]) -> int:
        """Keep what came back; gives how many of these belong to no record that is known, which are kept too."""

    def answered(self, since: float = 0.0, until: float | None = None, **equal: str | int) -> pa.Table:
        """The records from `since` to before `until` (seconds since 1970), oldest first, one column an attribute of
        `Answered`; only those whose columns have these values."""

    def feedback(self, name: str, since: float = 0.0, until: float | None = None) -> pa.Table:
        """What came back under a name, the last of each text: `request`, `number`, `at`, `value`."""

    def close(self) -> None:
        """Give the connection back."""


__all__ = ["RequestLog"]

"""The request log as Parquet files, one for each day (UTC), with what came back beside each text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.files import part_of
from tunebook.requests.columns import COLUMNS, LABEL
from tunebook.requests.log import RequestLog

if TYPE_CHECKING:
    import pyarrow as pa

_DAY, _HOUR = 86_400.0, 3_600.0
PREFIX = "feedback_"  # of columns with what came back


def export_days(
    log: RequestLog, into: Path, since: float, until: float, tell: Callable[[int], Any] = lambda rows: None
) -> list[dict[str, Any]]:
    """Write a file for each day from `since` to before `until` that has records, whole or not at all.

    A column `feedback_NAME` has the last value that came back under a name, up to now. A day of which only a part was
    asked for is a file with that part.

    Args:
        tell: is told of rows as they are written.

    Returns:
        `path`, `day` and `rows` of each file.

    Raises:
        OSError: a file cannot be written. And as the log says.
    """
    from pyarrow import parquet

    told = {name: _last(log, name) for name in log.names()}
    found = []
    for start in _days(log, since, until):
        end = min(start + _DAY, until)
        day = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%d")
        path, rows = into / f"requests-{day}.parquet", 0
        with part_of(path) as part:
            writer = None
            for table in _hours(log, max(start, since), end):
                whole = _with_feedback(table, told)
                writer = writer or parquet.ParquetWriter(part, whole.schema, compression="zstd")
                writer.write_table(whole)
                rows += whole.num_rows
                tell(whole.num_rows)
            assert writer is not None
            writer.close()
        path.chmod(0o600)  # as the log itself: it may hold what people have written
        found.append({"path": str(path), "day": day, "rows": rows})
    return found


def _days(log: RequestLog, since: float, until: float) -> Iterator[float]:
    """Beginnings of the days that have records."""
    ats = log.answered(since, until, columns=["at"])["at"].to_numpy()
    yield from sorted({float(at // _DAY * _DAY) for at in set((ats // _DAY * _DAY).tolist())})


def _hours(log: RequestLog, start: float, end: float) -> Iterator[pa.Table]:
    """Records in parts that fit in memory."""
    while start < end:
        stop = min(start // _HOUR * _HOUR + _HOUR, end)
        table = log.answered(start, stop)
        if table.num_rows:
            yield table
        start = stop


def _last(log: RequestLog, name: str) -> tuple[dict[tuple[str, int], Any], pa.DataType]:
    table = log.feedback(name)
    keys = zip(table["request"].to_pylist(), table["number"].to_pylist(), strict=True)
    return dict(zip(keys, table["value"].to_pylist(), strict=True)), table.schema.field("value").type


def _with_feedback(table: pa.Table, told: dict[str, tuple[dict[tuple[str, int], Any], pa.DataType]]) -> pa.Table:
    import pyarrow as pa

    keys = list(zip(table["request"].to_pylist(), table["number"].to_pylist(), strict=True))
    for name, (values, kind) in told.items():
        table = table.append_column(f"{PREFIX}{name}", pa.array([values.get(key) for key in keys], kind))
    return table


def labelled(log: RequestLog, since: float = 0.0, until: float | None = None) -> pa.Table:
    """The texts whose true answer came back, and which are kept: `request`, `number`, `at` (of the request), `text`,
    `pair`, `label` (the true one) and `said` (what was answered to the user); each once, oldest first."""
    import pyarrow as pa

    values, _ = _last(log, LABEL)
    columns = ["request", "number", "at", "text", "pair", "label", "role"]
    assert set(columns) <= set(COLUMNS)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for some in log.answered(since, until, columns=columns).to_batches():
        for row in some.to_pylist():
            key = (row["request"], row["number"])
            if key in values and row["text"] and row.pop("role") != "shadow":
                said = row.pop("label")
                found.setdefault(key, {**row, "label": values[key], "said": said})
    names = ["request", "number", "at", "text", "pair", "label", "said"]
    kinds = {"number": pa.int64(), "at": pa.float64()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    return pa.Table.from_pylist(list(found.values()), schema=schema)


__all__ = ["PREFIX", "export_days", "labelled"]

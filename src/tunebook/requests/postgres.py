"""The request log in a PostgreSQL database, for servers on several machines.

Its tables lie in the first schema of the connection's search path; two books in one database need a schema each
(`?options=-csearch_path%3DNAME`). https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import BookError, DataError, MachineError, TunebookError
from tunebook.requests import sql
from tunebook.requests.columns import (
    COLUMNS,
    SCHEMA,
    TOLD,
    answered_table,
    answered_values,
    chosen,
    told_table,
    told_values,
)
from tunebook.requests.record import Answered, Feedback

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

_CHUNK = 20_000  # rows fetched at once
_LOCK = 0x74756E65  # key of the lock under which the tables are made, any number that nobody else takes
# A server that is gone without a word is noticed after seconds, not after the two hours of the system.
_PATIENCE = {
    "connect_timeout": "3",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "tunebook",
}


class PostgresLog:
    """See `RequestLog`.

    Args:
        url: `postgresql://user:password@host:port/database`; what it leaves out is as for psql (PGPASSWORD, ...).

    Raises:
        MachineError: `machine.extra`, psycopg is not installed. BookError: `requests.url`.
    """

    def __init__(self, url: str) -> None:
        try:
            from psycopg import ProgrammingError
            from psycopg.conninfo import conninfo_to_dict
        except ImportError as error:
            raise MachineError("machine.extra", key="psycopg", extra="postgres") from error
        try:
            given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
        except ProgrammingError as error:  # its words may hold the password
            raise BookError("requests.url", key="[serve] log", allowed="postgresql://HOST:PORT/DATABASE") from error
        self._settings = {**_PATIENCE, **given}
        self.name = _shown(given)
        self._lock = Lock()
        self._writing: psycopg.Connection[tuple[Any, ...]] | None = None

    def append(self, rows: Sequence[Answered], batch: str = "") -> None:
        """See `RequestLog`."""
        copy = f"COPY {sql.ANSWERED} ({sql.names(sql.INSERT_ANSWERED)}) FROM STDIN"

        def work(cursor: psycopg.Cursor[Any]) -> None:
            with cursor.copy(copy) as stream:
                for row in rows:
                    stream.write_row(answered_values(row))

        self._write(batch, work)

    def tell(self, rows: Sequence[Feedback], batch: str = "") -> int:
        """See `RequestLog`."""
        statement, unknown = sql.insert(sql.FEEDBACK, sql.INSERT_TOLD, "%s"), 0

        def work(cursor: psycopg.Cursor[Any]) -> None:
            nonlocal unknown
            values = list(map(told_values, rows))
            unknown = sum(cursor.execute(sql.known("%s"), row[:2]).fetchone() is None for row in values)
            cursor.executemany(statement, values)

        self._write(batch, work)
        return unknown

    def answered(
        self, since: float = 0.0, until: float | None = None, columns: Sequence[str] | None = None, **equal: str | int
    ) -> pa.Table:
        """See `RequestLog`."""
        wanted = chosen(columns, equal)
        asked = sql.select(wanted, since, until, equal, "%s")
        return answered_table(self._read(*asked), wanted)

    def feedback(self, name: str, since: float = 0.0, until: float | None = None) -> pa.Table:
        """See `RequestLog`."""
        rows = [row for some in self._read(*sql.last_told(name, since, until, "%s")) for row in some]
        return told_table(rows, name)

    def names(self) -> list[str]:
        """See `RequestLog`."""
        return sorted(row[0] for some in self._read(f"SELECT DISTINCT name FROM {sql.FEEDBACK}", []) for row in some)

    def close(self) -> None:
        """See `RequestLog`."""
        with self._lock:
            self._leave()

    def _read(self, statement: str, values: Sequence[Any]) -> Iterator[list[tuple[Any, ...]]]:
        """Rows in chunks, of one moment, by a connection of their own: the one that writes is not held up."""
        import psycopg

        try:
            with self._connect() as db, db.transaction(), db.cursor("tunebook") as cursor:
                cursor.itersize = _CHUNK
                cursor.execute(statement, values)
                while some := cursor.fetchmany(_CHUNK):
                    yield some
        except psycopg.Error as error:
            raise self._told(error) from error

    def _write(self, batch: str, work: Callable[[psycopg.Cursor[Any]], None]) -> None:
        """Work in one transaction, unless that of this batch was done before."""
        import psycopg

        with self._lock:
            try:
                if self._writing is None:
                    self._writing = self._connect()
                with self._writing.transaction(), self._writing.cursor() as cursor:
                    once = f"INSERT INTO {sql.BATCHES} (batch) VALUES (%s) ON CONFLICT DO NOTHING"
                    if not batch or cursor.execute(once, (batch,)).rowcount:
                        work(cursor)
            except (psycopg.DataError, psycopg.IntegrityError, OverflowError, ValueError, TypeError) as error:
                self._leave()
                why = " ".join(str(error).split()) if isinstance(error, psycopg.Error) else type(error).__name__
                raise DataError("requests.refused", key=self.name, reason=why) from error
            except psycopg.Error as error:
                self._leave()
                raise self._told(error) from error

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection to a database that has the tables.

        Raises:
            psycopg.Error: there is no way to it.
        """
        import psycopg

        db = psycopg.connect(**self._settings, autocommit=True)  # type: ignore[arg-type]
        try:
            db.execute("SET synchronous_commit = on")  # whatever the database says: an answer waits for the disk
            found = db.execute("SELECT to_regclass('tunebook_schema')").fetchone()
            if found is None or found[0] is None:
                with db.transaction():
                    db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                    for statement in _schema():
                        db.execute(statement)
            version = db.execute("SELECT max(version) FROM tunebook_schema").fetchone()
            if version is not None and version[0] > SCHEMA:
                raise BookError("requests.newer", key=self.name, value=version[0], allowed=f"<= {SCHEMA}")
        except BaseException:
            db.close()
            raise
        return db

    def _leave(self) -> None:
        if self._writing is not None:
            with suppress(Exception):
                self._writing.close()
        self._writing = None

    def _told(self, error: psycopg.Error) -> TunebookError:
        """No way to the server, or a server that cannot write; its words without the password."""
        import psycopg

        reason = " ".join(str(error).split())
        if password := self._settings.get("password"):
            reason = reason.replace(password, "***")
        lost = isinstance(error, psycopg.OperationalError) and not isinstance(error, psycopg.errors.DiskFull)
        return MachineError("requests.away" if lost else "requests.unwritable", key=self.name, reason=reason)


def _shown(given: dict[str, str]) -> str:
    """The address without user and password."""
    return f"postgresql://{given.get('host', '')}:{given.get('port', '5432')}/{given.get('dbname', '')}"


def _schema() -> Iterator[str]:
    """Statements that make the tables; all may be there, made by another process meanwhile."""
    yield "CREATE TABLE IF NOT EXISTS tunebook_schema (version INTEGER NOT NULL)"
    yield f"INSERT INTO tunebook_schema SELECT {SCHEMA} WHERE NOT EXISTS (SELECT 1 FROM tunebook_schema)"
    yield (
        "CREATE OR REPLACE FUNCTION tunebook_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the request log is only appended to'; END $$"
    )
    for table, columns in ((sql.ANSWERED, COLUMNS), (sql.FEEDBACK, TOLD)):
        kinds = ", ".join(f'"{name}" {kind.postgres}' for name, kind in columns.items())
        yield f"CREATE TABLE IF NOT EXISTS {table} (seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {kinds})"
        yield (
            f"CREATE OR REPLACE TRIGGER {table}_append BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tunebook_refuse()"
        )
    yield f"CREATE TABLE IF NOT EXISTS {sql.BATCHES} (batch TEXT PRIMARY KEY)"
    for index, columns_of in sql.INDICES.items():
        yield f"CREATE INDEX IF NOT EXISTS {index} ON {columns_of}"


__all__ = ["PostgresLog"]

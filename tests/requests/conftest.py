"""A PostgreSQL server for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.postgres import WHY_NOT, Postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A server of PostgreSQL."""
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    made = Postgres()
    yield made
    made.removed()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path) -> str:
    """Where a new log is kept, in either database."""
    if request.param == "sqlite":
        return str(tmp_path / "requests.sqlite")
    return fresh(request.getfixturevalue("server"))


def fresh(server: Postgres) -> str:
    """The address of a schema that nobody has used."""
    import os

    import psycopg

    name = f"s{os.urandom(5).hex()}"
    with psycopg.connect(server.url, autocommit=True) as db:
        db.execute(f"CREATE SCHEMA {name}")
    return f"{server.url}?options=-csearch_path%3D{name}"

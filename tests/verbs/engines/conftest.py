"""A cluster that is none, and a book to train on it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ab_book
from tests.books import base
from tests.fake_ray import FakeRay
from tunebook.core.nouns import Plan
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan

__all__ = ["base"]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeRay]:
    ray = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setenv("TUNEBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    yield ray
    ray.shutdown()


@pytest.fixture(scope="module")
def made(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Book:
    return ab_book.make_book(tmp_path_factory.mktemp("engines"), base)


@pytest.fixture(scope="module")
def quick(made: Book) -> Plan:
    """A plan that is trained in a second."""
    return plan(made.tables.get(2), made.data, seed=1)

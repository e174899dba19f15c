"""The language of the pages, and a reader that checks them."""

from __future__ import annotations

import pytest


@pytest.fixture
def chinese(monkeypatch):
    """Pages in Chinese."""
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")


@pytest.fixture(autouse=True)
def english(monkeypatch):
    """Pages in English, unless a test asks for Chinese."""
    monkeypatch.setenv("TUNEBOOK_LANG", "en")

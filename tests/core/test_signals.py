"""A signal that was kept back ends what runs, by whoever listens to it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tunebook.core.signals import hear_again


@pytest.fixture
def free() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_who_listens_hears_it(free: None) -> None:
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    with pytest.raises(KeyboardInterrupt):
        hear_again(signal.SIGTERM)
    assert heard == [signal.SIGTERM]


def test_where_nobody_listens_the_process_lives(free: None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with pytest.raises(KeyboardInterrupt):
        hear_again(signal.SIGTERM)

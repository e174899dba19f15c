"""Times of models that are asked in turn, by a clock that the models themselves turn on."""

from types import SimpleNamespace

import numpy as np
import pytest

from tunebook.export import latency
from tunebook.export.latency import alternate


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but for what `spend` adds."""
    shown = SimpleNamespace(now=100.0)

    def spend(seconds):
        shown.now += seconds

    read = SimpleNamespace(perf_counter=lambda: shown.now, process_time=lambda: shown.now / 2)
    monkeypatch.setattr(latency, "time", read)
    return spend


def test_models_get_the_same_rows_in_turn_and_ratios_are_those_of_their_times(clock):
    asked = []

    def ask(name, seconds):
        def run(rows):
            asked.append((name, tuple(rows)))
            clock(seconds)

        return run

    found = alternate({"slow": ask("slow", 0.008), "quick": ask("quick", 0.002)}, range(5), 2, rounds=8)
    assert found["slow"].faster == 1.0 and found["quick"].faster == pytest.approx(4)
    assert found["quick"].low <= found["quick"].faster <= found["quick"].high
    assert found["slow"].p50 == pytest.approx(8) and found["slow"].processor == pytest.approx(4)
    assert np.isclose(found["slow"].rows_second, 2000 / found["slow"].p50)
    assert found["quick"].batch == 2 and found["quick"].rounds == 8
    rounds = [asked[at : at + 2] for at in range(0, len(asked), 2)]
    assert all(one[1] == other[1] and one[0] != other[0] for one, other in rounds)
    assert {pair[0][0] for pair in rounds} == {"slow", "quick"}  # each goes first in some rounds
    assert rounds[0][0][1] == (0, 1) and rounds[2][0][1] == (4, 0)


def test_it_ends_when_its_time_is_up_but_not_before_five_rounds(clock):
    found = alternate({"one": lambda rows: clock(0.002)}, ["a"], 1, rounds=50, seconds=0.0)
    assert found["one"].rounds == 5

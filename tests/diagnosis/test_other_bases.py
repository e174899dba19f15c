"""Another base model that is on the machine: which one is asked, and what it is wrong on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.books import Trained

from tunebook.diagnosis import frozen as vectors
from tunebook.diagnosis.looked import look
from tunebook.diagnosis.other_bases import Base, best_base, steps, told
from tunebook.diagnosis.records import Errors
from tunebook.diagnosis.seen import Seen
from tunebook.models import source


def seen(one: Trained) -> Seen:
    looked = look(one.run)
    found = {"run": "r", "split": "validation", "content": "", "rows": 1, "measure": "", "wrong": 0}
    return Seen(looked, Errors.model_validate({**found, "errors": {"value": 0.0, "low": 0.0, "high": 0.0}}))


@pytest.fixture
def there(base: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Built-in models that are this one model, by their state."""
    states = {"builtin:good": "ready", "builtin:gone": "missing", "builtin:terms": "ready"}
    monkeypatch.setattr(source, "BUILTIN", states)
    monkeypatch.setattr(source, "TERMS", {"builtin:terms": "terms"})
    monkeypatch.setattr(source, "builtin_state", lambda name: states[name])
    monkeypatch.setattr(source, "find_model", lambda name, **more: base)
    return states


def test_one_that_is_here_and_free_is_asked(trained: Callable[[str], Trained], there: dict[str, str]) -> None:
    one = seen(trained("classes"))
    found = one.base
    assert isinstance(found, Base)
    assert found.name == "builtin:good"
    np.testing.assert_array_equal(found.wrong, one.probe_wrong)  # it is the run's own base model by another name
    assert ["builtin:good" in line for line in told(found)] == [True]
    there["builtin:good"] = "missing"
    assert best_base("", lambda name: one.probe_wrong) is None


def test_it_is_a_candidate_where_it_errs_less() -> None:
    run, base = np.ones(20), Base("builtin:good", np.zeros(20))
    assert [step.rows for step in steps(base, run)] == [{"base_model": "builtin:good"}, {}]
    for other in (None, Base("builtin:good", run)):
        assert [step.command for step in steps(other, run)] == ["tunebook bases BOOK"]
    assert list(told(None)) == []


def test_vectors_of_another_model_are_kept_apart(
    trained: Callable[[str], Trained], there: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = seen(trained("classes"))
    made = []
    monkeypatch.setattr(
        vectors, "_made", lambda run, rows, progress, model: made.append(model) or np.ones((len(rows), 2), np.float32)
    )
    rows = one.rows.at([0, 1, 2])
    for name in ("builtin:one", "builtin:two", "builtin:one"):
        vectors.frozen(one.looked.run, rows, model=name)
    assert made == ["builtin:one", "builtin:two"]

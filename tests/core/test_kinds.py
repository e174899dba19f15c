"""Of two lots of kinds, or an error."""

from __future__ import annotations

import pytest

from tunebook.core.errors import PlanError
from tunebook.core.kinds import CLASSES, KINDS, NUMBERS, either, unknown_kind
from tunebook.core.registry import kinds
from tunebook.data.kind import column_kinds


def test_every_kind_that_a_book_may_have_is_named_once() -> None:
    assert set(column_kinds()) < set(kinds()) == set(KINDS) and len(KINDS) == len(kinds())


def test_one_of_these_or_one_of_those() -> None:
    assert either("multi_label", CLASSES, NUMBERS) and not either("ordinal", CLASSES, NUMBERS)
    with pytest.raises(PlanError) as caught:
        either("language_model", CLASSES, NUMBERS)
    assert (caught.value.code, caught.value.key, caught.value.value) == ("labels.kind", "problem", "language_model")
    assert caught.value.allowed == "single_label | multi_label | regression | ordinal"


def test_without_a_list_all_kinds_are_allowed() -> None:
    assert unknown_kind("tags").allowed == " | ".join(KINDS)

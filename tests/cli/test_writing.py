"""How a model writes, as it is said on the command line."""

from __future__ import annotations

from typing import Any

import pytest

from tunebook.cli.writing import Writing, of_writing
from tunebook.core.errors import TunebookError


def test_what_nobody_says_is_left_to_the_verbs() -> None:
    assert Writing().checked() == Writing(system="be short").checked() == {}
    said = Writing(max_new_tokens=1, temperature=0.0, top_p=1.0, stop=["a", "b"], seed=0).checked()
    assert said == {"max_new_tokens": 1, "temperature": 0.0, "top_p": 1.0, "stop": ("a", "b"), "seed": 0}


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"max_new_tokens": 0}, "--max-new-tokens"),
        ({"temperature": -0.1}, "--temperature"),
        ({"temperature": 101.0}, "--temperature"),
        ({"top_p": 0.0}, "--top-p"),
        ({"top_p": 1.1}, "--top-p"),
        ({"seed": -1}, "--seed"),
        ({"stop": ["a", ""]}, "--stop"),
    ],
)
def test_values_that_an_option_does_not_take_are_refused(given: dict[str, Any], option: str) -> None:
    with pytest.raises(TunebookError) as error:
        Writing(**given).checked()
    assert (error.value.code, error.value.key) == ("cli.option", option)


def test_all_options_stand_in_one_group() -> None:
    assert of_writing("chat_seed", "--seed", "N").panel == "writing"

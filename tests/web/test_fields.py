"""Fields of forms: each is an option that its command has, under a name and a sentence of the catalogue."""

from __future__ import annotations

import pytest

from tunebook.cli.app import options_of
from tunebook.core.messages import has_words
from tunebook.web.fields import Field, typed_in, values_of, words_of
from tunebook.web.pages import ab, curve, errors, label_next, rollout, scores, search

FORMS = {
    "ab": (ab.FIELDS,), "curve": (curve.FIELDS, label_next.FIELDS), "rollout start": (rollout.FIELDS,),
    "table search": (search.FIELDS,), **{work.verb: (work.fields,) for work in errors.WORK.values()},
    **{work: (fields,) for work, fields in scores.WORK.items()},
}  # fmt: skip
GIVEN = {"rows": " 5 ", "guard": "a=1\n \n b=off\n", "aa": "1", "other": "x"}
FEW = (Field("--rows", "x"), Field("--guard", "x", "lines"), Field("--aa", "x", "switch"), Field("--by-hand", "x"))


@pytest.mark.parametrize("command", FORMS)
def test_every_field_is_an_option_of_its_command(command: str) -> None:
    for fields in FORMS[command]:
        assert {item.flag for item in fields} <= options_of(command)
        assert all(has_words(f"fields.{item.words}") and has_words(f"cli.opt.{item.words}") for item in fields)
        assert len({item.key for item in fields}) == len(fields)


def test_what_is_typed_becomes_words() -> None:
    typed = typed_in(FEW, lambda key: GIVEN.get(key, ""), "other")
    assert typed == {"other": "x", "rows": "5", "guard": "a=1\n \n b=off", "aa": "1", "by_hand": ""}
    assert words_of(FEW, typed) == ["--rows", "5", "--guard", "a=1", "--guard", "b=off", "--aa"]
    assert values_of(FEW, typed) == {"rows": "5", "guard": ["a=1", "b=off"], "aa": True}
    assert words_of(FEW, {}) == [] and values_of(FEW, {"aa": ""}) == {}

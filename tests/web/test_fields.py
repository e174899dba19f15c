"""Fields of forms: each is an option that its command has, under a name and a sentence of the catalogue."""

from __future__ import annotations

import re

import pytest

from tunebook.cli.app import options_of
from tunebook.core.messages import has_words, say, speaking
from tunebook.web.fields import Field, help_of, typed_in, values_of, words_of
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


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_form_speaks_of_its_fields_and_not_of_flags(language: str) -> None:
    with speaking(language):
        for fields in (one for forms in FORMS.values() for one in forms):
            assert not [item.flag for item in fields if re.search(r"(^|\W)--[a-z]", help_of(item, fields))]
        gate = next(item for item in errors.WORK["challenge"].fields if item.flag == "--gate")
        assert f"“{say('fields.challenge_freeze')}”" in help_of(gate, errors.WORK["challenge"].fields)


def test_what_is_typed_becomes_words() -> None:
    typed = typed_in(FEW, lambda key: GIVEN.get(key, ""), "other")
    assert typed == {"other": "x", "rows": "5", "guard": "a=1\n \n b=off", "aa": "1", "by_hand": ""}
    assert words_of(FEW, typed) == ["--rows", "5", "--guard", "a=1", "--guard", "b=off", "--aa"]
    assert values_of(FEW, typed) == {"rows": "5", "guard": ["a=1", "b=off"], "aa": True}
    assert words_of(FEW, {}) == [] and values_of(FEW, {"aa": ""}) == {}

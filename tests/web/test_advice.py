"""Advice of errors on a page: no flags of what its forms ask for, commands as they are typed."""

from __future__ import annotations

import pytest
from tests.web.test_render import asking

from tunebook.core.errors import RefusedError, TunebookError
from tunebook.core.messages import speaking
from tunebook.web.advice import advice
from tunebook.web.render import fill


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Add --reason TEXT.", "Add a reason."),
        ("Test it: tunebook ab a.b v1 v2. Or --force.", "Test it: tunebook ab a.b v1 v2. Or {force}."),
        ("`tunebook promote BOOK vN --force --reason ...`", "`tunebook promote BOOK vN --force --reason ...`"),
        ("tunebook rollback b --force --reason X; --force", "tunebook rollback b --force --reason X; {force}"),
        ("Give --metric another name.", "Give --metric another name."),
    ],
)  # fmt: skip
def test_flags_of_forms_are_said_in_words(text: str, shown: str) -> None:
    assert advice(text) == shown.format(force="the choice in the form to do it all the same")


def test_errors_on_a_page_advise_no_flag() -> None:
    unproven = RefusedError("rollout.unproven", key="x", champion="v1", book="b")
    for error in (unproven, TunebookError("rollout.reason", key="--reason")):
        for lang in ("en", "zh"):
            with speaking(lang):
                page = fill("_problem.html.j2", asking(), "", error=error)
            assert "--force" not in page and "--reason" not in page.replace('data-key="--reason"', "")

"""tunebook challenge: figures, JSON, words in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Call


def test_a_run_is_challenged(tunebook: Call, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tunebook("challenge", book, "--only", "typos,emoji", "--set", "typos.share=0.5")
    assert found.code == 0
    assert "Typing slips" in found.out
    assert "challenge.html" in found.out.replace("\n", "")
    data = tunebook("challenge", book, "--only", "typos,emoji", "--set", "typos.share=0.5", "--json").json
    assert {item["key"] for item in data["capabilities"]} == {"typos", "emoji"}
    assert Path(data["page"]).is_file()
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "键盘误击" in tunebook("challenge", book, "--only", "typos,emoji").out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--split", "dev"), "cli.option"),
        (("--only", "typoz"), "challenge.unknown"),
        (("--limit", "0"), "challenge.limit"),
        (("--set", "typos.share=much"), "row.value"),
    ],
)
def test_what_is_wrong_is_refused(tunebook: Call, book: Path, words: tuple[str, ...], code: str) -> None:
    found = tunebook("challenge", book, *words, "--json")
    assert (found.code, found.json["error"]["code"] if "error" in found.json else found.json["code"]) == (2, code)

from __future__ import annotations

import re
import string
import tomllib
from importlib.resources import files
from pathlib import Path

import tunebook.data
from tunebook.core.messages import catalogue
from tunebook.data.kind import column_kinds
from tunebook.data.passages import TOLD
from tunebook.data.prepare import _NOTES

SOURCE = "\n".join(path.read_text() for path in Path(tunebook.data.__path__[0]).rglob("*.py"))
TEXTS = {
    code: text
    for name in ("answers", "chats", "data", "format", "labels", "passages", "preference", "spans")
    for code, text in tomllib.loads(
        files("tunebook.messages").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    ).items()
}


def test_every_code_has_its_words_and_every_word_its_use():
    codes = set(re.findall(r'"(data\.[a-z_]+)"', SOURCE))
    codes |= {f"data.warning.{name}" for name in re.findall(r'warning\(\s*"([a-z_]+)"', SOURCE)}
    codes |= {f"data.warning.{kind.otherwise}" for kind in column_kinds().values()}
    codes |= {f"data.warning.{note}" for note in _NOTES} | {f"data.warning.passages_{name}" for name in TOLD}
    codes |= {f"data.warning.{name}" for name in re.findall(r'warning\("[a-z_]+" if [^,]+ else "([a-z_]+)"', SOURCE)}
    ends = re.findall(r'warning\(\s*f"{what}(_[a-z]+)"', SOURCE)  # of classes of rows, and of types inside them
    codes |= {f"data.warning.{what}{end}" for what in ("class", "type") for end in ends}
    written = {code for code in TEXTS if code.startswith("data.")}
    assert codes == written


def test_reasons_of_the_ledger_are_in_use():
    reasons = {code.removeprefix("ledger.") for code in TEXTS if code.startswith("ledger.")}
    assert {
        reason for reason in reasons if f'"{reason}"' not in SOURCE and f"{reason.split('_')[0]}_{{role}}" not in SOURCE
    } == set()


def test_both_languages_ask_for_the_same():
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for code, texts in catalogue().items():
        if code.startswith(("data.", "ledger.")):
            assert fields(texts["en"]) == fields(texts["zh"]), code

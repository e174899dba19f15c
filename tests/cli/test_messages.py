"""Every word of the command line stands in the catalogue, and every word of the catalogue is used."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import tunebook.cli
from tunebook.cli.app import COMMANDS, EXAMPLES

_FOLDER = Path(tunebook.cli.__file__).parent
_BUILT = re.compile(
    r"cli\.(work|doctor|help|opt|passages|written)\.|cli\.(run|table|state|split|score|time|name|value|default)$"
)


def test_words_and_catalogue_agree() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in _FOLDER.glob("*.py"))
    used = set(re.findall(r'"(cli\.[a-z_.]+[a-z_])"', sources)) | set(re.findall(r"'(cli\.[a-z_.]+[a-z_])'", sources))
    used |= {f"cli.opt.{name}" for name in re.findall(r'(?:option|argument)\(\s*"([a-z_]+)"', sources)}
    used |= {f"cli.help.{path.replace(' ', '_')}" for path in COMMANDS}
    used |= {f"cli.example.{name}" for lines in EXAMPLES.values() for name in re.findall(r"\{(\w+)\}", str(lines))}
    entries = set(tomllib.loads((_FOLDER.parent / "messages" / "cli.toml").read_text(encoding="utf-8")))
    assert used - entries == set()
    everywhere = "\n".join(path.read_text(encoding="utf-8") for path in _FOLDER.parent.rglob("*.py"))
    used |= set(re.findall(r'"(cli\.[a-z_.]+[a-z_])"', everywhere))  # a page says some of them too
    names = {word for word in re.findall(r'"([a-z_]+)"', sources)}
    used |= {f"cli.panel.{name}" for name in names}
    others = "\n".join(path.read_text(encoding="utf-8") for path in _FOLDER.parent.rglob("*.py"))
    used |= set(re.findall(r'"(cli\.[a-z_.]+[a-z_])"', others))  # a page says of a plan what the command says
    idle = {code for code in entries - used if not _BUILT.match(code) and code.removeprefix("cli.") not in names}
    assert idle == set()


def test_a_command_whose_option_is_advised_is_named_in_full() -> None:
    """`tunebook predict --reject-below`, not `predict --reject-below`: else a user of `calibrate` is told that it is
    none of its options and that files are to be put right."""
    named = re.compile(rf"(?<!tunebook )\b({'|'.join(sorted(COMMANDS, key=len, reverse=True))}) --[a-z]")
    short = [
        (code, text)
        for path in sorted((_FOLDER.parent / "messages").glob("*.toml"))
        for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for text in dict(entry.get("do", {})).values()
        if named.search(text)
    ]
    assert short == []

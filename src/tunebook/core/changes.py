"""Pairs `name=value` as people type them."""

from __future__ import annotations

from collections.abc import Iterable

from tunebook.core.errors import TunebookError


def pair(name: str, text: str, allowed: str = "NAME=VALUE") -> tuple[str, str]:
    """Both sides of `KEY=VALUE`.

    Args:
        name: of the option or field that holds it. allowed: what may stand there, for a message.

    Raises:
        TunebookError: `cli.option` where there is no equals sign, or nothing before it.
    """
    key, sign, value = text.replace("＝", "=").partition("=")
    if not sign or not key.strip():
        raise TunebookError("cli.option", key=name, value=text, allowed=allowed)
    return key.strip(), value.strip()


def read_changes(given: Iterable[str], option: str = "--set") -> dict[str, str]:
    """Row -> value as given, from `row=value`.

    Raises:
        TunebookError: `cli.option` for an item that is no such pair, `cli.twice` for a row that is given twice.
    """
    changes: dict[str, str] = {}
    for item in given:
        name, value = pair(option, item)
        if name in changes:
            raise TunebookError("cli.twice", key=name, value=item)
        changes[name] = value
    return changes


def listed(text: str) -> list[str]:
    """Items of a text with commas, Chinese ones too."""
    return [item.strip() for item in text.replace("，", ",").replace("、", ",").split(",") if item.strip()]


def numbers(name: str, text: str) -> list[int]:
    """Whole numbers of a text with commas.

    Raises:
        TunebookError: `cli.option` for anything else.
    """
    parts = listed(text)
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise TunebookError("cli.option", key=name, value=text, allowed="5 | 3,5,10")
    return [int(part) for part in parts]


__all__ = ["listed", "numbers", "pair", "read_changes"]

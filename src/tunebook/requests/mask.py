"""Personal data in a text that is kept: e-mail, phone, identity card and bank card become a word in brackets.

E-mail and phone are found by the rules that clean training data; the rest has rules here. Digits in full width count.
In doubt a number is masked: an order number that could be a card is one in ten. Names and addresses are not found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tunebook.data.clean import RULES
from tunebook.requests.record import Answered

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2010: 0x2D, 0x2013: 0x2D}
_CLEANING = {rule.name: rule for rule in RULES}
_DATE = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
# GB 11643-1999: place, date of birth, number, check digit; also where that digit is wrong: a slip is no protection.
_CHINESE_ID = re.compile(
    rf"(?<![0-9A-Za-z])[1-9]\d{{5}}(?:(?:18|19|20)\d{{2}}{_DATE}\d{{3}}[\dXx]|\d{{2}}{_DATE}\d{{3}})(?![0-9A-Za-z])"
)
_AMERICAN_ID = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_CARD = re.compile(r"(?<![0-9A-Za-z])\d(?:[ -]?\d){12,18}(?![0-9A-Za-z])")  # ISO/IEC 7812: 13 to 19 digits
_MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[ -]?)?1[3-9]\d[ -]\d{4}[ -]\d{4}(?![0-9A-Za-z])")  # as one says it
_ABROAD = re.compile(r"(?<![0-9A-Za-z])(?:\+|00)[1-9]\d{0,2}(?:[ .()/-]{0,2}\d){6,12}(?![0-9A-Za-z])")
Span = tuple[int, int, str]


def mask(text: str) -> str:
    """The text without what tells who somebody is; elsewhere unchanged, and masked twice it is the same."""
    if "@" not in text and not any(letter.isdigit() for letter in text):
        return text
    for find in _FINDERS:
        narrow = text.translate(_FULL_WIDTH)  # letter for letter: places are the same
        for start, end, word in reversed(list(find(narrow))):
            text = text[:start] + word + text[end:]
    return text


def masked(row: Answered) -> Answered:
    """A record whose text, pair and words of the answer are masked."""
    answer = None if row.answer is None else {key: _whole(value) for key, value in row.answer.items()}
    return replace(row, text=mask(row.text), pair=mask(row.pair), answer=answer)


def luhn(digits: str) -> bool:
    """Whether the check digit of a card is right (ISO/IEC 7812-1, annex B)."""
    doubled = (divmod(2 * int(digit), 10) if place % 2 else (0, int(digit)) for place, digit in enumerate(digits[::-1]))
    return sum(map(sum, doubled)) % 10 == 0


def _whole(value: Any) -> Any:
    """Every text in what an answer holds."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list | tuple) else value


def _cleaning(name: str) -> Callable[[str], Iterator[Span]]:
    def find(text: str) -> Iterator[Span]:
        for step in _CLEANING[name].steps:
            yield from step.edits(text)

    return find


def _pattern(
    pattern: re.Pattern[str], word: str, fits: Callable[[str], bool] = bool
) -> Callable[[str], Iterator[Span]]:
    def find(text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            if fits(match.group()):
                yield *match.span(), word

    return find


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return len(set(digits)) > 1 and luhn(digits)


# An identity card is no phone and a card no identity card: the longest first.
_FINDERS = (
    _cleaning("email"),
    _pattern(_CHINESE_ID, "[ID]"),
    _pattern(_AMERICAN_ID, "[ID]"),
    _pattern(_CARD, "[CARD]", _is_card),
    _cleaning("phone"),
    _pattern(_MOBILE, "[PHONE]"),
    _pattern(_ABROAD, "[PHONE]"),
)

__all__ = ["luhn", "mask", "masked"]

"""The rules by which texts are cleaned, and one text after them: with numpy and the standard library alone, so that a
model that answers elsewhere reads the same text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.data.markup import MARKUP

Ints = NDArray[np.int64]

# A part of a text, by the places of its first character and behind its last one, and what comes in its stead.
Edit = tuple[int, int, str]


class Step(Protocol):
    """A change of texts."""

    def __call__(self, text: str) -> str:
        """The text after it."""

    def edits(self, text: str) -> Iterator[Edit]:
        """What it changes, from left to right; what it changes one character for one may be left out."""


@dataclass(frozen=True)
class Rule:
    """One rule of cleaning.

    Attributes:
        test: RE2 pattern that finds every text that the rule would change (and perhaps others).
        steps: what it does, one after the other.
        on: whether the rule is on unless said otherwise.
    """

    name: str
    test: str
    steps: tuple[Step, ...]
    on: bool = True

    def apply(self, text: str) -> str:
        """The text after the rule."""
        for step in self.steps:
            text = step(text)
        return text


@dataclass(frozen=True)
class Places:
    """Where the places of a text are in the cleaned one, and the other way round.

    A place is the number of characters (code points) before it. Inside of what was changed as one, such as an entity of
    HTML, what begins there begins with it and what ends there ends with it.

    Attributes:
        low, high: for each place of the text, shape (characters + 1,), the place of what begins and of what ends there.
    """

    low: Ints
    high: Ints

    def cleaned(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of the text is in the cleaned one: of no length where nothing is left of it."""
        return int(self.low[start]), int(self.high[end])

    def given(self, start: int, end: int) -> tuple[int, int]:
        """The smallest part of the text of which a part of the cleaned one was made."""
        first = int(np.searchsorted(self.high, start, side="right")) - 1
        return first, int(np.searchsorted(self.low, end, side="left"))


# A workbook writes control characters of a cell in this way: `_x000D_` is a carriage return.
_ESCAPED = re.compile("_x00([01][0-9A-Fa-f])_")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f\ufffe\uffff]")
_INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
    # Joiners shape Persian, Indic scripts and emoji; beside anything else they are dirt.
    "|(?:(?<=[\x00-\x7f\u3000-\u9fff])|^)[\u200c\u200d]+|[\u200c\u200d]+$"
)
_SPACE = re.compile(r"\s+")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_FULL = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
# These are the usual marks of Chinese text and stay there.
_CHINESE_MARKS = frozenset(map(ord, "！（），：；？～［］｛｝＂＇"))
_FULL_IN_CHINESE = {code: half for code, half in _FULL.items() if code not in _CHINESE_MARKS}
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'，。！？；、（）《》“”]+", re.IGNORECASE)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_PHONE = re.compile(
    r"(?<![A-Za-z0-9_.])(?:\+?\d{1,3}[ -]?)?(?:1[3-9]\d{9}|0\d{2,3}[ -]\d{7,8}|\(?\d{3}\)?[ -]\d{3}[ -]\d{4})"
    r"(?![A-Za-z0-9_])"
)


def _western(match: re.Match[str]) -> str:
    """U+0080 to U+009F are nearly always characters of Windows that were taken for Latin-1: U+0092 is an apostrophe."""
    return bytes([ord(match.group())]).decode("cp1252", "ignore") if "\x80" <= match.group() <= "\x9f" else ""


@dataclass(frozen=True)
class _Replace:
    """What a pattern finds becomes something else."""

    pattern: re.Pattern[str]
    new: str | Callable[[re.Match[str]], str]

    def __call__(self, text: str) -> str:
        return self.pattern.sub(self.new, text)

    def edits(self, text: str) -> Iterator[Edit]:
        for match in self.pattern.finditer(text):
            new = self.new if isinstance(self.new, str) else self.new(match)
            if new != match.group():
                yield *match.span(), new


class _Narrow:
    """Full-width forms of ASCII become narrow."""

    def __call__(self, text: str) -> str:
        return text.translate(_FULL_IN_CHINESE if _HAN.search(text) else _FULL)

    def edits(self, text: str) -> Iterator[Edit]:
        return iter(())


class _Compose:
    """Normal form C of Unicode."""

    def __call__(self, text: str) -> str:
        return unicodedata.normalize("NFC", text)

    def edits(self, text: str) -> Iterator[Edit]:
        """By the smallest parts that are composed on their own (https://unicode.org/reports/tr15/)."""
        start = len(text) if unicodedata.is_normalized("NFC", text) else 0
        for end in range(start + 1, len(text) + 1):
            if end < len(text) and self._joins(text[start:end], text[end]):
                continue
            part = text[start:end]
            if (whole := self(part)) != part:
                yield start, end, whole
            start = end

    def _joins(self, before: str, letter: str) -> bool:
        if unicodedata.combining(unicodedata.normalize("NFD", letter)[0]):
            return True
        return self(before + letter) != self(before) + self(letter)


# Scripts whose characters NFC never changes and never joins to the one before: a text of these alone is composed.
_COMPOSED = (
    r"[^\x00-\x{2ff}\x{400}-\x{482}\x{2010}-\x{2027}\x{2030}-\x{205e}\x{20a0}-\x{20bf}\x{3000}-\x{3029}"
    r"\x{3041}-\x{3096}\x{309b}-\x{30ff}\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}\x{ac00}-\x{d7a3}\x{ff01}-\x{ffee}"
    r"\x{1f300}-\x{1faff}]"
)
_SPACES = r"\t\n\x0b\f\r\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"

RULES: tuple[Rule, ...] = (
    Rule("html", r"<[!/A-Za-z]|&[#A-Za-z]", tuple(_Replace(pattern, new) for pattern, new in MARKUP)),
    Rule("escape", r"_x00[01][0-9A-Fa-f]_", (_Replace(_ESCAPED, lambda found: chr(int(found[1], 16))),)),
    Rule("control", r"[\x00-\x08\x0e-\x1b\x7f-\x{9f}\x{fffe}\x{ffff}]", (_Replace(_CONTROL, _western),)),
    Rule(
        "invisible",
        r"[\x{ad}\x{180e}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{feff}]",
        (_Replace(_INVISIBLE, ""),),
    ),
    Rule("width", r"[\x{ff01}-\x{ff5e}]", (_Narrow(),)),
    Rule("compose", _COMPOSED, (_Compose(),)),
    Rule("url", r"(?i)https?://|www\.", (_Replace(_URL, "[URL]"),), on=False),
    Rule("email", "@", (_Replace(_EMAIL, "[EMAIL]"),), on=False),
    Rule("phone", r"\d{3}", (_Replace(_PHONE, "[PHONE]"),), on=False),
    Rule("space", rf"[{_SPACES}]|  |^ | \z", (_Replace(_SPACE, " "), _Replace(re.compile(r"\A | \Z"), ""))),
)
_BY_NAME = {rule.name: rule for rule in RULES}


def rule_named(name: str) -> Rule:
    """The rule of a name. Raises a KeyError where there is none."""
    return _BY_NAME[name]


def chosen_rules(switches: Mapping[str, bool] | None = None) -> list[str]:
    """Names of the rules that are on, in the order in which they act.

    Raises:
        DataError: `data.rule`, there is no rule of such a name.
    """
    switches = switches or {}
    for name in switches:
        if name not in _BY_NAME:
            raise DataError("data.rule", key="clean", value=name, allowed=", ".join(_BY_NAME))
    return [rule.name for rule in RULES if switches.get(rule.name, rule.on)]


def without_halves(text: str) -> str:
    """A text without halves of pairs of surrogates, which no file can hold: two that belong together become the
    character that they stand for, any other becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_text(text: str, rules: Sequence[str] | None = None) -> str:
    """One text after the rules of these names (all that are on by default); prediction uses the names that training
    wrote down, so that both read the same text."""
    for name in chosen_rules() if rules is None else rules:
        text = _BY_NAME[name].apply(text)
    return text


def clean_name(name: str) -> str:
    """A name of a class, on one line and without signs that nobody sees."""
    return clean_text(name, ("control", "invisible", "compose", "space"))


def clean_with_places(text: str, rules: Sequence[str]) -> tuple[str, Places]:
    """One text after the rules, and where its places are then."""
    low = high = np.arange(len(text) + 1, dtype=np.int64)
    for step in (step for name in rules for step in _BY_NAME[name].steps):
        moved = _moved(len(text), list(step.edits(text)))
        text, low, high = step(text), moved.low[low], moved.high[high]
    return text, Places(low, high)


def _moved(length: int, edits: Sequence[Edit]) -> Places:
    """Where the places of a text of this length are after the edits."""
    grown = np.zeros(length + 1, dtype=np.int64)
    for start, end, new in edits:
        grown[end] += len(new) - (end - start)
    low = np.arange(length + 1, dtype=np.int64) + np.cumsum(grown)
    high = low.copy()
    for start, end, _ in edits:
        low[start + 1 : end], high[start + 1 : end] = low[start], high[end]
    return Places(low, high)


__all__ = [
    "RULES",
    "Places",
    "Rule",
    "Step",
    "chosen_rules",
    "clean_name",
    "clean_text",
    "clean_with_places",
    "rule_named",
    "without_halves",
]

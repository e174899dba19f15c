"""Characters that sound alike, as they are mixed up where Chinese is typed by its sound."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tunebook.challenge.perturbation import ZH, Draw, Languages, Perturbation
from tunebook.challenge.texts import HAN, exchanged
from tunebook.core.errors import MachineError
from tunebook.core.params import Row
from tunebook.data.cleaning import Edit

_KEPT = frozenset("不没无未别非莫勿")  # without one of these a text says the opposite
_LEVEL_1 = (0xB0, 0xD7)  # rows of GB 2312 with the 3,755 commonest characters
_NEAREST = 6  # of all that sound alike the commonest, which an input method offers first


class Homophones(Perturbation):
    """Put a common character that sounds alike (whatever its tone) in the place of some characters.

    How characters are read is told by the package pypinyin, from the words around them; which are common by GB 2312 and
    the counts of jieba. Words of negation stay.
    """

    key: ClassVar[str] = "homophones"
    zh: ClassVar[str] = """把部分汉字换成同音（不论声调）的常用字，模拟拼音输入选错字。

    读音由 pypinyin 按上下文给出；常用字依据 GB 2312 一级字与 jieba 词频。否定词保持不变。
    """
    capability: ClassVar[str] = "spelling"
    languages: ClassVar[Languages] = ZH
    share: Annotated[
        float,
        Field(gt=0, le=1),
        Row("share of the characters that are replaced, one at least", zh="替换字数所占比例，至少一个"),
    ] = 0.1

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """Some of the characters for which there is another one."""
        others = _others(text)
        return exchanged(others, self.share * len(others), draw.random())


def _others(text: str) -> Mapping[int, Sequence[str]]:
    """Place of each character that may be replaced -> what sounds like it."""
    sounds = _sounds(text)
    found = {}
    for place, (letter, sound) in enumerate(zip(text, sounds, strict=True)):
        alike = [other for other in _alike().get(sound, ()) if other != letter][:_NEAREST]
        if alike and HAN.match(letter) and letter not in _KEPT:
            found[place] = alike
    return found


def _sounds(text: str) -> list[str]:
    """The sound of each character, without its tone; one that has none stands for itself."""
    found: list[str] = _pinyin().lazy_pinyin(text, errors=list)
    return found


@cache
def _alike() -> Mapping[str, Sequence[str]]:
    """Sound -> the common characters that have it, the commonest first."""
    first, last = _LEVEL_1
    codes = [bytes([high, low]) for high in range(first, last + 1) for low in range(0xA1, 0xFF)]
    letters = [letter for code in codes if HAN.match(letter := code.decode("gb2312", "replace"))]
    counts = _counts()
    found: dict[str, list[str]] = {}
    for letter in sorted(letters, key=lambda item: (-counts.get(item, 0), item)):
        found.setdefault(_sounds(letter)[0], []).append(letter)
    return found


def _counts() -> Mapping[str, int]:
    from tunebook.nets.masking import segmenter

    dictionary = segmenter().dt
    dictionary.initialize()
    counts: Mapping[str, int] = dictionary.FREQ
    return counts


@cache
def _pinyin() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pypinyin
    except ModuleNotFoundError as error:
        raise MachineError("machine.extra", key="pypinyin", extra="diagnose") from error
    return pypinyin


__all__ = ["Homophones"]

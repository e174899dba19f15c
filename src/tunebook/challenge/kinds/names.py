"""Other people and other towns."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

from tunebook.challenge.perturbation import BOTH, Draw, Languages, OfPairs, Perturbation
from tunebook.data.cleaning import Edit

# Lists of our own: common names and large towns that are no usual words.
_PEOPLE = (
    "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Hannah", "Ivan", "Julia", "Kevin", "Laura", "Maria", "Nina",
    "Oliver", "Paul", "Rachel", "Simon", "Thomas", "Victor", "Wendy", "James", "John", "Michael", "Robert", "William",
    "Richard", "Linda", "Susan", "Karen", "Lisa", "Sarah", "Daniel", "Andrew", "Peter", "George", "Edward", "Brian",
    "Jason",
)  # fmt: skip
_TOWNS = (
    "Oslo", "Berlin", "Madrid", "Vienna", "Lisbon", "Dublin", "Prague", "Athens", "Boston", "Chicago", "Denver",
    "Seattle", "Toronto", "Sydney", "Tokyo", "London", "Rome", "Cairo", "Delhi", "Geneva", "Milan", "Munich", "Paris",
    "Warsaw",
)  # fmt: skip
_CITIES = (
    "北京", "上海", "广州", "深圳", "杭州", "南京", "成都", "重庆", "武汉", "西安", "天津", "苏州", "长沙", "青岛",
    "大连", "厦门", "济南", "沈阳",
)  # fmt: skip
_FAMILY, _GIVEN = (
    "王李张刘陈杨赵黄周吴徐孙",
    ("伟", "敏", "静", "磊", "强", "芳", "建国", "志强", "秀英", "海燕", "晓明", "丽华"),
)
_WORD = re.compile(r"[A-Z][a-z]+")
_NAME = 2, 3  # characters of a Chinese name


class Names(Perturbation):
    """Put other people's names and other towns in the place of those of a text; the same name becomes the same one.

    English ones are those of our own lists; Chinese ones are found by jieba (people) and by a list of towns.
    """

    key: ClassVar[str] = "names"
    zh: ClassVar[str] = """把文本中的人名和城市换成其他人名和城市；同一个名称换成同一个。

    英文按自编名单查找；中文人名由 jieba 识别，城市按名单查找。
    """
    capability: ClassVar[str] = "invariance"
    languages: ClassVar[Languages] = BOTH
    pairs: ClassVar[OfPairs] = "both"

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """Every name that is known."""
        return _chinese(text, draw) if language == "zh" else _english(text, draw)


def _english(text: str, draw: Draw) -> list[Edit]:
    found = []
    for match in _WORD.finditer(text):
        for known in (_PEOPLE, _TOWNS):
            if match[0] in known:
                found.append((*match.span(), _another(known, match[0], draw)))
    return found


def _chinese(text: str, draw: Draw) -> list[Edit]:
    found: list[Edit] = []
    at = 0
    for word, tag in _tagged(text):
        place = text.index(word, at)
        at = place + len(word)
        if word in _CITIES:
            found.append((place, at, _another(_CITIES, word, draw)))
        elif tag == "nr" and word[0] in _FAMILY and len(word) in _NAME:
            chance = draw.random(word)
            new = chance.choice(_FAMILY.replace(word[0], "")) + chance.choice(_GIVEN)
            found.append((place, at, new))
    return found


def _another(known: Sequence[str], name: str, draw: Draw) -> str:
    return draw.random(name).choice([other for other in known if other != name])


def _tagged(text: str) -> list[tuple[str, str]]:
    """Words with what they are, as jieba sees them."""
    return [(item.word, item.flag) for item in _tagger().cut(text)]


@cache
def _tagger() -> Any:
    from tunebook.nets.masking import segmenter

    segmenter()  # tells where it is missing
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was written for an older Python
        import jieba.posseg
    return jieba.posseg


__all__ = ["Names"]

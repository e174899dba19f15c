"""Characters that look alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.challenge.perturbation import BOTH, Draw, Languages, Perturbation
from tunebook.challenge.texts import HAN, exchanged, words
from tunebook.core.params import Row
from tunebook.data.cleaning import Edit

# A small table of our own: groups of common Chinese characters that differ in a stroke or a part. Pairs of which one
# says the opposite of the other (such as 买 and 卖) and words of negation are not in it.
_GROUPS = (
    "己已巳", "未末", "土士", "日曰目", "人入", "大太犬", "天夫", "干千", "午牛", "住往", "候侯", "辨辩辫", "刀力",
    "戌戍", "拔拨", "析折", "幕暮慕墓", "密蜜", "情清请晴睛", "喝渴", "课棵裸", "很狠", "找我", "处外", "办为",
    "设没投", "洁结", "间问闻", "房旁", "服报", "早旱", "晚挽", "睡唾", "床庆", "店居", "吃吹", "饭饮", "菜莱",
    "味昧", "环坏", "境镜", "便使", "宜宣", "价阶", "贵责", "钱线浅", "元无", "员贝", "客容", "态恋", "热熟", "心必",
    "经轻", "理里埋", "桌卓", "椅骑", "空穴", "调凋", "水永", "洗冼", "澡操燥", "楼搂", "层居", "屋握", "门们",
    "窗囱", "街衔", "车东", "站沾", "近进", "远运", "推堆", "荐存", "感咸", "觉学", "喜善", "欢劝", "真直", "实买",
    "在再", "来米", "看着", "想相", "说脱", "话活", "因困", "原愿", "以似", "后厂", "前煎", "时吋", "书节", "内肉",
    "手毛", "机饥", "电申", "视现", "网冈", "快块", "慢漫", "包句",
)  # fmt: skip
_LEFT_OUT = frozenset("没无不")
_LATIN = {  # letters of other scripts that print the same
    "a": "\u0430", "c": "\u0441", "e": "\u0435", "i": "\u0456", "o": "\u043e", "p": "\u0440", "s": "\u0455",
    "x": "\u0445", "y": "\u0443", "A": "\u0410", "B": "\u0412", "E": "\u0415", "H": "\u041d", "K": "\u041a",
    "M": "\u041c", "O": "\u041e", "P": "\u0420", "T": "\u0422",
}  # fmt: skip


def _table() -> dict[str, str]:
    """Character -> those that look like it."""
    found: dict[str, str] = {}
    for group in _GROUPS:
        for letter in group:
            others = "".join(item for item in group if item != letter and item not in _LEFT_OUT)
            if others and letter not in _LEFT_OUT:
                found[letter] = found.get(letter, "") + others
    return found


ALIKE: Mapping[str, str] = _table()


class Lookalikes(Perturbation):
    """Put characters that look alike in the place of some: 己 for 已, in English letters of Cyrillic for Latin ones.

    The Chinese ones are a small table of our own.
    """

    key: ClassVar[str] = "lookalikes"
    zh: ClassVar[str] = """把部分字符换成形近字：如“已”写作“己”；英文则把拉丁字母换成字形相同的西里尔字母。

    汉字形近字取自项目自编的小表。
    """
    capability: ClassVar[str] = "spelling"
    languages: ClassVar[Languages] = BOTH
    share: Annotated[
        float,
        Field(gt=0, le=1),
        Row("share of the characters that are replaced, one at least", zh="替换字符所占比例，至少一个"),
    ] = 0.1

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """Some of the characters for which there is another one."""
        if language == "zh":
            others = {
                place: ALIKE[letter] for place, letter in enumerate(text) if HAN.match(letter) and letter in ALIKE
            }
        else:
            letters = [place for start, end in words(text) for place in range(start, end)]
            others = {place: _LATIN[text[place]] for place in letters if text[place] in _LATIN}
        return exchanged(others, self.share * len(text), draw.random())


__all__ = ["ALIKE", "Lookalikes"]

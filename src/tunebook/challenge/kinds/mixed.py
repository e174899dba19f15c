"""Words of another language among those of a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.challenge.perturbation import BOTH, Draw, Languages, Perturbation
from tunebook.challenge.texts import words
from tunebook.core.params import Row
from tunebook.data.cleaning import Edit

# A small glossary of our own: things and times, none of which says that something is good or bad.
_PAIRS = (
    ("hotel", "酒店"), ("room", "房间"), ("breakfast", "早餐"), ("price", "价格"), ("service", "服务"),
    ("staff", "员工"), ("manager", "经理"), ("bathroom", "卫生间"), ("bed", "床"), ("door", "门"), ("window", "窗户"),
    ("parking", "停车场"), ("taxi", "出租车"), ("airport", "机场"), ("station", "车站"), ("city", "城市"),
    ("restaurant", "餐厅"), ("dinner", "晚餐"), ("coffee", "咖啡"), ("phone", "电话"), ("computer", "电脑"),
    ("screen", "屏幕"), ("battery", "电池"), ("email", "邮件"), ("card", "卡"), ("account", "账户"), ("bank", "银行"),
    ("payment", "付款"), ("money", "钱"), ("order", "订单"), ("movie", "电影"), ("film", "影片"), ("story", "故事"),
    ("actor", "演员"), ("director", "导演"), ("music", "音乐"), ("book", "书"), ("author", "作者"),
    ("website", "网站"), ("app", "应用"), ("customer", "顾客"), ("family", "家人"), ("friend", "朋友"),
    ("today", "今天"), ("yesterday", "昨天"), ("tomorrow", "明天"), ("week", "星期"), ("month", "月份"),
    ("year", "年"), ("morning", "早上"), ("evening", "晚上"), ("weekend", "周末"), ("delivery", "送货"),
    ("package", "包裹"),
)  # fmt: skip
_INTO_ZH = dict(_PAIRS)
_INTO_EN = {chinese: english for english, chinese in _PAIRS if len(chinese) > 1}
_CHINESE = re.compile("|".join(sorted(_INTO_EN, key=len, reverse=True)))


class Mixed(Perturbation):
    """Say some things and times of a text in Chinese, or those of a Chinese text in English, by a small glossary."""

    key: ClassVar[str] = "mixed"
    zh: ClassVar[str] = """按一个小词表把英文文本中的部分事物和时间改说中文，或把中文文本中的改说英文。"""
    capability: ClassVar[str] = "invariance"
    languages: ClassVar[Languages] = BOTH
    most: Annotated[int, Field(ge=1), Row("words that are replaced at most", zh="最多替换的词数")] = 2

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """Some of the words that the glossary knows."""
        if language == "zh":
            known = [(*match.span(), _INTO_EN[match[0]]) for match in _CHINESE.finditer(text)]
        else:
            places = [(start, end, text[start:end].lower()) for start, end in words(text)]
            known = [(start, end, _INTO_ZH[word]) for start, end, word in places if word in _INTO_ZH]
        return sorted(draw.random().sample(known, min(len(known), self.most)))


__all__ = ["Mixed"]

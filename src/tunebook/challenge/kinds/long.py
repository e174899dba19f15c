"""A text among many words that have nothing to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tunebook.challenge.perturbation import BOTH, Draw, Languages, Perturbation, said_sentences
from tunebook.challenge.texts import joint
from tunebook.core.params import Row
from tunebook.data.cleaning import Edit

_SENTENCES = {
    "en": (
        "I am writing this on a Tuesday afternoon.",
        "It took me a while to find the right page.",
        "The form has a box for the date and one for a comment.",
        "There are three more entries above this one.",
        "I was asked to write at least a few lines.",
        "The number of the case is in the subject line.",
        "My colleague reads this as well.",
        "This page was opened in a browser.",
        "The calendar shows the twelfth of the month.",
        "The next lines were added by the program.",
        "A copy goes to the office.",
        "The time is given in the local zone.",
    ),
    "zh": (
        "这段文字写于星期二下午。",
        "找到填写的页面花了一些时间。",
        "表格里有一栏填日期，一栏填说明。",
        "上面还有三条记录。",
        "系统要求至少写几行字。",
        "编号写在标题里。",
        "同事也会看到这段文字。",
        "这个页面是用浏览器打开的。",
        "日历显示今天是十二号。",
        "后面几行由程序自动添加。",
        "副本会发到办公室。",
        "时间按当地时区填写。",
    ),
}


class Long(Perturbation):
    """Put sentences that say nothing of the matter around the text.

    What stands before a text pushes its end beyond what a model reads: of long texts that is what this shows.
    """

    key: ClassVar[str] = "long"
    zh: ClassVar[str] = """在文本前后加上与内容无关的句子。

    放在前面的句子会把文本末尾挤出模型的阅读长度：对长文本而言，测的正是这一点。
    """
    capability: ClassVar[str] = "length"
    languages: ClassVar[Languages] = BOTH
    sentences: Annotated[int, Field(ge=1, le=200), Row("number of sentences", zh="句子数")] = 6
    where: Annotated[
        Literal["around", "before", "behind"], Row("where they stand", zh="所加句子的位置：前后、前面或后面")
    ] = "around"

    def edits(self, text: str, language: str, draw: Draw) -> Sequence[Edit]:
        """An addition at the head, at the end, or at both."""
        gap = "" if language == "zh" else " "
        said = said_sentences(_SENTENCES["zh" if language == "zh" else "en"], draw, self.sentences)
        before = {"around": len(said) // 2, "before": len(said), "behind": 0}[self.where]
        head, tail = gap.join(said[:before]), gap.join(said[before:])
        found = [(0, 0, f"{head}{gap}")] if head else []
        return [*found, (len(text), len(text), joint(text, language) + tail)] if tail else found


__all__ = ["Long"]

"""Templates of our own for two opposite sentiments, in English and in Chinese."""

from __future__ import annotations

from tunebook.challenge.templates import Template, Templates


def _all(of_each: dict[str, tuple[tuple[str, str], ...]], slots: dict[str, list[str]]) -> Templates:
    made = [
        Template(text=text, label=label, capability=capability)
        for capability, pairs in of_each.items()
        for text, label in pairs
    ]
    return Templates(template=made, slots=slots)


_P, _N = "positive", "negative"
_ENGLISH = _all(
    {
        "plain_words": (
            ("The {thing} was {good}.", _P),
            ("The {thing} was {bad}.", _N),
            ("I {like} the {thing}.", _P),
            ("I {dislike} the {thing}.", _N),
        ),
        "negated_words": (
            ("The {thing} was not {good}.", _N),
            ("I would never call the {thing} {good}.", _N),
            ("I can't say that I {like} the {thing}.", _N),
            ("There was nothing {good} about the {thing}.", _N),
        ),
        "negated_faults": (
            ("The {thing} was not {bad} at all.", _P),
            ("I would never call the {thing} {bad}.", _P),
        ),
        "but": (
            ("I expected the {thing} to be {bad}, but it was {good}.", _P),
            ("I expected the {thing} to be {good}, but it was {bad}.", _N),
            ("Others say that the {thing} was {bad}, but I {like} it.", _P),
        ),
        "then_and_now": (
            ("I used to think that the {thing} was {bad}, now I {like} it.", _P),
            ("I used to think that the {thing} was {good}, now I {dislike} it.", _N),
        ),
    },
    {
        "thing": ["room", "film", "food", "service", "book", "camera"],
        "good": ["good", "excellent", "wonderful", "great", "lovely"],
        "bad": ["bad", "awful", "terrible", "horrible", "disappointing"],
        "like": ["like", "love", "enjoy"],
        "dislike": ["dislike", "hate", "regret"],
    },
)
_CHINESE = _all(
    {
        "plain_words": (
            ("{thing}很{good}。", _P),
            ("{thing}很{bad}。", _N),
            ("我{like}这里的{thing}。", _P),
            ("我{dislike}这里的{thing}。", _N),
        ),
        "negated_words": (
            ("{thing}一点也不{good}。", _N),
            ("我不觉得{thing}有多{good}。", _N),
            ("谈不上{like}这里的{thing}。", _N),
        ),
        "negated_faults": (
            ("{thing}一点也不{bad}。", _P),
            ("没有人说{thing}{bad}。", _P),
        ),
        "but": (
            ("本以为{thing}会很{bad}，没想到很{good}。", _P),
            ("本以为{thing}会很{good}，没想到很{bad}。", _N),
            ("别人都说{thing}{bad}，可是我很{like}。", _P),
        ),
        "then_and_now": (
            ("以前觉得{thing}很{bad}，现在很{like}。", _P),
            ("以前很{like}这里的{thing}，现在觉得很{bad}。", _N),
        ),
    },
    {
        "thing": ["房间", "早餐", "服务", "环境", "电影", "相机"],
        "good": ["好", "棒", "出色", "令人满意"],
        "bad": ["差", "糟糕", "差劲", "令人失望"],
        "like": ["喜欢", "满意"],
        "dislike": ["讨厌", "后悔选择"],
    },
)
OWN = {"en": _ENGLISH, "zh": _CHINESE}

__all__ = ["OWN"]

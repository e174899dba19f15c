"""Names that columns usually have, in English and in Chinese, likeliest first."""

from __future__ import annotations

import re


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TEXT = _words(
    "text sentence content review message question comment body tweet query utterance title document description "
    "input review_body review_text sentence1 "
    "文本 内容 评论 评价 正文 句子 问题 消息 留言 标题 描述 输入 评论内容 文本内容 微博 微博中文内容"
)
LABEL = _words("label labels gold_label target class 标签 类别")
# These hold labels too, but a file may have several of them; then none is taken without asking.
LABEL_TOO = _words(
    "category categories intent classes sentiment topic emotion tag tags polarity rating score stars quality "
    "similarity 意图 分类 类型 情感 情感倾向 情绪 主题 话题 评分 得分 打分 星级 相似度"
)
PAIRS = (
    ("sentence1", "sentence2"),
    ("sentence_1", "sentence_2"),
    ("sentence_a", "sentence_b"),
    ("text1", "text2"),
    ("text_1", "text_2"),
    ("text_a", "text_b"),
    ("question1", "question2"),
    ("query1", "query2"),
    ("premise", "hypothesis"),
    ("text", "text_pair"),
    ("s1", "s2"),
    ("#1_string", "#2_string"),
    ("句子1", "句子2"),
    ("文本1", "文本2"),
    ("问题1", "问题2"),
    ("前提", "假设"),
)
ROW_ID = _words("id row_id uid uuid guid idx index example_id text_id 编号 序号 样本编号 样本id")
GROUP = _words("group group_id product domain customer customer_id user user_id author 组 分组 产品 商品 客户 用户")
TIME = _words("date time timestamp datetime created_at created 日期 时间 创建时间 发布时间")
WEIGHT = _words("sample_weight row_weight example_weight instance_weight 样本权重")
WEIGHT_TOO = _words("weight weights 权重")  # of a row in the loss, or of a parcel: never taken without asking
SPLIT = _words("split data_split subset set fold partition 划分 数据划分 数据集划分 数据集")
ANNOTATOR = re.compile(r"(annotator|annotation|rater|labeler|coder|标注员|标注者|标注人|标注)[ _-]?\d+")
# Who labelled a row: of one text, rows of several are votes.
LABELLER = _words(
    "annotator annotator_id annotated_by completed_by labeler labeller labeled_by rater rater_id coder worker "
    "worker_id workerid 标注员 标注者 标注人"
)
# What tools write beside labels: never the label itself.
NO_LABEL = frozenset(
    (
        *LABELLER,
        *_words(
            "created_by user user_id username lead_time updated_at created_at timestamp split fold comments "
            "annotation_id was_cancelled 审核人"
        ),
    )
)
# Answers that people preferred to others: no labels of a text.
PREFERENCES = frozenset(_words("chosen rejected rejected_response chosen_response"))

# What annotators say of a row as a whole in the column of that name: no labels either.
ANSWER = "answer"
VERDICTS = frozenset(_words("accept reject ignore skip"))

_ALL = frozenset(
    (
        *TEXT,
        *LABEL,
        *LABEL_TOO,
        *ROW_ID,
        *GROUP,
        *TIME,
        *WEIGHT,
        *WEIGHT_TOO,
        *SPLIT,
        *(name for pair in PAIRS for name in pair),
    )
)


def plain(name: str) -> str:
    """A column name for comparison: lower case, its words joined by one underscore."""
    return re.sub(r"(?<=\S)[ -]+(?=\S)", "_", name.strip().lower())


def known(name: str) -> bool:
    """Whether columns usually have this name."""
    return plain(name) in _ALL or ANNOTATOR.fullmatch(plain(name)) is not None


__all__ = [
    "ANNOTATOR",
    "ANSWER",
    "GROUP",
    "LABEL",
    "LABELLER",
    "LABEL_TOO",
    "NO_LABEL",
    "PAIRS",
    "PREFERENCES",
    "ROW_ID",
    "SPLIT",
    "TEXT",
    "TIME",
    "VERDICTS",
    "WEIGHT",
    "WEIGHT_TOO",
    "known",
    "plain",
]

"""Names that columns usually have, in English and in Chinese, likeliest first."""

from __future__ import annotations

import re

TEXT = tuple(
    "text sentence content review message question comment body tweet query utterance title document description "
    "input review_body review_text sentence1 "
    "文本 内容 评论 评价 正文 句子 问题 消息 留言 标题 描述 输入 评论内容 文本内容 微博 微博中文内容".split()
)
LABEL = tuple(
    "label labels category categories intent class classes sentiment target topic emotion tag tags polarity rating "
    "score stars quality similarity gold_label "
    "标签 类别 意图 分类 类型 情感 情感倾向 情绪 主题 话题 评分 得分 打分 星级 相似度".split()
)
PAIRS = tuple(
    tuple(pair.split("+"))
    for pair in "sentence1+sentence2 sentence_1+sentence_2 sentence_a+sentence_b text1+text2 text_1+text_2 "
    "text_a+text_b question1+question2 premise+hypothesis s1+s2 text+text_pair query1+query2 句子1+句子2 文本1+文本2 "
    "问题1+问题2 前提+假设".split()
) + (("#1 string", "#2 string"),)
ROW_ID = tuple("id row_id uid uuid guid idx index example_id text_id 编号 序号 样本编号 样本id".split())
GROUP = tuple("group group_id product domain customer customer_id user user_id author 组 分组 产品 商品 客户 用户".split())
TIME = tuple("date time timestamp datetime created_at created 日期 时间 创建时间 发布时间".split())
WEIGHT = tuple("weight sample_weight row_weight 权重 样本权重".split())
ANNOTATOR = re.compile(r"(annotator|annotation|rater|labeler|coder|标注员|标注者|标注人|标注)[ _-]?\d+")

_ALL = frozenset(
    (*TEXT, *LABEL, *ROW_ID, *GROUP, *TIME, *WEIGHT, *(name for pair in PAIRS for name in pair if len(name) > 2))
)


def plain(name: str) -> str:
    """A column name for comparison: lower case, without spaces around it, words joined by one underscore."""
    return re.sub(r"(?<=\w)[ -]+(?=\w)", "_", name.strip().lower()) if not name.startswith("#") else name.strip().lower()


def known(name: str) -> bool:
    """Whether columns usually have this name."""
    return plain(name) in _ALL or ANNOTATOR.fullmatch(plain(name)) is not None


__all__ = ["ANNOTATOR", "GROUP", "LABEL", "PAIRS", "ROW_ID", "TEXT", "TIME", "WEIGHT", "known", "plain"]

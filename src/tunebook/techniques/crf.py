"""A conditional random field on top of the tokens: whole sequences of tags are learnt, not tags one by one."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, cast

import torch.nn.functional as F  # noqa: N812
from pydantic import Field

from tunebook.core.batch import Sequential
from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.registry import technique_of
from tunebook.core.technique import Batch, Facts, LossFn, ParamGroups, RunContext, Technique
from tunebook.nets.linear_chain import NAME, LinearChain, chain_of, in_chain
from tunebook.nets.parameters import split

_MOST = 200  # types of entities: 401 tags have 160,801 transitions, and a batch holds as many numbers for each word
_PLAIN = {"class_weights": "none", "label_smoothing": 0.0}


class CRF(Technique):
    """Learn with the tags of a text which tag follows which, and read the text by both.

    The loss is the negative log-likelihood of the true tags of a whole text, in float32, by the forward algorithm: the
    sum of the logits of its words, of learnt transitions, and of learnt scores of the first and the last tag, against
    the same sum over all sequences of tags that make sense. The transitions begin at 0, where it is the plain loss but
    for sequences that make no sense. Words count by their first token, through all windows of a long text; further
    tokens of a word keep the plain loss, and the mean is over tokens as without it. Answers are the best sequence by
    the same scores (Viterbi), the score of an entity the mean chance of its tags (forward-backward).

    Transitions need far larger steps than an encoder, hence their own rate. For long entities with hard borders and few
    rows; a large encoder that sees the whole text learns most of it by itself, so test it. Not where plain
    transformers has to give the same entities: it does not know the transitions. Cost: time that grows with the length
    of a text times the square of the number of types, in training and in answering; a few percent for ten types.

    Source: Lafferty, McCallum and Pereira 2001, Conditional random fields; on top of a neural network Lample et al.
    2016 (arXiv:1603.01360), formulas 1 to 3; over the sequences that are allowed alone Papay, Klinger and Pado 2022
    (arXiv:2106.07306).
    """

    key: ClassVar[str] = NAME
    zh: ClassVar[str] = """在学习各词标签的同时学习标签之间的转移，并据两者读取文本。

    损失是整条文本的正确标签序列的负对数似然，用前向算法以 float32 计算：各词的 logits、学到的转移分以及首尾标签分之和，
    相对于所有合法标签序列的同样之和。转移从 0 开始，此时除排除不合法的序列外就是普通损失。每个词以其第一个词元计，贯穿
    长文本的所有窗口；词的其余词元仍用普通损失，平均仍按词元计算。预测取同一分数下的最佳序列（Viterbi），实体的分数是其
    各标签概率的平均（前向后向算法）。

    转移需要比编码器大得多的步长，因此有自己的学习率。适用于实体较长、边界明确而样本较少的情形；能看到全文的大编码器大
    多能自己学会，请自行测试。若必须让原版 transformers 给出同样的实体则不适用：它不认识转移分。开销：训练和预测的时间都
    随文本长度乘以类型数的平方增长；十个类型约增加百分之几。

    来源：Lafferty、McCallum 和 Pereira 2001，条件随机场；置于神经网络之上：Lample 等 2016（arXiv:1603.01360），公式 1
    至 3；只在合法序列上归一化：Papay、Klinger 和 Pado 2022（arXiv:2106.07306）。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"head", "sequences"})
    exclusive: ClassVar[str] = "loss"
    adds: ClassVar[bool] = True
    alone: ClassVar[bool] = True  # the transitions are asked outside of the pass that processes share

    learning_rate: Annotated[
        float,
        Field(ge=0, le=1),
        Row(
            "peak step size of the transitions; 0 leaves them at 0",
            zh="转移分的峰值学习率；0 表示转移保持为 0",
            aliases=("crf_learning_rate", "crf_lr"),
            search=Search(1e-3, 1e-1, log=True),
        ),
    ] = 1e-2

    def refuse(self, facts: Facts) -> None:
        """What is about single tokens, and so many types that the transitions would fill the memory.

        Raises:
            PlanError: `losses.sequence_setting`, `losses.sequence_items`, `losses.sequence_types`.
        """
        for name, plain in _PLAIN.items():
            if (value := getattr(facts.settings, name)) != plain:
                raise PlanError("losses.sequence_setting", key=name, value=value, allowed=str(plain))
        for other in sorted(facts.techniques):
            if "item_logits" in technique_of(other).needs:
                raise PlanError("losses.sequence_items", key=self.key, value=other)
        if len(facts.labels.names) > _MOST:
            raise PlanError("losses.sequence_types", key=self.key, value=len(facts.labels.names), allowed=f"<= {_MOST}")

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model with transitions: those of a run that is continued, if it has any, else 0."""
        chain = LinearChain(model.config.num_labels, next(model.parameters()).device)
        if run.source is not None and run.source.outputs_before:
            before = chain_of(run.source.before())
            if before is not None:
                chain.take(before)
        model.add_module(NAME, chain)
        return model

    def param_groups(self, groups: ParamGroups, run: RunContext) -> ParamGroups:
        """Their own rate for the transitions."""
        return [{**group, "lr": self.learning_rate} if own else group for own, group in split(groups, in_chain)]

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The likelihood of whole sequences in place of the task's loss."""
        chain = chain_of(run.model)
        assert chain is not None

        def loss(model: Any, batch: Batch) -> Any:
            _, outputs = inner(model, batch)
            found = cast(Sequential, run.criterion).sequences(outputs, batch)  # what the task gives
            moves = chain.moves(found.begins, found.follows)
            others = F.cross_entropy(found.others.logits, found.others.targets, reduction="none")
            run.acted(self.key, sequences=len(found.weights))
            return found.mean(moves.surprise(found.logits, found.real, found.targets), others), outputs

        return loss


__all__ = ["CRF"]

"""Prefix tuning: learnt keys and values before the text, in every layer."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.facts import not_given
from tunebook.core.params import Row, Search
from tunebook.core.registry import task_of
from tunebook.core.technique import Event, Facts, RunContext
from tunebook.nets.peft import BY_LAYER, RATE, Efficient, refuse_architecture, refuse_length, virtual, watch


class Prefix(Efficient):
    """Give the attention of every layer learnt keys and values before those of the text, and train these and the head.

    It acts in every layer, where `prompt` acts on the first alone. Possible only where the model takes keys and values
    from outside: BERT, RoBERTa, XLM-R, ELECTRA and decoders, not DistilBERT, DeBERTa or ModernBERT. The prefix takes
    its places from the text's: max_length and tokens together must fit the model. Not together with gradient
    checkpointing. Cost: longer keys and values in each layer; the backward pass through the whole model.

    Source: Li and Liang 2021 (arXiv:2101.00190), without the network that makes the prefix; Liu et al. 2022, P-tuning
    v2 (arXiv:2110.07602), who show that classification does without it.
    """

    key: ClassVar[str] = "prefix"
    zh: ClassVar[str] = """在每层注意力的键和值之前加入可学习的前缀，只训练它们和分类头。

    它作用于每一层，而 `prompt` 只作用于第一层。只能用于可从外部接收键和值的模型：BERT、RoBERTa、XLM-R、ELECTRA 和解码
    器；DistilBERT、DeBERTa 和 ModernBERT 不行。前缀占用文本的位置：max_length 与 tokens 之和不能超过模型的上限。不能与
    梯度检查点同用。开销：每层的键和值变长；反向要经过整个模型。

    来源：Li 和 Liang 2021（arXiv:2101.00190），不含生成前缀的网络；Liu 等 2022，P-tuning v2（arXiv:2110.07602），证明
    分类任务不需要该网络。
    """
    needs: ClassVar[frozenset[str]] = Efficient.needs
    conflicts: ClassVar[frozenset[str]] = Efficient.conflicts | BY_LAYER | {"distill_attention"}

    tokens: Annotated[
        int,
        Field(ge=1, le=1000),
        Row(
            "learnt keys and values before each text",
            zh="每条文本前可学习键值的个数",
            unit="tokens",
            aliases=("prefix_length",),
            search=Search(4, 64, log=True),
        ),
    ] = 16
    learning_rate: Annotated[float, Field(gt=0, le=1), RATE] = 3e-2

    def refuse(self, facts: Facts) -> None:
        """What this method cannot do with the architecture, models of vectors, texts that leave no room, and gradient
        checkpointing.

        Raises:
            PlanError: `plan.needs`, `peft.checkpointing` beside those of `tunebook.nets.peft`.
        """
        if not task_of(facts.task).gives & {"head", "words"}:
            raise not_given(self.key, {"head"}, facts.task)
        refuse_architecture(self.key, facts)
        refuse_length("prefix.tokens", self.tokens, facts)
        if facts.config.get("is_encoder_decoder"):  # PEFT puts no keys and values before two stacks of layers
            kind = str(facts.config.get("model_type"))
            raise PlanError("peft.architecture", key=self.key, value=kind, allowed="lora=on")
        if facts.settings.gradient_checkpointing:
            raise PlanError("peft.checkpointing", key="gradient_checkpointing", value=True, allowed="false | lora=on")

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model with its prefix."""
        from peft import PrefixTuningConfig

        return virtual(model, PrefixTuningConfig, self.tokens, token_dim=model.config.hidden_size)

    def on(self, event: Event, run: RunContext) -> None:
        """Prove that the prefix moved."""
        watch(event, run, self.key)


__all__ = ["Prefix"]

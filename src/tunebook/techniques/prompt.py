"""Prompt tuning: learnt vectors before the text."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, Facts, RunContext
from tunebook.nets.peft import BY_LAYER, BY_TOKEN, RATE, Efficient, refuse_architecture, refuse_length, virtual, watch


class Prompt(Efficient):
    """Put learnt token vectors before every text, and train these and the head.

    The virtual tokens take their places from the text's: max_length and tokens together must fit the model. The head
    reads the first position, which is then the first virtual token. For very large models that answer many tasks at
    once; small encoders gain more from `lora` or `ia3`, and without its own high learning rate this method hardly
    learns at all. Cost: longer texts forward and backward, the backward pass through the whole model; nothing else.

    Source: Lester, Al-Rfou and Constant 2021 (arXiv:2104.08691).
    """

    key: ClassVar[str] = "prompt"
    zh: ClassVar[str] = """在每条文本前加入可学习的词元向量，只训练它们和分类头。

    虚拟词元占用文本的位置：max_length 与 tokens 之和不能超过模型的上限。分类头读取第一个位置，即第一个虚拟词元。适用于
    同时回答多项任务的超大模型；小型编码器用 `lora` 或 `ia3` 收益更大，而且若不单独给它较高的学习率，这种方法几乎学不到
    东西。开销：前向和反向的文本变长，反向要经过整个模型；此外没有。

    来源：Lester、Al-Rfou 和 Constant 2021（arXiv:2104.08691）。
    """
    needs: ClassVar[frozenset[str]] = Efficient.needs | {"free_tokens"}
    conflicts: ClassVar[frozenset[str]] = Efficient.conflicts | BY_LAYER | BY_TOKEN

    tokens: Annotated[
        int,
        Field(ge=1, le=1000),
        Row(
            "learnt vectors before each text",
            zh="每条文本前可学习向量的个数",
            unit="tokens",
            aliases=("prompt_length",),
            search=Search(4, 64, log=True),
        ),
    ] = 16
    start: Annotated[
        Literal["vocabulary", "random"],
        Row(
            "how they begin: as vectors of tokens drawn from the vocabulary, or random",
            zh="初始值：从词表中随机抽取的词向量（vocabulary）或随机向量（random）",
        ),
    ] = "vocabulary"
    learning_rate: Annotated[float, Field(gt=0, le=1), RATE] = 1e-2

    def refuse(self, facts: Facts) -> None:
        """What this method cannot do with the architecture, and texts that leave no room."""
        refuse_architecture(self.key, facts)
        refuse_length("prompt.tokens", self.tokens, facts)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model with its virtual tokens."""
        from peft import PromptTuningConfig, PromptTuningInit

        start = PromptTuningInit.SAMPLE_VOCAB if self.start == "vocabulary" else PromptTuningInit.RANDOM
        width = model.get_input_embeddings().embedding_dim
        return virtual(model, PromptTuningConfig, self.tokens, token_dim=width, prompt_tuning_init=start)

    def on(self, event: Event, run: RunContext) -> None:
        """Prove that the vectors moved."""
        watch(event, run, self.key)


__all__ = ["Prompt"]

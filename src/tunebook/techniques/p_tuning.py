"""P-tuning: learnt vectors before the text, made by a small network."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, Facts, RunContext
from tunebook.nets.peft import BY_LAYER, BY_TOKEN, RATE, Efficient, refuse_architecture, refuse_length, virtual, watch


class PTuning(Efficient):
    """Put token vectors before every text that a small network makes from learnt ones, and train these and the head.

    Steadier than `prompt`, for the network ties the vectors together; once trained only the vectors are kept. The
    virtual tokens take their places from the text's: max_length and tokens together must fit the model. Not the first
    choice for small encoders, where `lora` reaches more. Cost: as `prompt`, and the network while training.

    Source: Liu et al. 2021 (arXiv:2103.10385), section 3.2; the network is an MLP of three layers.
    """

    key: ClassVar[str] = "p_tuning"
    zh: ClassVar[str] = """在每条文本前加入由小网络生成的词元向量，只训练它们和分类头。

    比 `prompt` 稳定，因为小网络把各个向量联系在一起；训练完成后只保留向量。虚拟词元占用文本的位置：max_length 与
    tokens 之和不能超过模型的上限。小型编码器不应首选它，`lora` 能达到更好的效果。开销：与 `prompt` 相同，训练时另加小
    网络。

    来源：Liu 等 2021（arXiv:2103.10385），第 3.2 节；小网络是三层的 MLP。
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
            aliases=("virtual_tokens",),
            search=Search(4, 64, log=True),
        ),
    ] = 16
    hidden: Annotated[
        int,
        Field(ge=1, le=8192),
        Row("width of the network's hidden layers", zh="生成网络隐藏层的宽度", aliases=("encoder_hidden_size",)),
    ] = 128
    learning_rate: Annotated[float, Field(gt=0, le=1), RATE] = 1e-2

    def refuse(self, facts: Facts) -> None:
        """What this method cannot do with the architecture, and texts that leave no room."""
        refuse_architecture(self.key, facts)
        refuse_length("p_tuning.tokens", self.tokens, facts)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model with its virtual tokens and the network that makes them."""
        from peft import PromptEncoderConfig

        width = model.get_input_embeddings().embedding_dim
        return virtual(model, PromptEncoderConfig, self.tokens, token_dim=width, encoder_hidden_size=self.hidden)

    def on(self, event: Event, run: RunContext) -> None:
        """Prove that the vectors moved."""
        watch(event, run, self.key)


__all__ = ["PTuning"]

"""Freezing: train only the upper part of the model, or leave parts out by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from tunebook.core.errors import PlanError
from tunebook.core.messages import say
from tunebook.core.params import Row
from tunebook.core.technique import Batch, LossFn, RunContext, Technique
from tunebook.models.architecture import depths, frozen_modules


class Freeze(Technique):
    """Leave the embeddings and the lowest layers, or the whole encoder, as they were pretrained.

    `freeze=on` alone freezes the whole encoder, which then only gives features. What is frozen also runs without
    dropout: it is a fixed function of its input. The pooler and the head are always trained. Cost: less of the
    backward pass, and no optimiser state for what is frozen. Not for texts far from what the model was pretrained on:
    its lower layers then have to learn too. With the whole encoder frozen the head reads the first token, which many
    encoders never taught to speak for the text, and wants a rate of about 3e-3. `linear_probe` reads the mean of all
    tokens and needs no rate: take it where nothing but the head is to be learnt.

    Source: Howard and Ruder 2018 (arXiv:1801.06146); Lee, Tang and Lin 2019 (arXiv:1911.03090) on how many layers.
    """

    key: ClassVar[str] = "freeze"
    zh: ClassVar[str] = """让嵌入层和最底部的若干层（或整个编码器）保持预训练时的样子。

    只写 `freeze=on` 会冻结整个编码器，编码器此时只提供特征。被冻结的部分也不使用 dropout：它是输入的固定函数。池化层和
    分类头总是参与训练。开销：反向减少，被冻结的部分没有优化器状态。不适用于与预训练文本相差很远的文本：此时底层也需要
    学习。冻结整个编码器时，分类头读取第一个词元，而许多编码器从未让它代表整条文本，因此需要约 3e-3 的学习率。
    `linear_probe` 读取所有词元的平均，也不需要学习率：若只需要学习分类头，请用它。

    来源：Howard 和 Ruder 2018（arXiv:1801.06146）；Lee、Tang 和 Lin 2019（arXiv:1911.03090），关于冻结多少层。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers"})
    after: ClassVar[frozenset[str]] = frozenset({"student"})
    in_lines: ClassVar[bool] = True
    in_parts: ClassVar[bool] = True

    layers: Annotated[
        Annotated[int, Field(ge=-1024)] | Literal["all"] | None,
        Row(
            "lowest layers to freeze, the embeddings with them; -2 freezes all but the two highest; all freezes the "
            "whole encoder; none does so too, unless embeddings or pattern say what to freeze",
            zh="冻结最底部的层数（连同嵌入层）；-2 表示除最高的两层外全部冻结；all 表示冻结整个编码器；none 同 all，"
            "但设置了 embeddings 或 pattern 时以其为准",
            unit="layers",
        ),
    ] = None
    embeddings: Annotated[
        bool, Row("freeze the embeddings even when no layer is frozen", zh="即使不冻结任何层也冻结嵌入层")
    ] = False
    pattern: Annotated[
        str | None,
        Row(
            "regular expression; parameters whose name it finds are frozen too",
            zh="正则表达式；名称匹配的参数也会被冻结",
        ),
    ] = None

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:  # no ValueError, which is what pydantic reports as the row's fault
                raise ValueError(str(error)) from error
        return pattern

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """Switch gradients off for all that is frozen, and count it.

        Raises:
            PlanError: nothing was frozen, more layers than there are, or nothing is left to train.
        """
        found = depths(model)
        count = self._count(found.layers)
        if not 0 <= count <= found.layers:
            allowed = f"{-found.layers} … {found.layers} | all"
            raise PlanError("freeze.layers", key="freeze.layers", value=self.layers, allowed=allowed)
        frozen = 0
        for name, parameter in model.named_parameters():
            if self._frozen(name, found.of[name], count):
                parameter.requires_grad_(False)
                frozen += parameter.numel()
        trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
        if not frozen or not trained:
            raise PlanError("freeze.nothing" if not frozen else "freeze.everything", key="freeze", value=self.pattern)
        run.noted(self.key, parameters_frozen=frozen, share_frozen=frozen / (frozen + trained), layers_frozen=count)
        return model

    def _count(self, layers: int) -> int:
        """How many of the layers are frozen."""
        if self.layers is None:
            return 0 if self._elsewhere else layers
        if self.layers == "all":
            return layers
        return self.layers if self.layers >= 0 else layers + self.layers

    def meant(self) -> Mapping[str, str]:
        """What is frozen where the number of layers is left open."""
        if self.layers is not None:
            return {}
        return {"layers": say("freeze.no_layer") if self._elsewhere else say("freeze.whole")}

    @property
    def _elsewhere(self) -> bool:
        """Whether another row says what is frozen."""
        return self.embeddings or self.pattern is not None

    @property
    def _below(self) -> bool:
        """Whether the embeddings are frozen though no layer is; they lie below whatever is counted from the highest."""
        return self.embeddings or (isinstance(self.layers, int) and self.layers < 0)

    def _frozen(self, name: str, depth: int, count: int) -> bool:
        low = depth <= count if count else self._below and depth == 0
        return low or (self.pattern is not None and re.search(self.pattern, name) is not None)

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Keep the frozen layers out of training mode, so that they have no dropout."""
        count = self._count(depths(run.model).layers)
        modules = frozen_modules(run.model, count) if count or self._below else []

        def loss(model: Any, batch: Batch) -> Any:
            for module in modules:  # from the outermost, which settles all that it holds
                if module.training:
                    module.eval()
            return inner(model, batch)

        return loss


__all__ = ["Freeze"]

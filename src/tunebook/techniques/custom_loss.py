"""A loss of the user's own, from a Python file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor

from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.own_code import ALLOW, allowed, function_of
from tunebook.core.params import Row
from tunebook.core.technique import Batch, Facts, LossFn, RunContext, Technique
from tunebook.nets.classify import refuse_smoothing

_ITEMS = 4  # of the batch on which a function is tried

Losses = Callable[[Tensor, Tensor], Tensor]


class CustomLoss(Technique):
    """Minimise what a function of a Python file says each item costs.

    The function gets `logits` of shape (M, outputs) in float32 and `targets` of shape (M,), or (M, outputs) for
    several labels, and returns one loss an item, shape (M,); weights of rows and classes are applied to that. It is
    tried on a few random items before training. The file is run as any program is, so it has to be allowed: set the
    environment variable TUNEBOOK_ALLOW_CODE=1. Its bytes belong to the plan, but not those of what it imports. Label
    smoothing is its own matter. Take a loss that is here already where one fits. Cost: that of the function.

    Source: none but yours; the interface is that of torch's losses with reduction="none".
    """

    key: ClassVar[str] = "custom_loss"
    zh: ClassVar[str] = """使用自己的 Python 文件中的函数计算每个样本的损失。

    函数接收 float32 的 `logits`，形状为 (M, outputs)，以及 `targets`，形状为 (M,)，多标签时为 (M, outputs)；返回每个样
    本的损失，形状为 (M,)，样本和类别的权重再作用于其上。训练前会用几个随机样本试算。这个文件会像任何程序一样被执行，因
    此需要明确允许：设置环境变量 TUNEBOOK_ALLOW_CODE=1。文件的字节属于计划的一部分，但它导入的其他模块不算在内。标签平
    滑由函数自行处理。若已有合适的损失，请直接使用。开销：取决于该函数。

    来源：由使用者自己编写；接口与 torch 中 reduction="none" 的损失相同。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"head", "item_logits"})
    exclusive: ClassVar[str] = "loss"
    in_lines: ClassVar[bool] = True

    file: Annotated[
        str | None, Row("Python file that holds the function", zh="函数所在的 Python 文件", input="file")
    ] = None
    function: Annotated[
        str, Row("name of the function in it: (logits, targets) -> losses", zh="函数名：(logits, targets) -> losses")
    ] = "loss"

    def refuse(self, facts: Facts) -> None:
        """A file that may be run.

        Raises:
            PlanError: `losses.no_file`, `losses.code`, `losses.smoothing`, `losses.class_weights`.
        """
        if self.file is None:
            raise PlanError("losses.no_file", key="custom_loss.file")
        _check_allowed(self.file)
        refuse_smoothing(self.key, facts)
        if facts.labels.kind.link == "sigmoid" and facts.settings.class_weights != "none":
            raise PlanError("losses.class_weights", key=self.key, value=facts.settings.class_weights, allowed="none")

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The function's loss in place of the task's.

        Raises:
            PlanError: `losses.code`, `losses.function`: it may not be run, or does not work.
        """
        assert run.source is not None and run.labels is not None
        path = run.source.file("custom_loss.file")
        _check_allowed(path.name)
        function = self._function(path)
        self._try(function, run.labels)

        def loss(model: Any, batch: Batch) -> Any:
            assert run.criterion is not None
            _, outputs = inner(model, batch)
            items = run.criterion.flat(outputs, batch)
            run.acted(self.key, items=len(items.targets))
            unit = run.criterion.unit  # the function reads numbers as the labels have them
            own = (items.logits, items.targets) if unit == 1 else (items.logits * unit, items.targets * unit)
            return items.mean(function(*own)), outputs

        return loss

    def _function(self, path: Path) -> Losses:
        try:
            return function_of(path, self.function)
        except Exception as error:  # whatever the user's file does wrong
            raise self._wrong(f"{type(error).__name__}: {error}") from error

    def _try(self, function: Losses, labels: Labels) -> None:
        """Look at what it makes of a few items, without touching the draws of the training."""
        logits = torch.randn(_ITEMS, labels.outputs, generator=torch.Generator().manual_seed(0)).requires_grad_()
        classes = torch.arange(_ITEMS) % max(len(labels.names), 2)
        link = labels.kind.link
        several = torch.eye(_ITEMS, labels.outputs) if link == "sigmoid" else classes
        try:
            losses = function(logits, classes.float() if link == "identity" else several)
            shape = tuple(losses.shape)
            if shape != (_ITEMS,):
                raise ValueError(f"it returns the shape {shape}, not {(_ITEMS,)}")
            (slope,) = torch.autograd.grad(losses.sum(), logits)
        except Exception as error:  # whatever the user's function does wrong
            raise self._wrong(f"{type(error).__name__}: {error}") from error
        if not (torch.isfinite(losses).all() and torch.isfinite(slope).all()):
            raise self._wrong("the loss or its gradient is not finite")
        if not slope.any():
            raise self._wrong("its gradient is 0 everywhere")

    def _wrong(self, reason: str) -> PlanError:
        return PlanError("losses.function", key="custom_loss.function", value=self.function, reason=reason)


def _check_allowed(file: str) -> None:
    if not allowed():
        raise PlanError("losses.code", key="custom_loss.file", value=file, allowed=f"{ALLOW}=1")


__all__ = ["ALLOW", "CustomLoss"]

"""Gradual unfreezing: the head first, then layer by layer from the top."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.params import Row
from tunebook.core.technique import Event, Facts, RunContext, Technique
from tunebook.models.architecture import depths
from tunebook.nets.averages import moved
from tunebook.tables.rules import effective_batch, planned_steps


class GradualUnfreezing(Technique):
    """Train the head alone at first, then one more layer from the top each time, the embeddings last of all.

    What is still frozen does not move by a single bit: no gradient, no weight decay. All of it is in the optimiser from
    the start, and its moments begin when it is unfrozen. Unless `every` says otherwise, layers are unfrozen evenly over
    the first quarter of the steps, however long the training and deep the model is. For few rows, where a random head
    would spoil the encoder before it has learnt to read it. Not with `by=epoch` for short trainings: with three epochs
    only two layers of the encoder are ever trained. What freeze, or a method such as LoRA, holds fixed stays so.

    With several processes it works as with one, but not together with gradient_checkpointing, for which transformers
    keeps torch from looking for parameters without a gradient.

    Cost: none; the backward pass of frozen layers is saved.

    Source: ULMFiT, Howard and Ruder 2018 (arXiv:1801.06146), section 3.3, one layer each epoch (`by=epoch`).
    """

    key: ClassVar[str] = "gradual_unfreezing"
    zh: ClassVar[str] = """逐步解冻：先只训练分类头，再自顶向下逐层解冻，最后是嵌入层。

    仍被冻结的部分一个比特也不会变：没有梯度，也没有权重衰减。它们从一开始就在优化器中，动量从解冻时开始累积。除非用
    `every` 另行指定，各层在前四分之一的步数内均匀解冻，与训练长度和模型深度无关。适用于样本少的情形：随机的分类头在学
    会读取编码器之前，会先破坏编码器。短训练不要用 `by=epoch`：只有三轮时，编码器最多训练到两层。被 freeze 或 LoRA 等方
    法固定的部分仍保持固定。

    多进程与单进程效果相同，但不能与 gradient_checkpointing 同用：此时 transformers 不让 torch 查找没有梯度的参数。

    开销：无；还省去了冻结层的反向。

    来源：ULMFiT，Howard 和 Ruder 2018（arXiv:1801.06146），第 3.3 节，每轮解冻一层（`by=epoch`）。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers"})
    after: ClassVar[frozenset[str]] = frozenset({"freeze"})

    by: Annotated[
        Literal["epoch", "step", "plateau"],
        Row(
            "what is counted until the next layer: epochs, steps, or looks without a better score",
            zh="以什么计数来解冻下一层：轮数、步数，或验证指标无提升的次数",
        ),
    ] = "step"
    every: Annotated[
        Annotated[int, Field(ge=1)] | None,
        Row(
            "how many of them until the next layer; none is 1, or as many steps as unfreeze all in the first quarter",
            zh="间隔多少（轮、步或次）解冻下一层；none 表示 1，按步计时则在前四分之一步数内均匀解冻全部",
        ),
    ] = None
    layers: Annotated[
        int,
        Field(ge=1),
        Row("layers unfrozen each time", zh="每次解冻的层数", unit="layers"),
    ] = 1

    @property
    def _every(self) -> int:
        return self.every or 1

    def refuse(self, facts: Facts) -> None:
        """Something must be unfrozen before training ends.

        Raises:
            PlanError: `unfreezing.never`.
        """
        steps = planned_steps(facts.settings, facts.rows)
        epochs = math.ceil(steps / math.ceil(facts.rows / effective_batch(facts.settings)))
        whole = {"epoch": epochs, "step": steps, "plateau": self._every + 1}[self.by]
        if self._every >= whole:
            allowed = f"1 … {whole - 1}" if whole > 1 else "gradual_unfreezing.by=step"
            raise PlanError("unfreezing.never", key="gradual_unfreezing.every", value=self._every, allowed=allowed)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model as it is: what is frozen later must be known to the optimiser first.

        Raises:
            PlanError: `unfreezing.nothing`: below the head nothing is trained anyway.
        """
        found = depths(model)
        if not any(item.requires_grad and found.of[name] < found.top for name, item in model.named_parameters()):
            raise PlanError("unfreezing.nothing", key=self.key)
        return model

    def on(self, event: Event, run: RunContext) -> None:
        """Freeze at the start, unfreeze in time, and leave everything trainable in the end."""
        state = run.state.setdefault(self.key, {"opened": 0, "waited": 0})
        if event == "start":
            state["times"] = math.ceil(depths(run.model).top / self.layers)
            self._set(state["opened"], run)
        elif event == "epoch" and self.by == "epoch":
            self._open(int(run.epoch) // self._every, state, run)
        elif event == "after_step":
            run.acted(self.key, steps_partly_frozen=int(not all(item.requires_grad for item in moved(run).values())))
            if self.by == "step":
                self._open(self._after(run.step + 1, state["times"], run.total_steps), state, run)
        elif event == "look" and self.by == "plateau":
            state["waited"] = 0 if run.best else state["waited"] + 1
            self._open(state["opened"] + (state["waited"] == self._every), state, run)
            state["waited"] %= self._every
        elif event == "end":
            for item in moved(run).values():
                item.requires_grad_(True)

    def _after(self, done: int, times: int, steps: int) -> int:
        """How many times layers have been unfrozen after so many steps: `times` of them open everything."""
        return done // self.every if self.every else min(4 * times * done // steps, times)

    def _open(self, times: int, state: dict[str, Any], run: RunContext) -> None:
        """Let so many times `layers` of them be trained."""
        if times != state["opened"]:
            state["opened"] = times
            self._set(times, run)

    def _set(self, times: int, run: RunContext) -> None:
        found = depths(run.model)
        opened = min(times * self.layers, found.top)
        for name, item in moved(run).items():
            item.requires_grad_(found.of[name] >= found.top - opened)
        run.noted(self.key, layers_unfrozen=min(opened, found.layers), embeddings_unfrozen=int(opened == found.top))


__all__ = ["GradualUnfreezing"]

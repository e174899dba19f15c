"""Several tasks at once: other books' rows are learnt beside the book's own, on one body, each with a head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.task import Criterion, Measures, OtherBook
from tunebook.core.technique import Batch, Event, Facts, LossFn, ParamGroups, RunContext, Technique, View
from tunebook.nets.heads import unit_of
from tunebook.nets.multi_task import (
    EXTRA,
    PLACE,
    TASK,
    Mixing,
    TaskHeads,
    answer,
    append_tasks,
    average_weights,
    body_of,
    headlines,
    last_shared,
    mixed_counts,
    note_gradients,
    note_sums,
    project_conflicts,
    put_gradients,
    renew_weights,
    taken,
)
from tunebook.nets.parameters import split

_BOOKS = "multi_task.books"
_PLAIN = {"class_weights": "none", "label_smoothing": 0.0}
Numbers = NDArray[np.int64]


class MultiTask(Technique):
    """Learn related books beside this one, on the same encoder with a head for each.

    The rows of the other books are mixed into each epoch; all layers but the heads are shared, and the validation rows
    of this book alone decide which checkpoint is kept. Try it where labels are few and a related book has many; tasks
    that have little to do with each other harm each other, and `weight` or `balance` mends that only in part. For one
    large and one small book `intermediate` (one after the other) is often as good and simpler. Cost: the rows of the
    other books; token vectors are trained whole; gradnorm costs a short backward pass more a task, pcgrad a whole one
    and memory for a gradient a task. Of several processes it knows nothing, and refuses them.

    Source: Caruana 1997; mixing after Raffel et al. 2020 (arXiv:1910.10683), section 3.5.2; balance after Kendall et
    al. 2018 (arXiv:1705.07115), formula 10, Chen et al. 2018 (arXiv:1711.02257), Liu et al. 2019 (arXiv:1803.10704),
    formula 7, and Yu et al. 2020 (arXiv:2001.06782), algorithm 1.
    """

    key: ClassVar[str] = "multi_task"
    zh: ClassVar[str] = """与本 book 同时学习其他相关的 book：共享编码器，各有自己的分类头。

    其他 book 的样本混入每一轮；除分类头外各层共享，保留哪个检查点只由本 book 的验证样本决定。标签少而相关的 book 数据
    多时可以一试；关系不大的任务会互相损害，`weight` 和 `balance` 只能部分弥补。若是一大一小两个 book，先后训练的
    `intermediate` 往往同样好，也更简单。开销：其他 book 的样本；词向量要全部训练；每项任务在 gradnorm 时多一次短的反
    向，在 pcgrad 时多一次完整的反向和一份梯度的内存。拒绝多进程。

    来源：Caruana 1997；混合方式取自 Raffel 等 2020（arXiv:1910.10683），第 3.5.2 节；平衡方式取自 Kendall 等
    2018（arXiv:1705.07115），公式 10，Chen 等 2018（arXiv:1711.02257），Liu 等 2019（arXiv:1803.10704），公式 7，以及
    Yu 等 2020（arXiv:2001.06782），算法 1。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"head", "row_logits"})
    whole_vocabulary: ClassVar[bool] = True
    outermost: ClassVar[bool] = True
    alone: ClassVar[bool] = True

    books: Annotated[list[str] | None, Row("folders of the other books", zh="其他 book 的文件夹", input="book")] = None
    mixing: Annotated[
        Mixing,
        Row(
            "how often their rows are seen: as many as they are, their number to the power 1 / temperature, or as many "
            "as this book's",
            zh="其样本出现的频率：按样本数（size）、其 1/temperature 次方（temperature）或与本 book 相同（equal）",
        ),
    ] = "size"
    temperature: Annotated[
        float, Field(ge=1), Row("evens out the sizes (mixing = temperature)", zh="使各任务数量趋于均衡的温度")
    ] = 2.0
    limit: Annotated[
        int | None,
        Field(ge=1),
        Row("rows that a book counts for at most in the mixing", zh="混合时每个 book 最多按多少条计", unit="rows"),
    ] = None
    weight: Annotated[
        float,
        Field(ge=0),
        Row(
            "what a row of another book weighs; 0 leaves them out",
            zh="其他 book 样本的权重；0 表示不使用",
            search=Search(0.1, 2),
        ),
    ] = 1.0
    balance: Annotated[
        Literal["fixed", "uncertainty", "gradnorm", "dwa", "pcgrad"],
        Row(
            "how the tasks' losses are brought together: by weight alone, by learnt uncertainty, by the norms of their "
            "gradients, by how fast they fall, or by projecting conflicting gradients",
            zh="各任务损失的平衡方式：固定权重、不确定性、梯度范数（gradnorm）、下降速度（dwa）或梯度冲突投影（pcgrad）",
        ),
    ] = "fixed"
    alpha: Annotated[
        float, Field(ge=0), Row("pull on tasks that lag behind (gradnorm)", zh="对落后任务的拉动强度（gradnorm）")
    ] = 1.5
    rate: Annotated[
        float,
        Field(gt=0, le=1),
        Row("step size of the weights (gradnorm, uncertainty)", zh="权重的步长（gradnorm、uncertainty）"),
    ] = 0.025
    task_embedding: Annotated[
        bool,
        Row(
            "add a learnt vector of the task to the token vectors of other books' rows",
            zh="给其他 book 的词向量加上任务向量",
        ),
    ] = False

    def refuse(self, facts: Facts) -> None:
        """Refuse to run without books, and pcgrad in 16-bit floats, whose gradients are scaled."""
        if not self.books:
            raise PlanError("multi_task.books", key=_BOOKS, value=self.books)
        if self.balance in ("pcgrad", "gradnorm") and facts.settings.precision == "fp16":
            raise PlanError("multi_task.fp16", key="precision", value="fp16", allowed="bf16 | fp32")

    def prepare_data(self, view: View, run: RunContext) -> View:
        """This book's rows with the others' after them, mixed anew in each epoch."""
        if not self.weight:
            return view
        others = _others(run)
        rows = append_tasks(view.rows, [book.train for book in others])
        main = len(view.order(0)) if view.order is not None else len(view.rows)
        sizes = [len(book.train) for book in others]
        counts = mixed_counts(main, sizes, self.mixing, self.temperature, self.limit)
        starts = np.cumsum([len(view.rows), *sizes])
        run.noted(self.key, **{f"rows_{book.name}": count for book, count in zip(others, counts, strict=True)})

        def order(epoch: int) -> Numbers:
            draw = np.random.default_rng([run.seed, epoch])
            own = view.order(epoch) if view.order is not None else np.arange(len(view.rows))
            parts = [
                taken(draw, size, count) + start for size, count, start in zip(sizes, counts, starts, strict=False)
            ]
            return draw.permutation(np.concatenate([own, *parts]))

        return View(rows, order)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model with heads that it is kept without."""
        if not self.weight or run.source is None:  # nobody knows the books while a plan is made
            return model
        others = [_Other.of(number, book, run) for number, book in enumerate(_others(run))]
        labels, units = [book.labels for book in _others(run)], [other.criterion.unit for other in others]
        width = body_of(model).config.hidden_size
        embedded = model.get_input_embeddings().embedding_dim if self.task_embedding else 0
        heads = TaskHeads(width, labels, units=units, embedded=embedded, balanced=self.balance == "uncertainty")
        model.add_module(EXTRA, heads)
        return model

    def param_groups(self, groups: ParamGroups, run: RunContext) -> ParamGroups:
        """The learnt uncertainties have a rate of their own: with that of an encoder they would stay where they are."""
        parts = list(split(groups, lambda name: name == f"{EXTRA}.log_variance"))
        rest = [group for own, group in parts if not own]
        return rest + [{**group, "lr": self.rate, "weight_decay": 0.0} for own, group in parts if own]

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """This book's rows go to its own loss, the others' to their heads; the loss is a mean over all of them."""
        if not self.weight:
            return inner
        others = [_Other.of(number, book, run) for number, book in enumerate(_others(run))]

        def loss(model: Any, batch: Batch) -> tuple[Tensor, Any]:
            assert run.criterion is not None
            sums: dict[int, tuple[Tensor, Tensor]] = {}
            outputs = None
            own = _part(batch, batch[TASK] == 0)
            if len(own["labels"]):
                mean, outputs = inner(model, own)
                items = run.criterion.items(own)
                sums[0] = (mean * items, items)
            for other in others:
                part = _part(batch, batch[TASK] == other.number + 1)
                if len(part["labels"]):
                    sums[other.number + 1] = other.loss(run.model, part)
            run.acted(self.key, rows=len(batch[TASK]) - len(own["labels"]))
            total = run.criterion.items(batch)
            return self._together(sums, total, run) / total.clamp_min(1e-12), outputs

        return loss

    def _together(self, sums: dict[int, tuple[Tensor, Tensor]], total: Tensor, run: RunContext) -> Tensor:
        """Weighted sum of the tasks' sums of losses, by the weights that this step has; notes what the next needs."""
        state = run.state.setdefault(self.key, {})
        weights = state.get("weights")
        logs = run.model.get_submodule(EXTRA).log_variance
        whole = total.new_zeros(())
        if self.balance in ("gradnorm", "dwa"):
            note_sums(state, sums, 1 + len(self.books or ()))
        if self.balance == "gradnorm":
            note_gradients(state, {task: value for task, (value, _) in sums.items()}, [last_shared(run.model)])
        for task, (value, items) in sums.items():
            fixed = self.weight if task else 1.0
            if weights is not None:
                value = value * weights[task].to(value)
            if logs is not None:
                half = 0.5 if self._numbers(task, run) else 1.0
                value = value * torch.exp(-logs[task]) * half + items * logs[task] / 2
            sums[task] = (fixed * value, items)
            whole = whole + fixed * value
        if self.balance == "pcgrad":
            shared = [item for item in body_of(run.model).parameters() if item.requires_grad]
            note_gradients(state, {task: value for task, (value, _) in sums.items()}, shared)
            state["items"] = state.get("items", 0.0) + total.detach()
        return whole

    def _numbers(self, task: int, run: RunContext) -> bool:
        """Whether a task's loss is a squared error, of which half belongs to a normal density."""
        labels = run.labels if task == 0 else _others(run)[task - 1].labels
        return labels is not None and labels.kind.link == "identity"

    def on(self, event: Event, run: RunContext) -> None:
        """Weights and gradients of the step or the epoch, and what the other books' validation rows say at the end."""
        if not self.weight:
            return
        state = run.state.setdefault(self.key, {})
        if event == "epoch" and self.balance == "dwa" and "sums" in state:
            means = [*state.get("means", []), state.pop("sums") / state.pop("counts").clamp_min(1)][-2:]
            state["means"] = means
            if len(means) == 2:
                state["weights"] = average_weights(*means)
        elif event == "before_step" and self.balance == "gradnorm":
            renew_weights(state, self.alpha, self.rate)
        elif event == "gradients" and self.balance == "pcgrad":
            self._project(state, run)
        elif event == "end":
            run.noted(self.key, **headlines(run, _others(run)))
            logs = run.model.get_submodule(EXTRA).log_variance
            weights = state.get("weights", []) if logs is None else torch.exp(-logs.detach())
            run.noted(self.key, **{f"weight_{n}": float(value) for n, value in enumerate(weights)})

    def _project(self, state: dict[str, Any], run: RunContext) -> None:
        gradients, items = state.pop("gradients"), state.pop("items")
        stacked = torch.stack([gradients[task] for task in sorted(gradients)]) / items
        draw = np.random.default_rng([run.seed, run.step])
        numbers = range(len(stacked))
        order = [draw.permutation([other for other in numbers if other != own]).tolist() for own in numbers]
        total, conflicts = project_conflicts(stacked, order)
        run.acted(self.key, conflicts=conflicts)
        shared = [item for item in body_of(run.model).parameters() if item.requires_grad]
        if conflicts:
            put_gradients(shared, total)


@dataclass(frozen=True)
class _Other:
    """An auxiliary task: its number, its loss, and the targets of its training rows."""

    number: int
    criterion: Criterion
    targets: Tensor

    @classmethod
    def of(cls, number: int, book: OtherBook, run: RunContext) -> _Other:
        targets = book.train.fixed["labels"]
        criterion = book.task.criterion(book.labels, run.settings.model_copy(update=_PLAIN), book.train)
        criterion = criterion.measured(unit_of(targets)) if isinstance(criterion, Measures) else criterion
        return cls(number, criterion, torch.from_numpy(targets))

    def loss(self, model: Any, part: Batch) -> tuple[Tensor, Tensor]:
        """Sum of the losses of its rows, and their number."""
        targets = self.targets.to(part[PLACE].device)[part[PLACE]]
        own = {name: value for name, value in part.items() if name != "sample_weight"} | {"labels": targets}
        mean, _ = self.criterion.loss(lambda **given: SimpleNamespace(logits=answer(model, given, self.number)), own)
        items = self.criterion.items(own)
        return mean * items, items


def _others(run: RunContext) -> Sequence[OtherBook]:
    assert run.source is not None
    return run.source.books(_BOOKS)


def _part(batch: Batch, where: Tensor) -> Batch:
    return {name: value[where] for name, value in batch.items()}


__all__ = ["MultiTask"]

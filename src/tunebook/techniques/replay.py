"""Replay: some rows of the runs before, or all of them, are trained on beside the new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from tunebook.core.encoded import Encoded, join, one_column
from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.reference import Refers
from tunebook.core.registry import task_of
from tunebook.core.technique import Batch, Facts, RunContext, Technique, View, model_inputs

Numbers = NDArray[np.int64]


class Replay(Technique):
    """Keep `size` rows of the runs before and train on them beside the new rows; with size=all it is joint training.

    The first thing to try against forgetting: a few hundred old rows keep more than any penalty. For runs that continue
    from another (--continue-from) and may train on its rows. Without `share` each kept row comes once an epoch; with
    it, so many are drawn for each epoch, again and again where there are few. Not where the old rows may no longer be
    kept, by law or contract: see ewc, mas, si and lwf.
    Cost: the time for the rows that are added to each epoch; herding runs the old model once over all old rows.

    Source: Rebuffi et al. 2017 (arXiv:1611.07725), algorithm 4, on herding; Chaudhry et al. 2019 (arXiv:1902.10486) on
    reservoir and balanced memories; Vitter 1985 on the reservoir, which holds a uniform sample of all rows seen.
    """

    key: ClassVar[str] = "replay"
    zh: ClassVar[str] = """保留先前训练的 `size` 条样本，与新样本一起训练；size=all 即联合训练。

    对付遗忘应首先尝试：几百条旧样本比任何惩罚项都保得多。适用于从另一次训练继续（--continue-from），且可以用其样本训练
    的情形。不写 `share` 时，每条保留的样本每轮出现一次；写了则每轮抽取相应数量，样本少时会反复抽取。若法律或合同不允许
    继续保存旧样本，则不适用，见 ewc、mas、si 和 lwf。开销：每轮增加的样本所需的时间；herding 要让旧模型把全部旧样本过
    一遍。

    来源：Rebuffi 等 2017（arXiv:1611.07725），算法 4，关于 herding；Chaudhry 等 2019（arXiv:1902.10486），关于蓄水池和
    均衡的记忆；Vitter 1985，蓄水池是全部已见样本的均匀抽样。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"past"})

    size: Annotated[
        Annotated[int, Field(ge=1)] | Literal["all"],
        Row(
            "rows kept of all runs before together; all keeps every one (joint training)",
            zh="从先前所有训练中保留的样本总数；all 表示全部保留（联合训练）",
            unit="rows",
            aliases=("mem_size", "memory_size", "buffer_size"),
            search=Search(50, 2000, log=True),
        ),
    ] = 200
    choice: Annotated[
        Literal["reservoir", "balanced", "herding"],
        Row(
            "which rows: a uniform sample, as many of each class, or of each class those nearest to its mean together",
            zh="样本选择方式：均匀抽样、各类等量，或各类中均值最接近该类中心的样本",
        ),
    ] = "balanced"
    share: Annotated[
        Annotated[float, Field(gt=0, lt=1)] | None,
        Row(
            "share of each epoch's rows that are old ones; none lets each kept row come once",
            zh="每轮样本中旧样本所占的比例；none 表示每个保留样本出现一次",
            search=Search(0.05, 0.5),
        ),
    ] = None

    def refuse(self, facts: Facts) -> None:
        """Refuse to balance what has no classes, and rows of which the reference model was not asked."""
        task = task_of(facts.task)()
        if isinstance(task, Refers) and task.refers(facts.settings):
            raise PlanError("preference.replay", key=self.key, value=facts.task)
        if facts.labels.kind.classes == "none" and self.choice != "reservoir":
            raise PlanError("forgetting.classes", key="replay.choice", value=self.choice, allowed="reservoir")

    def prepare_data(self, view: View, run: RunContext) -> View:
        """The rows with the memory after them, in an order that mixes both."""
        assert run.source is not None and run.source.past is not None and run.labels is not None
        past = run.source.past
        memory = past.take(self._chosen(past, run))
        new, old = len(view.rows), len(memory)
        asked = view.order
        count = new if asked is None else len(asked(0))
        drawn = old if self.share is None else max(round(count * self.share / (1 - self.share)), 1)
        run.noted(self.key, rows_kept=old, rows_an_epoch=drawn, share=drawn / (drawn + count))
        rows = _appended(view.rows, memory)
        if asked is None and self.share is None:
            return replace(view, rows=rows)
        return View(rows, _mixed(asked, (new, old), drawn, run.seed))

    def _chosen(self, past: Encoded, run: RunContext) -> Numbers:
        """Numbers of the rows that are kept."""
        if self.size == "all" or self.size >= len(past):
            return np.arange(len(past))
        draw = np.random.default_rng([run.seed, 1])
        if self.choice == "reservoir":
            return np.sort(draw.choice(len(past), self.size, replace=False))
        groups = _groups(past.fixed["labels"])
        sizes = fair_shares([len(group) for group in groups], self.size)
        if self.choice == "balanced":
            parts = [draw.choice(group, size, replace=False) for group, size in zip(groups, sizes, strict=True)]
        else:
            assert run.source is not None
            seen = features_of(run.source.before(), run.source.batches(past))
            parts = [group[herd(seen[group], size)] for group, size in zip(groups, sizes, strict=True)]
        return np.sort(np.concatenate(parts))


def _groups(targets: NDArray[Any]) -> list[Numbers]:
    """Row numbers of each class that has rows; a row of several labels belongs to its rarest."""
    if targets.ndim == 2:
        rarity = np.where(targets > 0, targets.sum(0), np.inf)
        targets = np.where(targets.any(1), rarity.argmin(1), -1)
    return [np.flatnonzero(targets == value) for value in np.unique(targets)]


def fair_shares(have: list[int], count: int) -> list[int]:
    """How many to take of groups of these sizes: equally many of each, the rest from those that have more."""
    taken = [0] * len(have)
    while (left := min(count, sum(have)) - sum(taken)) > 0:
        room = [place for place, size in enumerate(have) if taken[place] < size]
        for place in room[:left]:
            taken[place] += min(max(left // len(room), 1), have[place] - taken[place])
    return taken


def _appended(rows: Encoded, memory: Encoded) -> Encoded:
    """Both, one after the other, with the columns of the first; what the memory lacks weighs 1, or is 0."""
    fixed = {}
    for name in {**rows.fixed, **({"sample_weight": None} if "sample_weight" in memory.fixed else {})}:
        parts = []
        for part, like in ((rows, memory), (memory, rows)):
            known = part.fixed.get(name)
            shape = (len(part), *like.fixed[name].shape[1:]) if known is None else ()
            blank = np.full(shape, name == "sample_weight", dtype=like.fixed[name].dtype) if known is None else known
            parts.append(blank)
        fixed[name] = one_column(parts)
    return join([rows, memory]).with_fixed(**fixed)


def _mixed(
    asked: Callable[[int], Numbers] | None, sizes: tuple[int, int], drawn: int, seed: int
) -> Callable[[int], Numbers]:
    """epoch -> the new rows in their order, with old ones at places drawn anew."""
    new, old = sizes

    def order(epoch: int) -> Numbers:
        draw = np.random.default_rng([seed, 2, epoch])
        first = draw.permutation(new) if asked is None else asked(epoch)
        rounds = [draw.permutation(old) for _ in range(-(-drawn // old))]
        again = np.concatenate(rounds)[:drawn] + new
        places = np.sort(draw.integers(0, len(first) + 1, drawn))
        return np.insert(first, places, again)

    return order


@torch.no_grad()
def features_of(model: Any, batches: Iterable[Batch]) -> NDArray[np.float32]:
    """What a model makes of rows below its head, scaled to length 1; shape (N, width).

    Of a model of tokens: the mean of its last layer over a row's tokens.
    """
    parts = []
    for batch in batches:
        last = model(**model_inputs(batch), output_hidden_states=True).hidden_states[-1]
        if last.dim() == 3:
            mask = batch["attention_mask"].to(last)[..., None]
            last = (last * mask).sum(1) / mask.sum(1)
        parts.append(torch.nn.functional.normalize(last.float(), dim=1).cpu().numpy())
    return np.concatenate(parts)


def herd(features: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Numbers of `count` rows, each chosen so that the mean of those chosen is as near as can be to that of all.

    Args:
        features: shape (N, width), each row of length 1.
    """
    mean = features.mean(0)
    chosen: list[int] = []
    total = np.zeros_like(mean)
    left = np.ones(len(features), dtype=bool)
    for number in range(1, count + 1):
        far = np.linalg.norm(mean - (total + features) / number, axis=1)
        best = int(np.where(left, far, np.inf).argmin())
        chosen.append(best)
        left[best] = False
        total += features[best]
    return np.array(chosen, dtype=np.int64)


__all__ = ["Replay", "fair_shares", "features_of", "herd"]

"""NGAME: batches of queries that are near each other, so that the passages of one are hard negatives of the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from numpy.typing import NDArray
from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.registry import tasks
from tunebook.core.technique import Event, Facts, RunContext, Technique, View, model_inputs
from tunebook.nets.candidates import sample
from tunebook.nets.evaluated import evaluated
from tunebook.tables.rules import effective_batch, planned_steps

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
_TEXTS = 64  # queries of one pass; no gradients are kept
_ROUNDS = 16  # of the power method: a split needs a direction along which rows differ, not the exact first one


class NGAME(Technique):
    """Put queries that are near each other into one batch, as the model sees them when an epoch begins.

    With in-batch negatives the passages of the other queries of a step are what a passage is told from, and drawn at
    random they are mostly easy. Here all queries are read anew before an epoch and parted into groups of near ones; a
    batch is one of them, or several that are drawn at random: its negatives are hard, they follow the weights, and cost
    no passage more. Every row comes once an epoch, as ever; what is judged relevant for a query is not among its
    negatives. What is relevant and nobody has judged is met more often too: smaller groups, or a later start, are safer
    where judgements are few. Not where near queries ask for the same. `tunebook mine` adds hard negatives once, before
    training; both go together. Cost: one reading of the queries, without gradients, for each refresh.

    Source: Dahiya et al. 2023, NGAME (arXiv:2207.04452); here groups of equal size come from halving the rows along
    their principal direction. Queries of one cluster in a batch: Hofstätter et al. 2021 (arXiv:2104.06967).
    """

    key: ClassVar[str] = "ngame"
    zh: ClassVar[str] = """每轮开始时按模型当时的判断，把彼此相近的查询放进同一批。

    使用批内负例时，一个段落要与同一步中其他查询的段落相区分，而随机抽取的大多很容易区分。这里在一轮开始前重新读取全部
    查询，划分为由相近查询组成的小组，每批是其中一组，或随机抽取的若干组：负例因此更难，随权重更新，又不多读一个段落。每条样本
    仍是每轮一次；已判断为相关的段落不会成为该查询的负例。相关而无人判断的段落也会更常遇到：判断较少时，较小的组或较晚
    的开始更稳妥。若相近的查询问的是同一件事，则不适用。`tunebook mine` 在训练前一次性加入难负例；两者可以并用。开销：
    每次更新读一遍全部查询，不计算梯度。

    来源：Dahiya 等 2023，NGAME（arXiv:2207.04452）；这里沿主方向不断对半划分样本，得到大小相等的组。把同一聚类的查询
    放进一批，见 Hofstätter 等 2021（arXiv:2104.06967）。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"vectors", "candidates"})
    conflicts: ClassVar[frozenset[str]] = frozenset({"curriculum", "replay"})  # which order the rows too

    refresh: Annotated[
        int,
        Field(ge=1, le=1000),
        Row("epochs from one reading of the queries to the next", zh="两次重新读取查询之间的轮数", unit="epochs"),
    ] = 1
    start: Annotated[
        int,
        Field(ge=0, le=1000),
        Row("epochs in random order at first", zh="开始时按随机顺序训练的轮数", unit="epochs"),
    ] = 0
    group: Annotated[
        int | None,
        Field(ge=2, le=65536),
        Row(
            "queries in a group of near ones, of which a batch is made; none makes each batch one group",
            zh="一组相近查询的数量，每批由若干组构成；none 表示每批即一组",
            unit="rows",
            aliases=("cluster_size",),
            search=Search(2, 64, log=True),
        ),
    ] = None

    def refuse(self, facts: Facts) -> None:
        """Only queries whose passages are held against each other have something to gain, and an epoch must be left.

        Raises:
            PlanError: `losses.problem`, `ngame.loss`, `ngame.start`.
        """
        facts.fit(self.key, lambda kind: bool(getattr(kind, "of_passages", False)))
        if not tasks()[facts.task]().whole(facts.labels, facts.settings):
            more = facts.settings.model_extra or {}
            raise PlanError("ngame.loss", key=f"{facts.task}.loss", value=more.get(f"{facts.task}.loss"))
        steps = math.ceil(facts.rows / effective_batch(facts.settings))
        epochs = math.ceil(planned_steps(facts.settings, facts.rows) / steps)
        if self.start >= epochs:
            raise PlanError("ngame.start", key="ngame.start", value=self.start, allowed=f"0 … {epochs - 1}")

    def prepare_data(self, view: View, run: RunContext) -> View:
        """An order that follows what the last reading found; until there is one, that of an ordinary training."""
        number = view.rows.fixed["row"]
        given = view.order or (lambda epoch: np.random.default_rng([run.seed, epoch]).permutation(len(number)))

        def order(epoch: int) -> Ints:
            rows, found = given(epoch), run.state.get(self.key)
            if found is None:
                return rows
            near = rows[np.argsort(found["place"].numpy()[number[rows]], kind="stable")]
            return mixed(near, self._size(run), (run.seed, epoch))

        return replace(view, order=order)

    def on(self, event: Event, run: RunContext) -> None:
        """Read the queries and part them anew."""
        epoch = round(run.epoch)
        if event != "epoch" or epoch < self.start or (epoch - self.start) % self.refresh:
            return
        vectors = read_queries(run)
        near = parted(vectors, size := self._size(run))
        run.state[self.key] = {"place": torch.from_numpy(np.argsort(near, kind="stable"))}
        run.acted(self.key, refreshed=1)
        of_all = nearness(vectors, len(vectors))
        run.noted(self.key, cosine=nearness(vectors[near], size), cosine_of_all=of_all)

    def _size(self, run: RunContext) -> int:
        return self.group or effective_batch(run.settings)


def read_queries(run: RunContext) -> Floats:
    """Vectors of length 1 of the queries of the training rows, shape (N, width), without dropout and in float32."""
    assert run.source is not None
    queries = sample(run.source.train, 0, 0, (0,))  # without their passages
    order = np.argsort(-queries.lengths, kind="stable")  # of like length together: no padding
    with torch.no_grad(), evaluated(run.model):
        batches = run.source.batches(queries.take(order), _TEXTS)
        found = [F.normalize(run.model(**model_inputs(batch)).logits.float(), dim=1).cpu() for batch in batches]
    read = torch.cat(found)
    vectors = torch.empty_like(read)
    vectors[torch.from_numpy(order)] = read
    made: Floats = vectors.numpy()
    return made


def parted(vectors: Floats, size: int) -> Ints:
    """Row numbers in such an order that each `size` of them one after the other are near: rows are halved along their
    principal direction, again and again; all groups but the last are full.

    Args:
        vectors: shape (N, width).
    """
    parts, found = [np.arange(len(vectors))], list[Ints]()
    while parts:
        rows = parts.pop()
        groups = math.ceil(len(rows) / size)
        if groups < 2:
            found.append(rows)
            continue
        ordered = rows[np.argsort(_along(vectors[rows]), kind="stable")]
        middle = size * (groups // 2)
        parts += [ordered[middle:], ordered[:middle]]
    return np.concatenate(found)


def _along(vectors: Floats) -> Floats:
    """Place of each vector along the direction in which they differ most, shape (N,), by the power method; it begins
    with the vector that is farthest from the mean, so that it draws nothing at random."""
    off = vectors - vectors.mean(axis=0)
    direction = off[np.square(off).sum(axis=1).argmax()]
    for _ in range(_ROUNDS):
        direction = direction / max(float(np.linalg.norm(direction)), 1e-12)
        direction = off.T @ (off @ direction)
    along: Floats = off @ direction
    return along


def mixed(near: Ints, size: int, seed: Sequence[int]) -> Ints:
    """Groups of `size` rows one after the other in an order drawn at random, and the rows of each as well; one that is
    not full stays last, so that batches begin with groups."""
    draw = np.random.default_rng(list(seed))
    group = np.arange(len(near)) // size
    turn = draw.permutation(len(near) // size)
    turn = np.append(turn, len(turn))[group]
    return near[np.lexsort((draw.random(len(near)), turn))]


def nearness(vectors: Floats, size: int) -> float:
    """Mean cosine of two vectors of length 1 of the same group, over all pairs in groups of `size` rows one after the
    other, shape (N, width); 0 where no group has two."""
    groups = np.split(vectors.astype(np.float64), range(size, len(vectors), size))
    pairs = sum(len(group) * (len(group) - 1) for group in groups)
    summed = sum(float(np.square(group.sum(axis=0)).sum() - np.square(group).sum()) for group in groups)
    return summed / max(pairs, 1)


__all__ = ["NGAME", "mixed", "nearness", "parted", "read_queries"]

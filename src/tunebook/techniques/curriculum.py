"""Curriculum: begin with the easy rows and let in harder ones as training goes on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tunebook.core.answers import row_losses
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.core.facts import not_given
from tunebook.core.params import Row, Search
from tunebook.core.registry import tasks
from tunebook.core.technique import Event, Facts, RunContext, Technique, View
from tunebook.tables.rules import effective_batch

Floats = NDArray[np.float64]


class Curriculum(Technique):
    """Draw each step's rows from a pool of the easiest, which grows until all rows are in it.

    Worth a trial where some rows are far harder or noisier than others and training is short; on clean data of one
    kind a random order is as good (Wu et al. 2021). Not a cure for wrong labels, and not where the easy rows are all
    of one class. Compare with difficulty=random and with reverse=true, which tell what the order itself is worth. An
    epoch keeps its number of rows: until the pool is full some come several times and others not yet. Cost: rows of
    like length are no longer put together, so more padding; difficulty=loss needs a finished run.

    Source: Bengio et al. 2009 (ICML, a growing pool); Platanios et al. 2019 (arXiv:1903.09848), formulas 6 and 7, the
    linear and root paces and rarity, here a mean over a row's tokens instead of a sum; Hacohen and Weinshall 2019
    (arXiv:1904.03626), the exponential and single-step paces and the loss of another model.
    """

    key: ClassVar[str] = "curriculum"
    zh: ClassVar[str] = """每步的样本取自最容易的一部分，这一部分逐渐扩大到全部样本。

    若部分样本明显更难或噪声更大，而训练又短，值得一试；数据干净而单一时，随机顺序同样好（Wu 等 2021）。它不能纠正错误
    标签；若容易的样本全属同一类别，也不适用。请与 difficulty=random 和 reverse=true 对比，由此可知顺序本身的作用。每轮
    的样本数不变：在容易的部分扩大到全部之前，有些样本会出现多次，有些尚未出现。开销：长度相近的样本不再排在一起，填充
    增多；difficulty=loss 需要一次已完成的训练。

    来源：Bengio 等 2009（ICML，逐渐扩大的样本池）；Platanios 等 2019（arXiv:1903.09848），公式 6 和 7，线性与根号节奏
    以及稀有度，这里对样本的词元取平均而不是求和；Hacohen 和 Weinshall 2019（arXiv:1904.03626），指数节奏、单步节奏和用
    另一模型的损失作难度。
    """

    difficulty: Annotated[
        Literal["length", "rarity", "loss", "score", "disagreement", "random"],
        Row(
            "what makes a row hard: its tokens; how rare they are; its loss under the model of a run; a column of the "
            "data; how far its annotators disagree; or chance, as a control",
            zh="难度的依据：词元数、词元的稀有度、某次训练的模型在该样本上的损失、数据中的一列、标注者的分歧，或随机（对照）",
        ),
    ] = "length"
    run: Annotated[
        str | None, Row("run whose model's loss is the difficulty", zh="以其模型的损失作为难度的训练", input="run")
    ] = None
    column: Annotated[
        str | None, Row("column of the data whose number is the difficulty", zh="以其数值作为难度的数据列")
    ] = None
    pacing: Annotated[
        Literal["linear", "root", "step", "exponential"],
        Row("how the pool grows", zh="样本池扩大的方式", aliases=("pacing_function",)),
    ] = "root"
    start: Annotated[
        float,
        Field(gt=0, le=1),
        Row(
            "share of the rows in the pool at first",
            zh="开始时样本池所占比例",
            aliases=("starting_percent", "initial_competence"),
            search=Search(0.05, 0.5),
        ),
    ] = 0.2
    duration: Annotated[
        float,
        Field(gt=0, le=1),
        Row("share of training after which all rows are in the pool", zh="全部样本进入样本池时的训练进度比例"),
    ] = 0.5
    increase: Annotated[
        float, Field(gt=1), Row("factor of each stair of the exponential pace", zh="exponential 每级扩大的倍数")
    ] = 1.9
    reverse: Annotated[bool, Row("begin with the hardest rows, as a control", zh="从最难的样本开始（对照）")] = False

    def refuse(self, facts: Facts) -> None:
        """What the difficulty is taken from must be given.

        Raises:
            PlanError: `curriculum.needs`, `curriculum.annotators`, `curriculum.texts`, `plan.needs`.
        """
        alone = ("length", "rarity", "random")
        gives = tasks()[facts.task].gives
        if self.difficulty not in alone and "head" not in gives:
            allowed = " | ".join(alone)
            raise PlanError("curriculum.texts", key="curriculum.difficulty", value=self.difficulty, allowed=allowed)
        if self.difficulty == "loss" and "row_logits" not in gives:
            raise not_given("curriculum.difficulty=loss", {"row_logits"}, facts.task)
        if self.difficulty == "disagreement" and not facts.annotators:
            raise PlanError("curriculum.annotators", key="curriculum.difficulty", value=self.difficulty)
        for difficulty, row in (("loss", "run"), ("score", "column")):
            if self.difficulty == difficulty and getattr(self, row) is None:
                raise PlanError("curriculum.needs", key=f"curriculum.{row}", value=difficulty)

    def prepare_data(self, view: View, run: RunContext) -> View:
        """Give the rows their order in every epoch."""
        if self.start == 1:
            return view
        hard = DIFFICULTIES[self.difficulty](self, view.rows, run)
        hard = -hard if self.reverse else hard
        given = view.order or (lambda epoch: np.arange(len(view.rows)))
        size = effective_batch(run.settings)
        steps = math.ceil(len(given(0)) / size)
        total = run.settings.max_steps or steps * run.settings.max_epochs

        def order(epoch: int) -> NDArray[np.int64]:
            rows = given(epoch)
            rows = rows[np.argsort(hard[rows], kind="stable")]
            draw = np.random.default_rng([run.seed, epoch])
            begun = epoch * steps
            if self.pace(begun / total) >= 1:  # all rows, each once
                return draw.permutation(rows)
            sizes = [min(size, len(rows) - start) for start in range(0, len(rows), size)]
            pools = [math.ceil(self.pace((begun + step) / total) * len(rows)) for step in range(steps)]
            return np.concatenate([_drawn(draw, rows[:pool], n) for pool, n in zip(pools, sizes, strict=True)])

        return replace(view, order=order)

    def pace(self, progress: float) -> float:
        """Share of the rows that are in the pool when a share of the training is done."""
        done = progress / self.duration
        if done >= 1 or self.start == 1:
            return 1.0
        if self.pacing == "linear":
            return self.start + (1 - self.start) * done
        if self.pacing == "root":
            return math.sqrt(self.start**2 + (1 - self.start**2) * done)
        if self.pacing == "step":
            return self.start
        stairs = math.ceil(-math.log(self.start) / math.log(self.increase))
        return min(self.start * self.increase ** math.floor(done * stairs), 1.0)

    def on(self, event: Event, run: RunContext) -> None:
        """Note how many rows a step was drawn from."""
        if event == "before_step" and self.start < 1:
            share = self.pace(run.step / max(run.total_steps, 1))
            run.acted(self.key, steps_of_a_part=float(share < 1))
            run.noted(self.key, pool_share=share)


def _drawn(draw: np.random.Generator, pool: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Rows of a step, any row of the pool as likely as any other, none twice if there are enough."""
    return draw.choice(pool, count, replace=count > len(pool))


def _length(curriculum: Curriculum, rows: Encoded, run: RunContext) -> Floats:
    return rows.lengths.astype(np.float64)


def _rarity(curriculum: Curriculum, rows: Encoded, run: RunContext) -> Floats:
    """Mean negative log frequency of a row's tokens, without those that every row has."""
    tokens = rows.flat["input_ids"].astype(np.int64)
    owner = np.repeat(np.arange(len(rows)), rows.lengths)
    once = np.unique(owner * (int(tokens.max()) + 1) + tokens) % (int(tokens.max()) + 1)
    telling = np.bincount(once, minlength=int(tokens.max()) + 1) < len(rows)
    tokens, owner = tokens[telling[tokens]], owner[telling[tokens]]
    counts = np.bincount(tokens)
    surprise = -np.log(counts[tokens] / len(tokens))
    told = np.bincount(owner, minlength=len(rows))
    found: Floats = np.bincount(owner, surprise, minlength=len(rows)) / np.maximum(told, 1)
    return found


def _loss(curriculum: Curriculum, rows: Encoded, run: RunContext) -> Floats:
    """Loss of each row under the other model."""
    assert run.source is not None and run.labels is not None
    logits = run.source.taught("curriculum.run")[rows.fixed["row"]]
    return _own(rows, row_losses(logits, rows.fixed["labels"], run.labels.kind.link))


def _score(curriculum: Curriculum, rows: Encoded, run: RunContext) -> Floats:
    assert run.source is not None
    columns = run.source.columns()
    try:
        numbers = np.array([float(cell) for cell in columns.get(str(curriculum.column), [math.nan])])
    except (TypeError, ValueError):
        numbers = np.array([math.nan])
    if not np.isfinite(numbers).all():
        known = ", ".join(sorted(columns)) or "–"
        raise PlanError("curriculum.column", key="curriculum.column", value=curriculum.column, allowed=known)
    return _own(rows, numbers[rows.fixed["row"]])


def _disagreement(curriculum: Curriculum, rows: Encoded, run: RunContext) -> Floats:
    """Share of a row's annotators who say something else than most of them."""
    assert run.source is not None
    said = run.source.votes()
    most = [max(Counter(votes).values(), default=0) for votes in said]
    shares = np.array([1 - count / max(len(votes), 1) for count, votes in zip(most, said, strict=True)])
    return _own(rows, shares[rows.fixed["row"]])


def _random(curriculum: Curriculum, rows: Encoded, run: RunContext) -> Floats:
    return np.random.default_rng(run.seed).permutation(len(rows)).astype(np.float64)


def _own(rows: Encoded, values: Floats) -> Floats:
    """Values of the book's own rows; rows from elsewhere, of which nothing is known, are as hard as the median."""
    own = rows.fixed["row"] >= 0
    return np.where(own, values, np.median(values[own]))


DIFFICULTIES: dict[str, Callable[[Curriculum, Encoded, RunContext], Floats]] = {
    "length": _length,
    "rarity": _rarity,
    "loss": _loss,
    "score": _score,
    "disagreement": _disagreement,
    "random": _random,
}

__all__ = ["DIFFICULTIES", "Curriculum"]

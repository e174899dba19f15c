"""A greedy soup: the mean of those looks of a run that are better together than alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, Facts, RunContext, Technique
from tunebook.nets.averages import Judge, copied, mean, moved, need_looks, standing_in


class Soup(Technique):
    """After training, average the weights of the best looks one by one, as long as the validation score does not fall.

    It begins with the best look, tries the others from the next best on, and leaves out every one that would make the
    mean worse; so on the validation rows it is never worse than the best look alone. That score is chosen among many:
    believe the test rows. Not useful with fewer than four looks (eval_every), or on a handful of validation rows.

    Cost: one copy of what is trained for each candidate in memory and in every checkpoint, and some more where parts of
    the validation rows would choose others; when training has ended one more pass over the validation rows for each,
    and again for each mean that only parts of these rows would try, so that a test can judge the soup by other rows.

    Source: Wortsman et al. 2022, Model soups (arXiv:2203.05482), recipe 1, there over runs and here over looks.
    """

    key: ClassVar[str] = "soup"
    zh: ClassVar[str] = """训练结束后逐个平均最好的几次验证时的权重，只要验证分数不下降。

    从成绩最好的一次验证开始，按名次依次尝试其余各次，凡会使平均变差的一律不取；因此在验证样本上绝不会比最好的那次差。
    这个分数是从多个候选中挑出来的：请以测试样本为准。验证次数不足四次（eval_every），或只有少量验证样本时，没有用处。

    开销：每个候选都要在内存和每个检查点中存一份所训练的权重，若部分验证样本会选出别的候选则再多存几份；训练结束后每个候选
    再把验证样本过一遍，只有部分样本才会尝试的平均也各过一遍，使测试能由其他样本来评判。

    来源：Wortsman 等 2022，Model soups（arXiv:2203.05482），方案 1，原文针对多次训练，这里针对多次验证。
    """
    exclusive: ClassVar[str] = "averaging"

    candidates: Annotated[
        int,
        Field(ge=1, le=100),
        Row(
            "best looks that may go into the soup; 1 averages nothing",
            zh="可参与平均的最佳验证次数；1 表示不平均",
            unit="looks",
            search=Search(3, 10),
        ),
    ] = 5

    def refuse(self, facts: Facts) -> None:
        """One look is no soup.

        Raises:
            PlanError: `averaging.looks`.
        """
        need_looks(self.key, facts)

    def on(self, event: Event, run: RunContext) -> None:
        """Remember the best looks, and cook them in the end."""
        state = run.state.setdefault(self.key, {"looks": []})
        if event == "look":
            look = {"score": run.scores[run.settings.metric], "off": [], "weights": copied(moved(run))}
            state["looks"] = [*self._best(state["looks"]), look]
        elif event == "end" and state["looks"]:
            self._cook(state, run)

    def _best(self, looks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The looks that may go into the soup, or into one that the rows outside of a fold would cook."""
        columns = zip(*([look["score"], *look["off"]] for look in looks), strict=True)
        wanted = {number for column in columns for number in self._ranked(column)}
        return [look for number, look in enumerate(looks) if number in wanted]

    def _ranked(self, scores: Sequence[float]) -> list[int]:
        """Numbers of the best looks, the best first, of equal ones the earlier."""
        return sorted(range(len(scores)), key=lambda number: -scores[number])[: self.candidates]

    def _cook(self, state: dict[str, Any], run: RunContext) -> None:
        """Recipe 1 on all validation rows."""
        looks, metric = state["looks"], run.settings.metric

        def score(numbers: Sequence[int]) -> float:
            with standing_in(run, mean([looks[number]["weights"] for number in numbers])):
                return run.source.score(run.model)[metric]  # type: ignore[union-attr]

        ranked = self._ranked([look["score"] for look in looks])
        first = looks[ranked[0]]["score"]
        chosen, found = greedy(ranked, first, score)
        state["kept"] = mean([looks[number]["weights"] for number in chosen])
        run.acted(self.key, looks_tried=len(ranked) - 1)
        run.noted(self.key, looks_kept=len(chosen), score_gain=found - first)

    def looked(self, off: Sequence[float], run: RunContext) -> None:
        """Remember what the last look was worth outside of each fold."""
        run.state[self.key]["looks"][-1]["off"] = list(off)

    def crossed(self, run: RunContext, judge: Judge) -> list[NDArray[np.float32]]:
        """Recipe 1 on the rows outside of each fold, and what that soup answers."""
        looks: list[dict[str, Any]] = run.state.get(self.key, {}).pop("looks", [])
        known: dict[frozenset[int], tuple[NDArray[np.float32], tuple[float, ...]]] = {}

        def answered(numbers: Sequence[int]) -> tuple[NDArray[np.float32], tuple[float, ...]]:
            key = frozenset(numbers)
            if key not in known:
                with standing_in(run, mean([looks[number]["weights"] for number in numbers])):
                    logits = judge.answers(run.model)
                known[key] = logits, judge.off(logits)
            return known[key]

        found = []
        for fold, scores in enumerate(zip(*(look["off"] for look in looks), strict=True)):
            ranked = self._ranked(scores)
            chosen, _ = greedy(ranked, scores[ranked[0]], lambda numbers, fold=fold: answered(numbers)[1][fold])  # type: ignore[misc]
            found.append(answered(chosen)[0])
        return found

    def look_kept(self) -> Literal["own"]:
        """None: the kept model is a mean of several."""
        return "own"

    def scoring(self, run: RunContext) -> AbstractContextManager[None]:
        """Inside, the model is the soup, once it is cooked."""
        kept = run.state.get(self.key, {}).get("kept")
        return nullcontext() if kept is None else standing_in(run, kept)


def greedy(ranked: Sequence[int], first: float, score: Callable[[Sequence[int]], float]) -> tuple[list[int], float]:
    """Recipe 1: from the best look on, keep whatever does not make the mean worse; with the score of the mean.

    Args:
        ranked: numbers of the looks, the best first, whose own score is `first`.
        score: of the mean of some of them.
    """
    chosen, best = [ranked[0]], first
    for number in ranked[1:]:
        found = score([*chosen, number])
        if found >= best:
            chosen, best = [*chosen, number], found
    return chosen, best


__all__ = ["Soup", "greedy"]

"""A greedy soup: the mean of those looks of a run that are better together than alone."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, Facts, RunContext, Technique
from tunebook.nets.averages import copied, mean, moved, need_looks, standing_in


class Soup(Technique):
    """After training, average the weights of the best looks one by one, as long as the validation score does not fall.

    It begins with the best look, tries the others from the next best on, and leaves out every one that would make the
    mean worse; so on the validation rows it is never worse than the best look alone. That score is chosen among many:
    believe the test rows. Not useful with fewer than four looks (eval_every), or on a handful of validation rows.

    Cost: one copy of what is trained for each candidate in memory and in every checkpoint, and one more pass over the
    validation rows for each when training has ended.

    Source: Wortsman et al. 2022, Model soups (arXiv:2203.05482), recipe 1, there over runs and here over looks.
    """

    key: ClassVar[str] = "soup"
    zh: ClassVar[str] = """训练结束后逐个平均最好的几次验证时的权重，只要验证分数不下降。

    从成绩最好的一次验证开始，按名次依次尝试其余各次，凡会使平均变差的一律不取；因此在验证样本上绝不会比最好的那次差。
    这个分数是从多个候选中挑出来的：请以测试样本为准。验证次数不足四次（eval_every），或只有少量验证样本时，没有用处。

    开销：每个候选都要在内存和每个检查点中存一份所训练的权重，训练结束后每个候选再把验证样本过一遍。

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
            look = {"score": run.scores[str(run.settings["metric"])], "weights": copied(moved(run))}
            state["looks"] = sorted([*state["looks"], look], key=lambda item: -item["score"])[: self.candidates]
        elif event == "end" and state["looks"]:
            self._cook(state, run)

    def _cook(self, state: dict[str, Any], run: RunContext) -> None:
        """Recipe 1: from the best look on, keep whatever does not make the mean worse."""
        first, *others = state.pop("looks")
        chosen, score = [first["weights"]], first["score"]
        for look in others:
            with standing_in(run, mean([*chosen, look["weights"]])):
                found = run.source.score(run.model)[str(run.settings["metric"])]  # type: ignore[union-attr]
            if found >= score:
                chosen, score = [*chosen, look["weights"]], found
        state["kept"] = mean(chosen)
        run.acted(self.key, looks_tried=len(others))
        run.noted(self.key, looks_kept=len(chosen), score_gain=score - first["score"])

    def look_kept(self) -> Literal["own"]:
        """None: the kept model is a mean of several."""
        return "own"

    def scoring(self, run: RunContext) -> AbstractContextManager[None]:
        """Inside, the model is the soup, once it is cooked."""
        kept = run.state.get(self.key, {}).get("kept")
        return nullcontext() if kept is None else standing_in(run, kept)


__all__ = ["Soup"]

"""Candidates: each epoch shows a few passages of each query, drawn anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.registry import tasks
from tunebook.core.technique import Facts, RunContext, Technique, View
from tunebook.nets.candidates import sample


class Candidates(Technique):
    """Show at most so many relevant and so many other passages of each query, drawn anew in each epoch.

    Without it every epoch shows all passages that are judged for a query: a step of 16 queries with 50 candidates each
    reads 800 pairs. Drawn ones cost what they are worth: most of many negatives are told apart within a few steps, and
    over the epochs most of them are seen. Looks and scores read all passages as ever. Take more negatives where the
    first stage is good and the model has to tell like from like; all, by leaving it out, where queries have few. Cost:
    none; a step costs as much as the passages that it shows.

    Source: groups of one positive and a few drawn negatives, as in Gao, Dai and Callan 2021 (arXiv:2101.08751),
    section 3.
    """

    key: ClassVar[str] = "candidates"
    zh: ClassVar[str] = """每轮对每个查询只展示若干条相关段落和若干条其他段落，每轮重新抽取。

    不使用时，每轮都会展示一个查询的全部已判断段落：一步 16 个查询、每个 50 条候选，就要读 800 对文本。抽取后开销与展示
    的段落成正比：大量负例中的多数几步之内就能区分，多轮下来大部分也都会见到。验证与评测仍读取全部段落。第一阶段检索
    较好、模型需要区分相近段落时可增加负例；每个查询的段落本来就少时不必使用，即展示全部。开销：无；一步的开销取决于展示
    的段落数。

    来源：由一个正例和少量抽取的负例组成的分组，见 Gao、Dai 和 Callan 2021（arXiv:2101.08751），第 3 节。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"candidates"})

    positives: Annotated[
        int,
        Field(ge=1, le=1000),
        Row("relevant passages of a query in an epoch at most", zh="每轮每个查询最多展示的相关段落数", unit="passages"),
    ] = 1
    negatives: Annotated[
        int,
        Field(ge=0, le=1000),
        Row(
            "other passages of a query in an epoch at most",
            zh="每轮每个查询最多展示的其他段落数",
            unit="passages",
            aliases=("num_negatives", "negatives_per_query"),
            search=Search(1, 15),
        ),
    ] = 7

    def refuse(self, facts: Facts) -> None:
        """Only queries have candidates, and the loss must be left some to tell apart.

        Raises:
            PlanError: `losses.problem`, `candidates.nothing`.
        """
        facts.fit(self.key, lambda kind: bool(getattr(kind, "of_passages", False)))
        if not tasks()[facts.task]().enough_shown(facts.settings, self.positives, self.negatives):
            raise PlanError("candidates.nothing", key="candidates.negatives", value=self.negatives, allowed=">= 1")

    def prepare_data(self, view: View, run: RunContext) -> View:
        """What each epoch shows of the rows."""

        def shown(rows: Encoded, epoch: int) -> Encoded:
            found = sample(rows, self.positives, self.negatives, (run.seed, epoch))
            left, whole = (int(one.fixed["labels"][:, 0].sum()) for one in (found, rows))
            run.noted(self.key, shown=left, left_out=whole - left)
            return found

        return replace(view, shown=shown)


__all__ = ["Candidates"]

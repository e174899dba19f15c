"""An intermediate task: learn other books first, then the book's own task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.nouns import DataRef, ParamTable
from tunebook.core.params import Row, declarations
from tunebook.core.registry import stages
from tunebook.core.stage import Part, Stage, common_rows
from tunebook.engine.inputs import find_input
from tunebook.tables.in_force import techniques_of
from tunebook.tables.make import child
from tunebook.verbs.steps.book import open_book


class Intermediate(Stage):
    """Train on other, related books first, one after the other, and take the encoder on to this book's task.

    Each book brings its rows, its task and a version of its own table; its head is dropped. It helps where the other
    task is near and has far more rows (inference before pair tasks, reviews of another kind before few reviews), and
    it harms as easily where it is not: let an A/B test decide. Cost: the whole training of each book.

    Source: Phang et al. 2018 (arXiv:1811.01088); Pruksachatkun et al. 2020 (arXiv:2005.00628) on which tasks help.
    """

    key: ClassVar[str] = "intermediate"
    zh: ClassVar[str] = """先依次在其他相关的 book 上训练，再把编码器用于本 book 的任务。

    每个 book 带来自己的样本、任务和自己参数表的一个版本；它的分类头会被去掉。若另一任务相近而样本多得多，就有帮助（如
    先学推理再学文本对任务，先学另一类评论再学少量的本类评论）；若不相近，也同样容易有害：请用 A/B 测试决定。开销：每个
    book 的整个训练。

    来源：Phang 等 2018（arXiv:1811.01088）；Pruksachatkun 等 2020（arXiv:2005.00628），关于哪些任务有帮助。
    """
    place: ClassVar[int] = 2

    books: Annotated[
        list[str] | None,
        Row("folders of the books, in the order in which they are learnt", zh="book 文件夹，按训练顺序", input="book"),
    ] = None
    table: Annotated[
        str, Row("version of their tables: champion, or v1, v2 ...", zh="所用的参数表版本：champion 或 v1、v2 …")
    ] = "champion"
    seed: Annotated[
        int | None,
        Field(ge=0, lt=2**32),
        Row(
            "seed of this stage; none takes the training's, so that each seed of a test trains it anew",
            zh="本阶段的随机种子；none 表示与训练相同，即测试的每个种子都重新训练本阶段",
        ),
    ] = None

    def parts(self, table: ParamTable, data: DataRef) -> Sequence[Part]:
        """One training for each book, by its own table on this table's base model.

        Raises:
            PlanError: `stages.books`, none is named; `stages.same`, one of them is this book; `stages.nested`, a table
                has stages itself.
        """
        if not self.books:
            raise PlanError("stages.books", key="intermediate.books", value=self.books)
        row = next(item for item in declarations(Intermediate) if item.field == "books")
        return [self._part(find_input(row, name, data.path.parent), table, data) for name in self.books]

    def _part(self, folder: Path, table: ParamTable, data: DataRef) -> Part:
        book = open_book(folder)
        own = book.tables.get(self.table)
        if book.data.content == data.content:
            raise PlanError("stages.same", key="intermediate.books", value=str(folder))
        switched = techniques_of(own)
        nested = sorted(switched.keys() & stages().keys())
        if nested:
            raise PlanError("stages.nested", key="intermediate.books", value=str(folder), stage=nested[0])
        return Part(child(own, common_rows(table, ("base_model",), data.path.parent)), book.data, seed=self.seed)


__all__ = ["Intermediate"]

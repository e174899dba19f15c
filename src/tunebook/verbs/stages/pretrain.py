"""Pre-training on raw text of the domain, before the task is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.files import content_id
from tunebook.core.locations import from_book
from tunebook.core.nouns import DataRef, ParamTable
from tunebook.core.params import Row, Search, declarations
from tunebook.core.stage import Part, Stage, common_rows
from tunebook.data.raw_text import prepare_raw
from tunebook.engine.inputs import find_input
from tunebook.models.source import find_model, load_tokenizer, read_config
from tunebook.nets.masking import Masking, MaskShare, WholeWords
from tunebook.tables.make import new_table

_COMMON = ("base_model", "precision", "gradient_checkpointing")


class Pretrain(Stage):
    """Go on pretraining the base model on raw text like the book's, before the task is learnt.

    An encoder learns to fill in masked words, a causal model to predict the next token; the model then goes on to the
    task with the head of its own. It helps where the texts are unlike those of the base model (tickets, contracts,
    medicine, reviews) and labels are few; with thousands of labels, or texts like Wikipedia's, little is left of it.
    Texts that stand in the book's validation or test rows are left out. Cost: each pass over the raw text costs about
    as much as a pass of the task over as many tokens, and half as much again for the head over all tokens.

    Source: Gururangan et al. 2020 (arXiv:2004.10964); masked tokens after Devlin et al. 2019 (arXiv:1810.04805),
    section 3.1; whole words of Chinese after Cui et al. 2019 (arXiv:1906.08101).
    """

    key: ClassVar[str] = "pretrain"
    zh: ClassVar[str] = """在学习任务之前，先用与本 book 相像的原始文本继续预训练基座模型。

    编码器学习填出被遮盖的词，因果模型学习预测下一个词元；之后换上任务自己的分类头，继续学习任务。文本与基座模型的语料
    不同（工单、合同、医疗、评论）而标签少时有帮助；有几千个标签，或文本与维基百科相像时，收益所剩无几。出现在本 book
    验证或测试样本中的文本会被排除。开销：遍历一次原始文本，约等于任务遍历同样多词元的时间，另有一半用于在全部词元上计
    算输出头。

    来源：Gururangan 等 2020（arXiv:2004.10964）；遮盖词元的方式取自 Devlin 等 2019（arXiv:1810.04805），第 3.1 节；中
    文全词遮盖取自 Cui 等 2019（arXiv:1906.08101）。
    """
    place: ClassVar[int] = 1

    file: Annotated[
        str | None,
        Row(
            "raw text: .txt with a document a line or a paragraph, or a table or .jsonl with a column of texts",
            zh="原始文本：每行或每段一篇的 .txt，或带文本列的表格、.jsonl",
            aliases=("corpus",),
            input="file",
        ),
    ] = None
    column: Annotated[
        str | None,
        Row("column of the texts; none takes `text`, else the longest", zh="文本列；none 表示 text 列，否则取最长的列"),
    ] = None
    objective: Annotated[
        Literal["auto", "mlm", "causal"],
        Row(
            "what is learnt: masked words, or the next token; auto goes by the base model",
            zh="学习目标：被遮盖的词（mlm）或下一个词元（causal）；auto 由基座模型决定",
        ),
    ] = "auto"
    max_epochs: Annotated[
        int,
        Field(ge=1, le=1000),
        Row("passes over the raw text", zh="遍历原始文本的轮数", unit="epochs", search=Search(1, 10)),
    ] = 3
    max_steps: Annotated[
        int | None,
        Field(ge=1),
        Row("steps at most, whatever max_epochs says", zh="最多更新步数，优先于 max_epochs", unit="steps"),
    ] = None
    eval_every: Annotated[
        int | None,
        Field(ge=1),
        Row(
            "steps between two looks at the documents kept apart; none looks after every epoch",
            zh="每隔多少步在预留文档上评估一次；none 表示每轮评估一次",
            unit="steps",
        ),
    ] = None
    learning_rate: Annotated[
        float,
        Field(gt=0, le=1),
        Row("peak step size", zh="峰值学习率", search=Search(1e-5, 1e-3, log=True)),
    ] = 1e-4
    batch_size: Annotated[int, Field(ge=1, le=65536), Row("rows in one step", zh="每步的样本数", unit="rows")] = 32
    max_length: Annotated[
        int,
        Field(ge=8, le=131072),
        Row(
            "tokens of a row; documents are put one after the other until it is full, and none is cut off",
            zh="每条样本的词元数；文档依次相接填满，不丢弃文本",
            unit="tokens",
        ),
    ] = 128
    mask_share: MaskShare = 0.15
    whole_words: WholeWords = True
    validation_share: Annotated[
        float,
        Field(gt=0, le=0.5),
        Row("share of the documents on which it is scored", zh="用于评估的文档比例"),
    ] = 0.05
    seed: Annotated[
        int | None,
        Field(ge=0, lt=2**32),
        Row(
            "seed of this stage; none takes the training's, so that each seed of a test pretrains anew",
            zh="本阶段的随机种子；none 表示与训练相同，即测试的每个种子都重新预训练",
        ),
    ] = None

    def parts(self, table: ParamTable, data: DataRef) -> Sequence[Part]:
        """One training on the raw text.

        Raises:
            PlanError: `stages.file`, there is none; `stages.objective`, the base model cannot learn it.
        """
        if self.file is None:
            raise PlanError("stages.file", key="pretrain.file", value=None)
        row = next(item for item in declarations(Pretrain) if item.field == "file")
        book = data.path.parent
        folder = find_model(from_book(str(table.rows["base_model"].value), book), allow_pickle=True)
        task = self._task(folder)
        raw = prepare_raw(
            find_input(row, self.file, book),
            book / "stages",
            column=self.column,
            share=self.validation_share,
            known=data,
            task=task,
        )
        settings = common_rows(table, _COMMON, book) | {
            "max_epochs": self.max_epochs,
            "max_steps": self.max_steps,
            "eval_every": self.eval_every,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "max_length": self.max_length,
            "early_stopping_patience": None,
        }
        packed = _packed(raw, folder, self.max_length)
        masking = Masking(mask_share=self.mask_share, whole_words=self.whole_words) if task == "masked_lm" else None
        return [Part(new_table(settings), packed, masking, self.seed)]

    def _task(self, folder: Path) -> str:
        """The task that the objective means for a base model."""
        masks = load_tokenizer(folder).mask_token_id is not None
        if self.objective == "mlm" and not masks:
            raise PlanError("stages.objective", key="pretrain.objective", value="mlm", allowed="auto | causal")
        if self.objective == "causal" and masks and not read_config(folder).get("is_decoder"):
            raise PlanError("stages.objective", key="pretrain.objective", value="causal", allowed="auto | mlm")
        return "masked_lm" if masks and self.objective != "causal" else "causal_lm"


def _packed(raw: DataRef, folder: Path, length: int) -> DataRef:
    """The raw texts with the number of rows that they fill, counted once."""
    from tunebook.core.registry import tasks
    from tunebook.data.load import load
    from tunebook.engine.tokens import encode
    from tunebook.models.source import model_id
    from tunebook.verbs.steps.book import kept

    def count() -> dict[str, Any]:
        task, tokenizer = tasks()[raw.task](), load_tokenizer(folder)
        rows = {
            split: encode(load(raw, split), task, tokenizer, length, cache=raw.path.parent / "cache").lengths.tolist()
            for split in ("train", "validation")
        }
        return {"rows": {split: len(found) for split, found in rows.items()}, "lengths": rows["train"]}

    found = kept(raw.path.parent, f"packed-{content_id([raw.content, model_id(folder), length, raw.task])}", count)
    lengths = {str(size): found["lengths"].count(size) for size in sorted(set(found["lengths"]))}
    packed = {"lengths": lengths, "rows": len(found["lengths"])}
    return raw.model_copy(update={"rows": found["rows"], "stats": {**raw.stats, "packed": packed}})


__all__ = ["Pretrain"]

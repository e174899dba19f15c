"""LoRA and its kin: rank-stabilised, DoRA, QLoRA."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field, field_validator

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, Facts, RunContext
from tunebook.nets.peft import (
    RATE,
    Efficient,
    quantized,
    refuse_architecture,
    watch,
    wrapped,
)
from tunebook.nets.target_modules import TARGETS, checked_targets, target_modules


class LoRA(Efficient):
    """Add to chosen linear maps W the product of two narrow ones, W + alpha / rank * B A, and train these and the head.

    The first method to try where memory or disk is short or where one base serves many tasks: near full fine-tuning in
    accuracy, and `tunebook merge` makes a plain model of it that costs nothing more at inference. Where rows are many
    and the task is far from pre-training, full fine-tuning keeps a lead. It needs a rate ten to fifty times that of
    full fine-tuning. `decompose` (DoRA) learns the length of W's columns apart from their direction: a little better
    at small ranks, slower. `rank_stabilized` divides by the root of the rank, so that large ranks learn as well as
    small ones. `quantize=4bit` (QLoRA) keeps the frozen maps in four bits; it needs a GPU and bitsandbytes. Cost: the
    forward pass and a little more, less of the backward pass; optimiser state and files for the narrow maps alone.

    Source: Hu et al. 2022 (arXiv:2106.09685); rsLoRA: Kalajdzievski 2023 (arXiv:2312.03732); DoRA: Liu et al. 2024
    (arXiv:2402.09353); QLoRA: Dettmers et al. 2023 (arXiv:2305.14314).
    """

    key: ClassVar[str] = "lora"
    in_parts: ClassVar[bool] = True
    zh: ClassVar[str] = """在选定的线性映射 W 旁加入两个窄矩阵之积，W + alpha / rank * B A，只训练它们和分类头。

    内存或磁盘不足，或同一个基座模型要服务多项任务时，应首先尝试：准确率接近全量微调，`tunebook merge` 可把它合并成普通
    模型，推理没有额外开销。样本多且任务与预训练相差很远时，全量微调仍然领先。它需要的学习率是全量微调的十到五十倍。
    `decompose`（DoRA）把 W 各列的长度与方向分开学习：秩小时略好，但较慢。`rank_stabilized` 除以秩的平方根，使大秩与小
    秩学得一样好。`quantize=4bit`（QLoRA）把冻结的映射存为四位；需要 GPU 和 bitsandbytes。开销：前向略多，反向减少；优
    化器状态和文件只涉及窄矩阵。

    来源：Hu 等 2022（arXiv:2106.09685）；rsLoRA：Kalajdzievski 2023（arXiv:2312.03732）；DoRA：Liu 等
    2024（arXiv:2402.09353）；QLoRA：Dettmers 等 2023（arXiv:2305.14314）。
    """

    rank: Annotated[
        int,
        Field(ge=1, le=1024),
        Row(
            "rank of the added maps",
            zh="低秩矩阵的秩",
            aliases=("lora_rank", "lora_r"),
            search=Search(2, 64, log=True),
        ),
    ] = 8
    alpha: Annotated[
        float,
        Field(gt=0, le=4096),
        Row(
            "strength of the added maps: they are multiplied by alpha / rank",
            zh="低秩矩阵的强度：乘以 alpha / rank",
            aliases=("lora_alpha",),
            search=Search(4, 128, log=True),
        ),
    ] = 16.0
    dropout: Annotated[
        float,
        Field(ge=0, lt=1),
        Row(
            "dropout of what goes into the added maps",
            zh="低秩矩阵输入的 dropout",
            aliases=("lora_dropout",),
            search=Search(0, 0.2),
        ),
    ] = 0.0
    targets: Annotated[str, TARGETS] = "all"
    rank_stabilized: Annotated[
        bool,
        Row("multiply by alpha / root of rank instead (rsLoRA)", zh="改为乘以 alpha / √rank（rsLoRA）",
            aliases=("use_rslora",)),
    ] = False  # fmt: skip
    decompose: Annotated[
        bool,
        Row("learn lengths and directions apart (DoRA)", zh="分别学习长度与方向（DoRA）", aliases=("use_dora",)),
    ] = False
    quantize: Annotated[
        Literal["none", "4bit"],
        Row(
            "keep the frozen maps in four bits (QLoRA); needs a GPU and bitsandbytes",
            zh="以 4 比特保存冻结的权重（QLoRA）；需要 GPU 和 bitsandbytes",
        ),
    ] = "none"
    learning_rate: Annotated[float, Field(gt=0, le=1), RATE] = 1e-3

    _checked = field_validator("targets")(checked_targets)

    def refuse(self, facts: Facts) -> None:
        """What this method cannot do with the architecture, and four bits where they cannot be computed with.

        Raises:
            PlanError: `peft.quantize` beside those of `tunebook.nets.peft`.
        """
        refuse_architecture(self.key, facts)
        if self.quantize == "4bit" and not (torch.cuda.is_available() and find_spec("bitsandbytes")):
            raise PlanError("peft.quantize", key="lora.quantize", value=self.quantize, allowed="none")

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model with its narrow maps, which change nothing at first.

        Raises:
            PlanError: `peft.targets`: no linear map of the layers is among those asked for.
        """
        from peft import LoraConfig

        chosen = target_modules(model, self.targets, "lora.targets")
        if self.quantize == "4bit":
            quantized(model)
        return wrapped(
            model,
            LoraConfig,
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=chosen,
            use_rslora=self.rank_stabilized,
            use_dora=self.decompose,
        )

    def on(self, event: Event, run: RunContext) -> None:
        """Prove that the narrow maps moved."""
        watch(event, run, self.key)


__all__ = ["LoRA"]

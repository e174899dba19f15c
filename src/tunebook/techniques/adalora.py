"""AdaLoRA: a budget of ranks, given to the maps that need them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field, field_validator, model_validator

from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, Facts, LossFn, RunContext
from tunebook.nets.peft import (
    RATE,
    Efficient,
    refuse_architecture,
    watch,
    wrapped,
)
from tunebook.nets.target_modules import TARGETS, checked_targets, target_modules

_MEMORY = ("ipt", "exp_avg_ipt", "exp_avg_unc")  # what the importance of each entry is reckoned from


class AdaLoRA(Efficient):
    """LoRA whose rank falls from first_rank to rank on average, the ranks that matter least being taken away.

    Each added map is P diag(e) Q; entries of e are set to zero by importance: smoothed |weight * gradient| times its
    smoothed change. All keep their ranks in the first `warmup` of the steps, and the choice is final for the last
    `final` of them. For budgets so small that it matters which maps get the ranks. Not for short trainings, where
    importance cannot be told from noise: then `lora`. Cost: as `lora` of first_rank, and about a tenth more for the
    bookkeeping of each step.

    Source: Zhang et al. 2023 (arXiv:2303.10512), formulas 4 and 7 to 12.
    """

    key: ClassVar[str] = "adalora"
    in_lines: ClassVar[bool] = True
    zh: ClassVar[str] = """LoRA 的变体：秩从 first_rank 逐渐降到平均 rank，最不重要的秩先被去掉。

    每个附加的映射写成 P diag(e) Q；e 的元素按重要性置零，重要性是平滑后的 |权重 * 梯度| 乘以其平滑后的变化幅度。前
    `warmup` 比例的步数中保留全部秩，最后 `final` 比例的步数中取舍不再改变。适用于预算小到必须挑选把秩分给哪些层的情
    形。不适用于很短的训练：此时重要性与噪声无法区分，应改用 `lora`。开销：与秩为 first_rank 的 `lora` 相同，每步另有约
    十分之一的记账开销。

    来源：Zhang 等 2023（arXiv:2303.10512），公式 4 和 7 至 12。
    """

    rank: Annotated[
        int,
        Field(ge=1, le=1024),
        Row("rank of each map on average at the end", zh="训练结束时各层秩的平均值", aliases=("target_r",),
            search=Search(2, 32, log=True)),
    ] = 8  # fmt: skip
    first_rank: Annotated[
        int,
        Field(ge=2, le=1024),
        Row("rank of each map at the start; above rank", zh="训练开始时各层的秩，须大于 rank", aliases=("init_r",)),
    ] = 12
    alpha: Annotated[
        float,
        Field(gt=0, le=4096),
        Row("strength of the added maps", zh="低秩矩阵的强度", search=Search(4, 128, log=True)),
    ] = 32.0
    dropout: Annotated[
        float, Field(ge=0, lt=1), Row("dropout of what goes into the added maps", zh="低秩矩阵输入的 dropout")
    ] = 0.0
    targets: Annotated[str, TARGETS] = "all"
    warmup: Annotated[
        float, Field(ge=0, lt=1), Row("share of the steps before any rank is taken", zh="开始削减秩之前所占步数的比例")
    ] = 0.1
    final: Annotated[
        float, Field(ge=0, lt=1), Row("share of the steps after the last choice", zh="秩确定之后所占步数的比例")
    ] = 0.3
    every: Annotated[
        int, Field(ge=1), Row("steps between two choices", zh="两次选择之间的步数", unit="steps", aliases=("deltaT",))
    ] = 10
    orthogonal: Annotated[
        float,
        Field(ge=0, le=10),
        Row("weight of the loss that keeps P and Q orthogonal", zh="保持 P、Q 正交的损失权重",
            aliases=("orth_reg_weight",)),
    ] = 0.5  # fmt: skip
    learning_rate: Annotated[float, Field(gt=0, le=1), RATE] = 1e-2

    _checked = field_validator("targets")(checked_targets)

    @model_validator(mode="after")
    def _together(self) -> AdaLoRA:
        if self.first_rank <= self.rank:
            raise ValueError(f"first_rank = {self.first_rank} <= rank = {self.rank}")
        if self.warmup + self.final >= 1:
            raise ValueError(f"warmup + final = {self.warmup + self.final} >= 1")
        return self

    def refuse(self, facts: Facts) -> None:
        """What this method cannot do with the architecture."""
        refuse_architecture(self.key, facts)

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """The model with its maps, which change nothing at first.

        Raises:
            PlanError: `peft.targets`: no linear map of the layers is among those asked for.
        """
        from peft import AdaLoraConfig

        made = wrapped(
            model,
            AdaLoraConfig,
            init_r=self.first_rank,
            target_r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=target_modules(model, self.targets, "adalora.targets"),
            deltaT=self.every,
            total_step=1,  # set when the training starts, as is the rest of the schedule
            orth_reg_weight=self.orthogonal,
        )
        for name, parameter in made.named_parameters():
            if "ranknum" in name:  # a constant, which PEFT would train on the meta device
                parameter.requires_grad_(False)
        return made

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """Add the mean distance of P^T P and Q Q^T from the identity: of formula 4 the root, as PEFT has it."""
        if not self.orthogonal:
            return inner

        def loss(model: Any, batch: Any) -> Any:
            value, outputs = inner(model, batch)
            return value + self.orthogonal * unorthogonal(run.model), outputs

        return loss

    def on(self, event: Event, run: RunContext) -> None:
        """Set up the schedule, reckon the importance after each step, take ranks away, and prove it."""
        watch(event, run, self.key)
        if event == "start":
            self._begin(run)
        elif event == "after_step":
            self._choose(run)

    def _begin(self, run: RunContext) -> None:
        config, allocator = run.model.peft_config["default"], run.model.base_model.rankallocator
        config.total_step = run.total_steps
        config.tinit, config.tfinal = int(self.warmup * run.total_steps), int(self.final * run.total_steps)
        state = run.state[self.key]
        for name in _MEMORY:
            held = {key: value.to(run.model.device) for key, value in state.get(name, {}).items()}
            setattr(allocator, name, held)
            state[name] = held

    def _choose(self, run: RunContext) -> None:
        """One step of the schedule (formula 12)."""
        tuner, state = run.model.base_model, run.state[self.key]
        allocator, config = tuner.rankallocator, run.model.peft_config["default"]
        step, last = run.step + 1, config.total_step - config.tfinal
        if step > last:
            allocator.mask_using_rank_pattern(tuner.model, state["kept"])
            return
        allocator.update_ipt(tuner.model)
        budget, due = allocator.budget_schedule(step)
        if step == last or due:
            state["kept"] = allocator.mask_to_budget(tuner.model, budget)
            taken = sum(row.count(False) for row in state["kept"].values())
            run.noted(self.key, ranks_taken=taken, ranks_left=allocator.init_bgt - taken)


def unorthogonal(model: Any) -> torch.Tensor:
    """Mean over all P and Q of the Frobenius norm of their product with themselves less the identity."""
    distances = []
    for name, item in model.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            product = item @ item.T if "lora_A" in name else item.T @ item
            distances.append(torch.linalg.matrix_norm(product - torch.eye(len(product), device=item.device)))
    return torch.stack(distances).mean()


__all__ = ["AdaLoRA", "unorthogonal"]

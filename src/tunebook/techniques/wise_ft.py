"""WiSE-FT: weights between those of the base model and those that were trained."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field

from tunebook.core.errors import PlanError
from tunebook.core.params import Row, Search
from tunebook.core.technique import Event, RunContext, Technique
from tunebook.nets.averages import Weights, copied, moved, standing_in
from tunebook.nets.heads import was_loaded
from tunebook.nets.linear_chain import in_chain
from tunebook.nets.parameters import body_prefix
from tunebook.nets.peft import is_extra

_POOLER = "pooler."  # which is fresh, as a head, where the base model's files lack it


class WiseFT(Technique):
    """Score and keep weights between those of the base model and those that were trained:
    (1 - alpha) * base + alpha * trained.

    A model that is fine-tuned on rows of one kind gets worse at others; on the line between the two models much of what
    was learned is there before much of the old is lost. Every look at the validation rows sees the weights in between,
    so the best look and early stopping go by them. A head or a pooler that was drawn anew has no base and stays as it
    was trained; one that the base model brought along, or the run that is continued, is brought back with the rest.
    Measure it on rows of another kind too (`tunebook eval BOOK --general OTHER`): the book's own rows alone rarely ask
    for it. Not for a vocabulary or a task that is new to the base model, where what lies in between knows neither.

    Cost: two more copies of what is trained in memory, the base model's in every checkpoint, one pass over it a look.

    Source: Wortsman et al. 2022, Robust fine-tuning of zero-shot models (arXiv:2109.01903), formula 1, whose choice
    without further knowledge is alpha = 0.5.
    """

    key: ClassVar[str] = "wise_ft"
    zh: ClassVar[str] = """用介于基座模型与训练后模型之间的权重来评分和保存模型：(1 - alpha) * 基座 + alpha * 训练后。

    在某一类样本上微调的模型，在其他样本上会变差；在两个模型之间的连线上，往往新知识已学到大半而旧知识尚未丢失多少。每次验
    证看到的都是中间的权重，因此最好的一次验证和早停都以它为准。随机初始化的分类头或池化层没有基座，保持训练后的样子；基座
    模型自带的（或所延续的训练的）则与其余部分一同拉回。请同时在另一类样本上测量（`tunebook eval BOOK --general
    OTHER`）：只看 book 自己的样本很少会需要它。不适用于对基座模型全新的词表或任务，那时中间的权重两边都不会。

    开销：内存中多存两份所训练的权重，每个检查点中存一份基座的权重，每次验证对其遍历一次。

    来源：Wortsman 等 2022，零样本模型的稳健微调（arXiv:2109.01903），公式 1；没有更多信息时其取值为 alpha = 0.5。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"layers"})
    after: ClassVar[frozenset[str]] = frozenset({"checkpoint_average", "ema", "swa"})  # the average is brought back
    conflicts: ClassVar[frozenset[str]] = frozenset({"reinit", "soup"})  # no base; its own choice of looks

    alpha: Annotated[
        float,
        Field(ge=0, le=1),
        Row(
            "share of the trained weights: 1 keeps them as they are, 0 keeps the base model with the trained head",
            zh="训练后权重所占比例：1 表示原样保留，0 表示保留基座模型（配训练后的分类头）",
            aliases=("wise_ft_alpha", "interpolation_alpha"),
            search=Search(0.2, 1.0),
        ),
    ] = 0.5

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        """Look whether there is anything to bring back.

        Raises:
            PlanError: `losses.nothing_to_hold`: no pretrained weight is trained.
        """
        trained = (name for name, item in model.named_parameters() if item.requires_grad)
        if not any(_has_base(name, model, _head_has_base(run)) for name in trained):
            raise PlanError("losses.nothing_to_hold", key=self.key)
        return model

    def on(self, event: Event, run: RunContext) -> None:
        """Remember the base model's weights, or take up those of before a resume; say how far training went.

        With alpha = 1 too: the end of the line is a value like the others of it.
        """
        state = run.state.setdefault(self.key, {})
        if event == "start":
            state["base"] = self._base(state, run)
        elif event == "look":
            base, held = state["base"], moved(run)
            away = torch.stack([(held[name].detach() - item).float().square().sum() for name, item in base.items()])
            run.noted(self.key, distance=float(away.sum().sqrt()))

    def _base(self, state: dict[str, Any], run: RunContext) -> Weights:
        held, with_head = moved(run), _head_has_base(run)
        if "base" in state:  # a resume, perhaps on another process's device
            return {name: item.to(held[name].device) for name, item in state["base"].items()}
        return copied({name: item for name, item in held.items() if _has_base(name, run.model, with_head)})

    def scoring(self, run: RunContext) -> AbstractContextManager[None]:
        """Inside, the model has the weights in between."""
        if self.alpha == 1:
            return nullcontext()
        base = run.state[self.key]["base"]
        now = {name: item.detach() for name, item in moved(run).items()}
        between = {name: torch.lerp(base[name], item, self.alpha) for name, item in now.items() if name in base}
        return standing_in(run, copied(now) | between)


def _has_base(name: str, model: Any, with_head: bool) -> bool:
    """Whether a weight of this name was the base model's before training."""
    if is_extra(name) or in_chain(name):
        return False
    inside = name.startswith(body_prefix(model))
    return with_head or (inside and (_POOLER not in name or was_loaded(model, name)))


def _head_has_base(run: RunContext) -> bool:
    """Whether the head, all of it, goes on from one that was trained."""
    before = run.source.outputs_before if run.source is not None else 0
    own = run.head_kept or "words" in run.gives  # that of a model that says words was trained with it
    return own or (run.labels is not None and before == run.labels.outputs > 0)


__all__ = ["WiseFT"]

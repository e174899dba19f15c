"""NEFTune: uniform noise on the embedded words."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field
from torch import Tensor

from tunebook.core.params import Row, Search
from tunebook.core.technique import Batch, LossFn, RunContext, Technique
from tunebook.nets.perturb import real, shifted, tell, uniform


class Neftune(Technique):
    """Add noise to the embedded words while training.

    Each number of what the word embedding gives out gets uniform noise between -s and s, s = alpha / sqrt(L d), L the
    row's own tokens (padding has no noise and does not count) and d the width; a row's noise then has a length of
    about alpha / sqrt(3). Made for instruction tuning of language models, with alpha 5 to 15 and rows of hundreds of
    tokens, where answers became longer and better liked. In a row of a dozen tokens all of it falls on a few words, and
    5 drowns them; for classification it does little in any case. Cost: next to none.

    Source: Jain et al. 2023 (arXiv:2310.05914), algorithm 1.
    """

    key: ClassVar[str] = "neftune"
    zh: ClassVar[str] = """训练时给词嵌入加上噪声。

    词嵌入输出的每个数都加上 -s 到 s 之间的均匀噪声，s = alpha / sqrt(L d)，L 是该样本自身的词元数（填充没有噪声，也不
    计入），d 是宽度；于是每条样本的噪声长度约为 alpha / sqrt(3)。它是为语言模型的指令微调设计的：alpha 为 5 至 15，样
    本有几百个词元，回答变得更长、更受欢迎。若样本只有十来个词元，噪声全落在几个词上，取 5 就会把它们淹没；对分类任务，
    作用本来就很小。开销：几乎没有。

    来源：Jain 等 2023（arXiv:2310.05914），算法 1。
    """
    needs: ClassVar[frozenset[str]] = frozenset({"embeddings"})
    in_lines: ClassVar[bool] = True
    draws: ClassVar[bool] = True

    alpha: Annotated[
        float,
        Field(ge=0),
        Row(
            "size of the noise, divided by the root of tokens * width",
            zh="噪声大小，会除以（词元数 × 宽度）的平方根",
            aliases=("neftune_noise_alpha", "neftune_alpha"),
            search=Search(0.3, 15, log=True),
        ),
    ] = 1.0

    def around_loss(self, inner: LossFn, run: RunContext) -> LossFn:
        """The same loss over noisy words."""
        if not self.alpha:
            return inner

        def loss(model: Any, batch: Batch) -> Any:
            def noise(embedded: Tensor) -> Tensor:
                found = uniform(embedded, real(batch, embedded), self.alpha)
                tell(run, self.key, found)
                return found

            with shifted(run.model, noise, batch):
                return inner(model, batch)

        return loss


__all__ = ["Neftune"]

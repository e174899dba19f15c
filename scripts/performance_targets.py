"""What was wanted of a benchmark, what it reached, and what stands in the way where that is less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A wish for a ratio.

    Attributes:
        title, against: of the ratio, as the page has them; wanted: times as fast, on a processor without bf16.
        why: what stands in the way, by language of the page.
    """

    title: str
    against: str
    wanted: float
    why: Mapping[str, str]


_STEP = {
    "en": "what is no matrix product is bound by memory ([the parts of a step](#what-limits-training))",
    "zh": "矩阵乘法以外的部分受内存速度限制（见[一步的构成](#训练受什么限制)）",
}
_START = {
    "en": "the start of a process, which is no part of answering, is a third of so short a file",
    "zh": "文件很短，进程启动约占三分之一",
}
_CORES = {
    "en": "two arms side by side share two cores; these need all their seeds, so that looks end nothing early",
    "zh": "两组训练共用两个核心；这两张表需要全部种子，中途查看不能提前结束",
}
_LOOKS = {
    "en": "so many seeds are needed before a test may end",
    "zh": "测试要用到一定数量的种子才能结束",
}
_ONCE = {
    "en": "each text is still read once, and each epoch has its looks and checkpoints",
    "zh": "每条文本仍要读一次，每轮还有评估和检查点",
}
_STOCK, _FROZEN, _APART = "Trainer", "Trainer, the same layers frozen", "ten trainings, a process each"
_PIPELINE = "transformers pipeline, batches of 32"
TARGETS = (
    Target("Training a classifier, short texts", _STOCK, 3, _STEP),
    Target("Training a classifier, uneven texts", _STOCK, 5, _STEP),
    Target("Ten epochs above frozen layers: all", _FROZEN, 20, _ONCE),
    Target("Ten epochs above frozen layers: half", _FROZEN, 1.8, _ONCE),
    Target("A test of two tables, five seeds: ab without looks", _APART, 1 / 0.6, _CORES),
    Target("A test of two tables, one clearly better: ab", _APART, 1 / 0.35, _LOOKS),
    Target("Answering a file, whole processes: reviews", _PIPELINE, 3, _START),
    Target("Answering a file, whole processes: sentences", _PIPELINE, 3, _START),
)


def told(reached: Mapping[tuple[str, str], float], language: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Of each target that was measured: work, side, what was wanted and reached, and what stands in the way.

    Args:
        reached: title and side -> the median of the ratios.
    """
    for one in TARGETS:
        found = reached.get((one.title, one.against))
        if found is not None:
            short = round(found, 1) < round(one.wanted, 1)
            yield one.title, one.against, f"{one.wanted:.1f}", f"{found:.1f}", one.why[language] if short else ""


__all__ = ["TARGETS", "Target", "told"]

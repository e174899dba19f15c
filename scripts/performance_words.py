"""What docs/performance.md says around its figures, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

IMAGE, PEERS_IMAGE = "performance.svg", "peers.svg"


@dataclass(frozen=True)
class Words:
    """The words of a language.

    Attributes:
        file: the page; language: its code.
        head, targets, peers, backends, limits, shares, paper, origins: its prose, before the tables.
        better: which peers are better, joined by `comma`; nobody: that none is.
        terms: English -> this language, of cells; what is not there stays English.
    """

    file: str
    language: str
    head: str
    targets: str
    peers: str
    better: str
    nobody: str
    comma: str
    backends: str
    limits: str
    shares: str
    paper: str
    origins: str
    terms: Mapping[str, str] = field(default_factory=dict)

    def of(self, text: str) -> str:
        """A cell, of whose parts that are joined by `: ` each is a term of its own."""
        return ": ".join(self.terms.get(part, part) for part in text.split(": "))

    def row(self, *cells: str) -> tuple[str, ...]:
        """The heading of a table."""
        return tuple(map(self.of, cells))


ENGLISH = Words(
    file="performance.md",
    language="en",
    head=f"""# How fast it is

[中文](performance.zh-CN.md)

How many times as fast as others Tunebook does the same work: the same model, rows, batch size, optimiser and number of
steps. Both sides run in turns, each in a process of its own; start-up is left out. Bars are medians, lines the smallest
and the largest of the pairs. This page is made from `benchmarks/results/` by `python scripts/make_docs.py`; do not edit
it. A machine of your own gives other figures: each section has its command.

![Ratios as bars with their ranges](images/{IMAGE})

Scores are medians of the runs, after the steps that were timed, which show that the faster side did not compute
something else. They do not show how well a model learns in the end: after so few steps most are near chance. *Training
until a set accuracy* does, over whole trainings.
""",
    targets="""
## What was wanted

Times as fast, on a processor without bf16.

""",
    peers="""
## Beside peers

Each learns from the same {rows} rows with the same base model, if it takes one, and may use as many seconds of the
processor, on one thread, as stand beside its set, to learn and to answer 500 held-out rows; what it did use is told,
and who took more is seen.
Tunebook does what `tunebook init` proposes; the others their defaults. One seed each. Gains are of accuracy, paired by
row, in points, with 95 % intervals. `{command}`

![Accuracy against seconds of the processor, a panel for each set](images/{image})

""",
    better="\nSurely better than Tunebook, as its gain is below zero in the whole interval: {peers}.\n",
    nobody="none",
    comma=", ",
    backends="""
## By what a model answers

Rows a second of a model in memory, one row or 32 at once; all ways in turns (`{command}`). In
brackets where answers are not those of torch to 0.00001 with the same decisions; `--backend auto` takes exact ways
only, and of these knows torch and onnxruntime. Compiling took up to 20 seconds, and again where rows came in other
shapes.

""",
    limits="""
## What limits training

A step takes at least the operations of its matrix products at the highest speed that products of such shapes reach on
the machine. *Products reach* is their own speed against that peak; *bound is* how much of a step's time the products
would take at the peak. The rest is what could still be saved without another processor.

""",
    shares="\nShares of a step's time; `{command}`.\n\n",
    paper="""
## On many machines, on paper

Wall time and what all machines together are paid for, by simulation of a cluster (`{command}`):
trainings of {median:.0f} s at the median, {start:.0f} s to start a machine, {serial:.0f} s of the command for each, and
no deaths. No cluster of this size was at hand; [many machines](how-to/many-machines.md) says what becomes of deaths.

""",
    origins="\n## Where each comes from\n",
)
CHINESE = Words(
    file="performance.zh-CN.md",
    language="zh",
    head=f"""# 有多快

[English](performance.md)

完成同样的工作，Tunebook 的速度是其他工具的多少倍：模型、样本、批大小、优化器和步数都相同。
双方轮流运行，每次都用单独的进程，不计启动时间。条形是中位数，线段的两端是各对比值中的最小值和最大值。
本页由 `python scripts/make_docs.py` 根据 `benchmarks/results/` 生成，请勿手工修改。
换一台机器，数字会不同：各项都附有命令。

![倍数及其范围的条形图](images/{IMAGE})

得分是计时的那些步之后各次运行得分的中位数，用来说明较快的一方没有偷换计算内容。
它们不说明模型最终学得多好：步数这么少，多数得分接近随机水平。
*训练到预定的准确率*一项说明这一点，比较的是完整的训练。
""",
    targets="""
## 目标

在没有 bf16 的处理器上的倍数。

""",
    peers="""
## 与同类工具相比

每个工具都用同样的 {rows} 条样本学习，需要基座模型的都用同一个，
学习并回答 500 条留出样本最多可用的处理器秒数写在数据集旁，只用一个线程；实际用了多少都列出，超出的一眼可见。
Tunebook 按 `tunebook init` 的建议运行，其他工具用各自的默认设置。
各用一个种子。提升是准确率之差，按样本配对，单位为百分点，附 95% 区间。
`{command}`

![准确率与处理器秒数，每个数据集一格](images/{image})

""",
    better="\n确定优于 Tunebook 的，即提升的整个区间都低于零的：{peers}。\n",
    nobody="没有",
    comma="、",
    backends="""
## 用什么运行模型

模型已在内存中时每秒处理的行数，每次 1 行或 32 行；各种方式轮流运行（`{command}`）。
答案与 torch 相差超过 0.00001 或判定不同的写在括号中；`--backend auto` 只采用答案相同的方式，
它了解 torch 和 onnxruntime。
编译最多用了 20 秒，行的形状变化时会重新编译。

""",
    limits="""
## 训练受什么限制

一步至少需要以这台机器上同样形状的矩阵乘法所能达到的最高速度完成其全部乘法。
*乘法达到*是乘法自身的速度与该峰值之比；*下限占比*是一步的时间中，乘法以峰值速度进行所需的部分。
其余就是不换处理器还可以节省的部分。

""",
    shares="\n一步的时间构成；`{command}`。\n\n",
    paper="""
## 多台机器，纸上推算

总时间以及所有机器合计付费的时间，由集群模拟得出（`{command}`）：每次训练的中位数为 {median:.0f} 秒，
启动一台机器 {start:.0f} 秒，命令为每次训练另花 {serial:.0f} 秒，没有机器中途退出。
手头没有这样规模的集群；机器退出时会怎样，见[多台机器](how-to/many-machines.zh-CN.md)。

""",
    origins="\n## 各项的来源\n",
    terms={
        "Work": "工作",
        "Against": "对比对象",
        "Times as fast": "倍数",
        "Pairs": "对数",
        "Score": "得分",
        "Theirs": "对方得分",
        "Step": "步",
        "Operations": "运算量",
        "Peak": "峰值",
        "Products reach": "乘法达到",
        "Bound is": "下限占比",
        "Part": "部分",
        "Machines": "机器数",
        "Minutes": "分钟",
        "Machine hours paid": "付费机时",
        "Command": "命令",
        "Processor": "处理器",
        "Cores": "核心",
        "Day": "日期",
        "no": "无",
        "Training a classifier, short texts": "训练分类模型，短文本",
        "Training a classifier, uneven texts": "训练分类模型，长短不一的文本",
        "Training a multilingual classifier": "训练多语言分类模型",
        "Training until a set accuracy": "训练到预定的准确率",
        "Ten epochs above frozen layers": "冻结层之上训练十轮",
        "Ten epochs above a frozen multilingual encoder": "冻结的多语言编码器之上训练十轮",
        "Ten epochs above frozen layers, uneven texts": "冻结层之上训练十轮，长短不一的文本",
        "A test of two tables, one clearly better": "两张参数表的测试，其中一张明显更好",
        "A test of two tables, five seeds": "两张参数表的测试，五个种子",
        "Trainer, the same layers frozen": "Trainer，冻结同样的层",
        "ten trainings, a process each": "十次训练，各用一个进程",
        "Wanted": "目标",
        "Reached": "达到",
        "What stands in the way": "差距来自",
        "Set, budget": "数据集，预算",
        "With": "工具",
        "Accuracy": "准确率",
        "Tunebook gains, points": "Tunebook 的提升（百分点）",
        "Processor, s": "处理器时间（秒）",
        "Memory, GB": "内存（GB）",
        "gave no answer": "没有给出回答",
        "TF-IDF, linear model": "TF-IDF 加线性模型",
        "Training a tagger": "训练标注模型",
        "Task, rows at once": "任务，每次行数",
        "Start of onnxruntime, s": "onnxruntime 启动（秒）",
        "torch in bf16": "torch，bf16",
        "torch compiled": "torch，编译",
        "text_classification": "文本分类",
        "tagging": "序列标注",
        "embedding": "向量",
        "Training embeddings": "训练向量模型",
        "Instruction tuning": "指令微调",
        "Preference tuning (DPO)": "偏好微调（DPO）",
        "Answering a file, whole processes": "回答一个文件，完整进程",
        "Texts into vectors": "文本转向量",
        "Requests a second within the bound": "时限内每秒请求数",
        "Reading, cleaning, splitting a million rows": "读取、清洗、划分一百万条样本",
        "Trainer in bf16": "Trainer，bf16",
        "Trainer in bf16, rows grouped by length": "Trainer，bf16，按长度分组",
        "SentenceTransformerTrainer in bf16": "SentenceTransformerTrainer，bf16",
        "SentenceTransformerTrainer in bf16, rows grouped by length": "SentenceTransformerTrainer，bf16，按长度分组",
        "SFTTrainer, activations kept, grouped by length": "SFTTrainer，保留激活值，按长度分组",
        "SFTTrainer, packed": "SFTTrainer，拼接",
        "SFTTrainer, packed, activations kept": "SFTTrainer，拼接，保留激活值",
        "DPOTrainer, plain": "DPOTrainer，最简设置",
        "DPOTrainer, reference computed before": "DPOTrainer，预先计算参考模型",
        "transformers pipeline, batches of 32": "transformers pipeline，每批 32 条",
        "FastAPI around a transformers pipeline": "FastAPI 加 transformers pipeline",
        "pandas with a plain loop": "pandas 加普通循环",
        "products": "矩阵乘法",
        "attention": "注意力",
        "activation": "激活函数",
        "dropout": "dropout",
        "norm": "归一化",
        "optimiser": "优化器",
        "element by element": "逐元素运算",
        "rest": "其余",
    },
)

__all__ = ["CHINESE", "ENGLISH", "IMAGE", "PEERS_IMAGE", "Words"]

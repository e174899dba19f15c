"""docs/performance.md: how fast Tunebook is beside what users would pick instead, from `benchmarks/results/`."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claims import RESULTS, grid

IMAGE = "performance.svg"
HEAD = f"""# How fast it is

How many times as fast as others Tunebook does the same work: the same model, rows, batch size, optimiser and number of
steps. Both sides run in turns, each in a process of its own; start-up is left out. Bars are medians, lines the smallest
and the largest of the pairs. This page is made from `benchmarks/results/` by `python scripts/make_docs.py`; do not edit
it. A machine of your own gives other figures: each section has its command.

![Ratios as bars with their ranges](images/{IMAGE})

Scores are those after the steps that were timed, which show that the faster side did not compute something else. They
do not show how well a model learns in the end: after so few steps most are near chance.
"""
LIMITS = """
## What limits training

A step takes at least the operations of its matrix products at the highest speed that products of such shapes reach on
the machine. *Products reach* is their own speed against that peak; *bound is* how much of a step's time the products
would take at the peak. The rest is what could still be saved without another processor.

"""
PAPER = """
## On many machines, on paper

Wall time and what all machines together are paid for, by simulation of a cluster (`{command}`):
trainings of {median:.0f} s at the median, {start:.0f} s to start a machine, {serial:.0f} s of the command for each, and
no deaths. No cluster of this size was at hand; [many machines](how-to/many-machines.md) says what becomes of deaths.

"""
SCORES = ("accuracy", "span_f1", "loss_after")
RESULT = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """A benchmark of two sides.

    Attributes:
        file: of its result; title: what is done; sides: key in the result -> who that is.
    """

    file: str
    title: str
    sides: Mapping[str, str]


STOCK = {
    "stock": "Trainer",
    "stock_bf16": "Trainer in bf16",
    "stock_bf16_grouped": "Trainer in bf16, rows grouped by length",
}
OF_EMBEDDINGS = {key: name.replace("Trainer", "SentenceTransformerTrainer") for key, name in STOCK.items()}
WORKS = (
    Work("P1_training_speed", "Training a classifier, short texts", STOCK),
    Work("P2_training_speed", "Training a classifier, uneven texts", STOCK),
    Work("TRIM_training_speed", "Training a multilingual classifier", STOCK),
    Work("P3_tagging_speed", "Training a tagger", STOCK),
    Work("P5_embedding_training_speed", "Training embeddings", OF_EMBEDDINGS),
    Work(
        "LM_SPEED",
        "Instruction tuning",
        {
            "trl": "SFTTrainer",
            "trl_once": "SFTTrainer, activations kept, grouped by length",
            "trl_packing": "SFTTrainer, packed",
            "trl_packing_once": "SFTTrainer, packed, activations kept",
        },
    ),
    Work(
        "DPO_SPEED",
        "Preference tuning (DPO)",
        {"trl": "DPOTrainer", "trl_plain": "DPOTrainer, plain", "trl_cached": "DPOTrainer, reference computed before"},
    ),
    Work("ANSWERING", "Answering a file, whole processes", {"pipeline": "transformers pipeline, batches of 32"}),
    Work("EMBEDDING_SPEED", "Texts into vectors", {"sentence_transformers": "SentenceTransformer.encode"}),
    Work("SERVE_LOAD_RATIO", "Requests a second within the bound", {"": "FastAPI around a transformers pipeline"}),
    Work("data_path", "Reading, cleaning, splitting a million rows", {"": "pandas with a plain loop"}),
)


@dataclass(frozen=True)
class Ratio:
    """How many times as fast as a side, with its range, and what both scored."""

    title: str
    against: str
    median: float
    low: float
    high: float
    pairs: int
    ours: str
    theirs: str


def ratios(work: Work, found: RESULT) -> Iterator[Ratio]:
    """Those of a result, which may have several cases."""
    for name, case in found.get("cases", {"": found}).items():
        given = case.get("speed_ratio", {"": case.get("ratio")})
        for key, against in work.sides.items():
            if one := given.get(key):
                ours, theirs = (_score(case, side) for side in ("tunebook", key))
                title = f"{work.title}: {name}" if name else work.title
                pairs = one.get("pairs") or len(case["tunebook"]["seconds"])
                yield Ratio(title, against, one["median"], one["min"], one["max"], pairs, ours, theirs)


def _score(case: RESULT, side: str) -> str:
    """After a side's last run; empty where nothing is learnt."""
    runs = case.get("runs", {})
    last = runs.get(side, [{}])[-1] if isinstance(runs, dict) else {}
    return next((f"{key.removesuffix('_after')} {last[key]:.3f}" for key in SCORES if key in last), "")


def page(folder: Path = RESULTS) -> str:
    """The page, from the results that are there."""
    parts, lines = [HEAD], []
    for work, found in _found(folder):
        lines += [
            (one.title, one.against, f"**{one.median:.1f}** [{one.low:.1f}, {one.high:.1f}]", str(one.pairs), one.ours,
             one.theirs)
            for one in ratios(work, found)
        ]  # fmt: skip
    parts.append(grid(("Work", "Against", "Times as fast", "Pairs", "Score", "Theirs"), lines))
    if (path := folder / "ROOFLINE.json").is_file():
        parts += [LIMITS, limits(json.loads(path.read_text(encoding="utf-8")))]
    if (path := folder / "RAY_PAPER.json").is_file():
        parts.append(on_paper(json.loads(path.read_text(encoding="utf-8"))))
    parts.append("\n## Where each comes from\n")
    parts.append(grid(("Work", "Command", "Processor", "bf16", "Day"), [_origin(*one) for one in _found(folder)]))
    return "".join(parts)


def limits(found: RESULT) -> str:
    """What a step of training consists of, and how near that is to what the processor can do."""
    cases = found["cases"]
    lines = [(f"{name}: {case['what']}", *_measures(case)) for name, case in cases.items()]
    head = ("Step", "Operations", "Peak", "Products reach", "Bound is")
    names = list(next(iter(cases.values()))["shares"])
    shares = [(name, *(f"{100 * case['shares'][name]:.0f} %" for case in cases.values())) for name in names]
    told = f"\nShares of a step's time; `{found['command']}`.\n\n"
    return grid(head, lines) + told + grid(("Part", *cases), shares)


def on_paper(found: RESULT) -> str:
    """Wall time and cost against the number of machines, of machines that do not die."""
    head = ("Work", "Machines", "Minutes", "Machine hours paid")
    cases = [case for case in found["cases"] if not case["deaths_an_hour"]]
    lines = [
        (case["what"], str(case["machines"]), _minutes(case["wall"]), f"{case['paid_machine_hours']:.2f}")
        for case in cases
    ]
    return PAPER.format(command=found["command"], **found["assumed"]) + grid(head, lines)


def _minutes(wall: Mapping[str, float]) -> str:
    median, low, high = (f"{wall[name] / 60:.1f}" for name in ("median", "low", "high"))
    return f"{median} [{low}, {high}]"


def _measures(case: RESULT) -> tuple[str, ...]:
    billions = (f"{case[key] / 1e9:.0f} G{unit}" for key, unit in (("operations_a_step", ""), ("peak", "/s")))
    return (*billions, *(f"{100 * case[key]:.0f} %" for key in ("of_peak", "of_bound")))


def _origin(work: Work, found: RESULT) -> tuple[str, ...]:
    machine = found.get("machine", {})
    machine = machine if isinstance(machine, dict) else {}
    flags = machine.get("flags", ())
    bf16 = "AMX" if "amx_bf16" in flags else "AVX512" if "avx512_bf16" in flags else "no"
    return work.title, f"`{found['command']}`", str(machine.get("processor", "")), bf16, found.get("date", "")


def _found(folder: Path) -> Iterator[tuple[Work, RESULT]]:
    for work in WORKS:
        path = folder / f"{work.file}.json"
        if path.is_file():
            yield work, json.loads(path.read_text(encoding="utf-8"))


def image(folder: Path = RESULTS) -> str:
    """The bars, as SVG, the same bytes for the same results."""
    shown = [one for work, found in _found(folder) for one in ratios(work, found)]
    return drawn(shown)


def drawn(shown: Sequence[Ratio]) -> str:
    """Bars of ratios on a scale where twice as fast is as far from 1 as half as fast."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "tunebook", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(9, 0.32 * len(shown) + 0.8), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(shown), 0, -1)
        medians = [one.median for one in shown]
        ends = [[one.median - one.low for one in shown], [one.high - one.median for one in shown]]
        axes.barh(places, [value - 1 for value in medians], left=1, color="#4477aa", height=0.6)
        axes.errorbar(medians, places, xerr=ends, fmt="none", ecolor="#222222", elinewidth=1.2, capsize=2)
        axes.set_yticks(places, [f"{one.title} / {one.against}" for one in shown])
        axes.set_xscale("log", base=2)
        axes.set_xticks([0.5, 1, 2, 4, 8, 16], ["0.5", "1", "2", "4", "8", "16"])
        axes.axvline(1, color="#222222", linewidth=1)
        axes.set_xlabel("times as fast")
        axes.spines[["top", "right"]].set_visible(False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    # Hundredths of a point are enough, and the same on all processors.
    short = re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", out.getvalue())
    return "\n".join(line.rstrip() for line in short.splitlines()) + "\n"


__all__ = ["IMAGE", "Ratio", "Work", "drawn", "image", "page", "ratios"]

"""docs/performance.md and its Chinese twin: how fast Tunebook is beside what users would pick instead, from
`benchmarks/results/`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from claims import RESULTS, grid
from performance_peers import beside_peers, cheaper_ways, picture
from performance_targets import told as told_targets
from performance_words import CHINESE, ENGLISH, IMAGE, PEERS_IMAGE, Words
from svg import as_svg

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
    Work("TIME", "Training until a set accuracy", STOCK),
    Work("FROZEN", "Ten epochs above frozen layers", {"stock": "Trainer, the same layers frozen"}),
    Work("FROZEN_UNEVEN", "Ten epochs above frozen layers, uneven texts", {"stock": "Trainer, the same layers frozen"}),
    Work(
        "FROZEN_multilingual",
        "Ten epochs above a frozen multilingual encoder",
        {"stock": "Trainer, the same layers frozen"},
    ),
    Work("P4_ab_sharing", "A test of two tables, five seeds", {"separate": "ten trainings, a process each"}),
    Work("P4_clear", "A test of two tables, one clearly better", {"separate": "ten trainings, a process each"}),
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


BACKENDS = {"eager": "torch", "bf16": "torch in bf16", "compiled": "torch compiled", "onnx": "onnxruntime"}


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
    """Those of a result, which may have several cases: as it compares its sides itself, or the only one that it has."""
    alone = {"case": "", "against": "", "ratio": found.get("ratio")}
    given = {(one["case"], one["against"]): one for one in found.get("compared", [alone])}
    for case in dict.fromkeys(case for case, _ in given):
        for key, against in work.sides.items():
            if (one := given.get((case, key))) and (ratio := one["ratio"]):
                title = f"{work.title}: {case}" if case else work.title
                pairs = ratio.get("pairs") or len(found["tunebook"]["seconds"])
                told = (_score(one, who) for who in ("ours", "theirs"))
                yield Ratio(title, against, ratio["median"], ratio["min"], ratio["max"], pairs, *told)


def _score(compared: Mapping[str, Any], who: str) -> str:
    """What a side scored; empty where nothing is learnt."""
    scores = (f"{key.removesuffix('_after')} {one[who]:.3f}" for key, one in compared.items() if who in one)
    return next(scores, "")


def pages(folder: Path = RESULTS) -> dict[str, str]:
    """File -> the page in a language, from the results that are there."""
    return {words.file: page(folder, words) for words in (ENGLISH, CHINESE)}


def page(folder: Path = RESULTS, words: Words = ENGLISH) -> str:
    """The page in a language."""
    parts, lines = [words.head], []
    for work, found in _found(folder):
        lines += [
            (*words.row(one.title, one.against), f"**{one.median:.1f}** [{one.low:.1f}, {one.high:.1f}]",
             str(one.pairs), one.ours, one.theirs)
            for one in ratios(work, found)
        ]  # fmt: skip
    parts.append(grid(words.row("Work", "Against", "Times as fast", "Pairs", "Score", "Theirs"), lines))
    parts += targets([one for work, found in _found(folder) for one in ratios(work, found)], words)
    if (path := folder / "PEERS.json").is_file():
        parts.append(beside_peers(json.loads(path.read_text(encoding="utf-8")), words))
    if (path := folder / "BACKENDS.json").is_file():
        parts.append(by_backends(json.loads(path.read_text(encoding="utf-8")), words))
    if (path := folder / "ROOFLINE.json").is_file():
        parts += [words.limits, limits(json.loads(path.read_text(encoding="utf-8")), words)]
    if (path := folder / "RAY_PAPER.json").is_file():
        parts.append(on_paper(json.loads(path.read_text(encoding="utf-8")), words))
    head = words.row("Work", "Command", "Processor", "Cores", "bf16", "Day")
    parts += [words.origins, grid(head, [_origin(*one, words) for one in _found(folder)])]
    return "".join(parts)


def targets(shown: Sequence[Ratio], words: Words) -> list[str]:
    """What was wanted beside what was reached; empty where nothing of it was measured."""
    lines = list(told_targets({(one.title, one.against): one.median for one in shown}, words.language))
    head = words.row("Work", "Against", "Wanted", "Reached", "What stands in the way")
    return [words.targets, grid(head, [(*words.row(*line[:2]), *line[2:]) for line in lines])] if lines else []


def by_backends(found: RESULT, words: Words) -> str:
    """Rows a second of each way of running a model; in brackets where it does not say the same as torch."""
    head = words.row("Task, rows at once", *BACKENDS.values(), "Start of onnxruntime, s")
    lines = []
    for case, told in found["cases"].items():
        task, _, size = case.partition(", ")
        speeds = [found["rows"] / median(told[way]["seconds"]) for way in BACKENDS]
        cells = [
            f"{one:.0f}" if told[way]["exact"] else f"({one:.0f})" for one, way in zip(speeds, BACKENDS, strict=True)
        ]
        lines.append((f"{words.of(task)}, {size.split()[0]}", *cells, f"{told['onnx']['start']:.1f}"))
    return words.backends.format(command=found["command"]) + grid(head, lines)


def limits(found: RESULT, words: Words) -> str:
    """What a step of training consists of, and how near that is to what the processor can do."""
    cases = found["cases"]
    lines = [(f"{name}: {case['what']}", *_measures(case)) for name, case in cases.items()]
    head = words.row("Step", "Operations", "Peak", "Products reach", "Bound is")
    names = list(next(iter(cases.values()))["shares"])
    shares = [(words.of(name), *(f"{100 * case['shares'][name]:.0f} %" for case in cases.values())) for name in names]
    told = words.shares.format(command=found["command"])
    return grid(head, lines) + told + grid((words.of("Part"), *cases), shares)


def on_paper(found: RESULT, words: Words) -> str:
    """Wall time and cost against the number of machines, of machines that do not die."""
    head = words.row("Work", "Machines", "Minutes", "Machine hours paid")
    cases = [case for case in found["cases"] if not case["deaths_an_hour"]]
    lines = [
        (case["what"], str(case["machines"]), _minutes(case["wall"]), f"{case['paid_machine_hours']:.2f}")
        for case in cases
    ]
    return words.paper.format(command=found["command"], **found["assumed"]) + grid(head, lines)


def _minutes(wall: Mapping[str, float]) -> str:
    median, low, high = (f"{wall[name] / 60:.1f}" for name in ("median", "low", "high"))
    return f"{median} [{low}, {high}]"


def _measures(case: RESULT) -> tuple[str, ...]:
    billions = (f"{case[key] / 1e9:.0f} G{unit}" for key, unit in (("operations_a_step", ""), ("peak", "/s")))
    return (*billions, *(f"{100 * case[key]:.0f} %" for key in ("of_peak", "of_bound")))


def _origin(work: Work, found: RESULT, words: Words) -> tuple[str, ...]:
    machine = found["machine"]
    flags = machine.get("flags")  # None where nobody asked
    bf16 = "" if flags is None else "AMX" if "amx_bf16" in flags else "AVX512" if "avx512_bf16" in flags else "no"
    processor, cores = (str(machine.get(name, "")) for name in ("processor", "cores"))
    return words.of(work.title), f"`{found['command']}`", processor, cores, words.of(bf16), found.get("date", "")


def _found(folder: Path) -> Iterator[tuple[Work, RESULT]]:
    for work in WORKS:
        path = folder / f"{work.file}.json"
        if path.is_file():
            yield work, json.loads(path.read_text(encoding="utf-8"))


def cheaper(folder: Path = RESULTS) -> str:
    """What `recommend` knows of peers, as JSON."""
    path = folder / "PEERS.json"
    return cheaper_ways(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else "[]\n"


def images(folder: Path = RESULTS) -> dict[str, str]:
    """File -> picture, as SVG, the same bytes for the same results."""
    shown = [one for work, found in _found(folder) for one in ratios(work, found)]
    peers = folder / "PEERS.json"
    beside = {PEERS_IMAGE: picture(json.loads(peers.read_text(encoding="utf-8")))} if peers.is_file() else {}
    return {IMAGE: drawn(shown), **beside}


def drawn(shown: Sequence[Ratio]) -> str:
    """Bars of ratios on a scale where twice as fast is as far from 1 as half as fast."""
    with as_svg() as bars:
        bars.figure.set_size_inches(9, 0.32 * len(shown) + 0.8)
        axes = bars.figure.add_subplot()
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
    return bars.text


__all__ = ["IMAGE", "Ratio", "Work", "cheaper", "drawn", "images", "page", "pages", "ratios"]

"""How long it takes from a CSV file of 1,000,000 short rows to frozen rows, against pandas with a plain loop, and
against an earlier build of Tunebook; and how much memory a larger file takes.

All sides read the same file, clean every text by the same rules, drop rows without text or label, drop repeated rows,
split 7:2:1 within each class with rows of one text on one side, and write one Parquet file. Each measurement is a
process of its own; the sides alternate. An earlier build must freeze the same rows: their hash, split.json and the
ledger are compared.

    python benchmarks/data_path.py [--rows 1000000] [--pairs 3] [--earlier SRC] [--out FILE]
    python benchmarks/data_path.py --large 10000000 [--out FILE]

SRC is the `src` folder of the earlier build, such as that of a `git worktree`. The second adds one run on a larger file
to the result of the first.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

WORDS = str.split(
    "order refund late parcel card payment charged twice cancel account login password broken screen battery thanks "
    "please help when where invoice address change delivery store return exchange size colour missing item voucher"
)
CHINESE = "订单退款快递没有收到支付密码登录电池屏幕发票地址修改商品尺码颜色优惠券客服谢谢请问什么时候可以到货"
Run = dict[str, Any]
LABELS = ("account", "billing", "cancel", "complaint", "delivery", "product", "refund", "other")


def write_rows(path: Path, rows: int) -> None:
    """Rows as people have them: a tenth needs cleaning, 2 % are repeats, some have commas, quotes and line ends."""
    import numpy as np

    draw = np.random.Generator(np.random.PCG64(7))
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["id", "text", "label"])
        text, label = "", LABELS[0]
        for number in range(rows):
            if number % 10_000 == 0:  # so many at once: a draw of its own for each word takes a minute a million
                kinds = draw.integers(0, 100, 10_000).tolist()
                words, signs = (draw.integers(0, len(of), (10_000, 30)).tolist() for of in (WORDS, CHINESE))
                lengths = draw.integers((4, 6), (16, 30), (10_000, 2)).tolist()
            place = number % 10_000
            kind = kinds[place]
            if kind >= 2 or not text:
                label = LABELS[number % len(LABELS)]
                if kind % 2:
                    text = " ".join([WORDS[i] for i in words[place][: lengths[place][0]]])
                else:
                    text = "".join([CHINESE[i] for i in signs[place][: lengths[place][1]]])
            shown = text
            if kind in (10, 11):
                shown = f"<p>{text}</p>&nbsp;"
            elif kind in (12, 13, 14):
                shown = f"  {text}  ok "
            elif kind == 15:
                shown = text + "ＡＢＣ１２３"
            elif kind == 16:
                shown = f'said "{text}", twice'
            elif kind == 17:
                shown = f"{text}\nand more"
            out.writerow([number, shown, label])


def run_tunebook(source: Path, into: Path) -> int:
    """Rows that Tunebook keeps."""
    from tunebook.data.options import DataOptions
    from tunebook.data.prepare import prepare

    return sum(prepare([source], into, DataOptions()).rows.values())


def run_plain(source: Path, into: Path) -> int:
    """Rows that a plain script keeps: pandas reads and writes, a loop does the rest."""
    import random

    import pandas as pd
    import xxhash

    from tunebook.data.clean import chosen_rules, clean_text

    rules = chosen_rules()
    frame = pd.read_csv(source, dtype=str, keep_default_na=False)
    seen: set[tuple[int, str]] = set()
    kept: list[tuple[int, str, str, str, int]] = []
    for number, row in enumerate(frame.itertuples(index=False)):
        text, label = clean_text(row.text, rules), row.label.strip()
        if not text or not label:
            continue
        key = xxhash.xxh3_64_intdigest(text.lower().encode())
        if (key, label) not in seen:
            seen.add((key, label))
            kept.append((number, row.id, text, label, key))
    classes: dict[str, list[int]] = {}
    side: dict[int, str] = {}
    for _, _, _, label, key in kept:
        classes.setdefault(label, []).append(key)
    shuffler = random.Random(42)
    for _, keys in sorted(classes.items()):
        fresh = [key for key in dict.fromkeys(keys) if key not in side]
        shuffler.shuffle(fresh)
        test, validation = round(0.1 * len(fresh)), round(0.2 * len(fresh))
        for place, key in enumerate(fresh):
            side[key] = "test" if place < test else "validation" if place < test + validation else "train"
    done = pd.DataFrame(kept, columns=["_row", "_id", "text", "label", "key"])
    done["_split"] = [side[key] for key in done["key"]]
    into.mkdir(parents=True)
    done.drop(columns="key").to_parquet(into / "rows.parquet", compression="zstd")
    return len(done)


def one(side: str, source: Path, into: Path) -> None:
    """Measure one side in this process; a JSON line tells what came of it."""
    import pyarrow  # noqa: F401 - loaded on both sides before the clock starts

    start, busy = time.perf_counter(), time.process_time()
    rows = (run_plain if side == "plain" else run_tunebook)(source, into)
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    found = {"side": side, "seconds": seconds, "cpu_seconds": cpu, "peak_bytes": peak, "rows": rows}
    print(json.dumps(found | {"frozen": _frozen(into)}))


def _frozen(into: Path) -> str:
    """A hash of what was frozen: of the values of the rows (in split.json) and of the ledger."""
    files = [into / name for name in ("split.json", "ledger.jsonl")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files if file.is_file())).hexdigest()[:16]


def measure(rows: int, pairs: int, earlier: Path | None) -> dict[str, object]:
    """Alternate the sides and gather their figures."""
    sides = ["tunebook", "plain"] + (["earlier"] if earlier else [])
    runs: dict[str, list[Run]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.csv"
        write_rows(source, rows)
        for pair in range(pairs):
            for side in sides if pair % 2 == 0 else reversed(sides):
                runs[side].append(_run(side, source, Path(folder) / f"{side}{pair}", earlier))
        size = source.stat().st_size
    if len({run["rows"] for side in sides for run in runs[side]}) > 1:
        raise SystemExit("the sides kept different numbers of rows")
    if len({run["frozen"] for side in sides if side != "plain" for run in runs[side]}) > 1:
        raise SystemExit("the earlier build froze other rows")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "what": "CSV to frozen split, seconds of pandas with a plain loop over seconds of Tunebook",
        "rows": rows,
        "kept": runs["tunebook"][0]["rows"],
        "file_bytes": size,
        "ratio": _ratio(runs, "plain", "seconds"),
        "ratio_of_cpu_seconds": _ratio(runs, "plain", "cpu_seconds"),
        **(_against_earlier(runs) if earlier else {}),
        **{side: _summary(runs[side]) for side in sides},
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform()},
        "versions": {name: importlib.metadata.version(name) for name in ("numpy", "pyarrow", "pandas", "xxhash")}
        | {"python": platform.python_version()},
        "command": f"python benchmarks/data_path.py --rows {rows} --pairs {pairs}"
        + (" --earlier SRC" if earlier else ""),
    }


def measure_large(rows: int) -> dict[str, object]:
    """Time and memory of one run on a file of so many rows."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.csv"
        write_rows(source, rows)
        found = _summary([_run("tunebook", source, Path(folder) / "large", None)])
        size = source.stat().st_size
    return {"rows": rows, "file_bytes": size, **found, "command": f"python benchmarks/data_path.py --large {rows}"}


def _run(side: str, source: Path, into: Path, earlier: Path | None) -> Run:
    """A side in a process of its own."""
    command = [sys.executable, __file__, "--one", side, str(source), str(into)]
    place = {"PYTHONPATH": str(earlier)} if side == "earlier" else {}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | place)
    found: Run = json.loads(done.stdout.strip().splitlines()[-1])
    print(found, file=sys.stderr)
    return found


def _against_earlier(runs: dict[str, list[Run]]) -> dict[str, object]:
    """How many times as fast as the earlier build, which froze the same rows."""
    return {
        "ratio_earlier": _ratio(runs, "earlier", "seconds"),
        "ratio_earlier_of_cpu_seconds": _ratio(runs, "earlier", "cpu_seconds"),
        "same_rows_as_earlier": True,
    }


def _ratio(runs: dict[str, list[Run]], side: str, what: str) -> dict[str, float]:
    """Of each pair, a side over Tunebook; CPU seconds (of all threads) do not hang on what else the machine does."""
    ratios = [round(theirs[what] / ours[what], 3) for ours, theirs in zip(runs["tunebook"], runs[side], strict=True)]
    return {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}


def _summary(runs: list[Run]) -> dict[str, object]:
    seconds = [round(run["seconds"], 3) for run in runs]
    return {
        "seconds": seconds,
        "median": statistics.median(seconds),
        "cpu_seconds": [round(run["cpu_seconds"], 3) for run in runs],
        "peak_bytes": max(run["peak_bytes"] for run in runs),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--earlier", type=Path)
    parser.add_argument("--large", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "data_path.json")
    parser.add_argument("--one", nargs=3, metavar=("SIDE", "SOURCE", "INTO"))
    options = parser.parse_args()
    if options.one:
        one(options.one[0], Path(options.one[1]), Path(options.one[2]))
        return
    if options.large:
        result = json.loads(options.out.read_text(encoding="utf-8")) | {"large": measure_large(options.large)}
    else:
        result = measure(options.rows, options.pairs, options.earlier)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

"""python -m benchmarks [CLAIM] [options of that claim]: run one benchmark, or name them all.

python -m benchmarks CLAIMS: measure all claims of techniques, one process with one thread for each core.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
# Claim -> the script that measures it, with its function where that is not `main`; imported when it is run.
SCRIPTS = {
    "AA": "same_table",
    "AA_LOOKS": "same_training",
    "AB_CROSSFIT": "ab_crossfit",
    "AGREEMENT": "agreement",
    "ANSWERING": "answering_speed",
    "ANSWERS": "context_answers",
    "AUTO": "auto_honest",
    "CACHED": "embedding_training_speed:memory",
    "CALIBRATED": "calibrated",
    "CHALLENGE_FALLS": "challenge_falls",
    "CHALLENGE_LABELS": "challenge_labels",
    "COVERAGE": "coverage",
    "BACKENDS": "backends_speed",
    "BATCHES": "batch_sizes",
    "DEFAULTS": "defaults",
    "DISTIL": "distillation",
    "DPO_SPEED": "preference_speed",
    "EFFECTS": "effects",
    "EMBEDDINGS": "embeddings",
    "EMBEDDING_SPEED": "embedding_speed",
    "FAITHFULNESS": "faithfulness",
    "FEW_LABELS": "few_labels",
    "FROZEN": "frozen_speed",
    "FULL_DISK": "full_disk",
    "FUTILITY": "futility",
    "GATE": "gate",
    "GPU": "gpu",
    "GROUPS": "groups",
    "GUARDS": "guards",
    "H2": "tables_matter",
    "HEAD_RATE": "fresh_head",
    "INSTRUCTION": "instruction_tuning",
    "KILLS": "kills",
    "KILLS_AB": "killed_tests",
    "KILLS_ALL": "killed_commands",
    "LABEL_NEXT": "label_next",
    "LARGE_BOOK": "large_book",
    "LEARNING_CURVE": "learning_curves",
    "LM_MEMORY": "language_models",
    "LM_SPEED": "language_models",
    "LOOKS": "looks",
    "MACHINE_SPEED": "machine_speed",
    "MANY": "many",
    "MULTI_TASK": "multi_task",
    "ONLINE": "online",
    "OPERATION": "operation",
    "P1": "training_speed",
    "P2": "training_speed",
    "P3": "tagging_speed",
    "P4": "ab_sharing",
    "P5": "embedding_training_speed",
    "P6": "small_models",
    "PAGE_SPEED": "page_speed",
    "PAIRS": "pairs_at_once",
    "PEERS": "peers",
    "PEFT_DEFAULTS": "peft_defaults",
    "PERMUTED_DIGITS": "permuted_digits",
    "PLANTED": "planted",
    "PREFERENCES": "preferences",
    "RATERS": "raters",
    "RAY_PAPER": "ray_paper",
    "RERANK": "rerank_on_top",
    "ROLLOUTS": "rollouts",
    "ROOFLINE": "roofline",
    "SERVE_LOAD": "serve_load",
    "SHIFT": "domain_shift",
    "STARTUP": "startup",
    "TAGGER_RATES": "tagger_rates",
    "TASKS": "real_tasks",
    "TIME": "time_to_accuracy",
    "TITLES": "titles",
    "TRIM": "training_speed",
    "WATCH": "watched_hotel",
}
OF_TECHNIQUES = {path.stem.upper(): f"claims.{path.stem}" for path in (FOLDER / "claims").glob("[!_]*.py")}
CLAIMS = dict(sorted({**SCRIPTS, **OF_TECHNIQUES, "CLAIMS": "__main__:measure_claims"}.items()))
_NAME = r"\b[A-Z][A-Z0-9_]+\b"


def measure_claims(claim: str, arguments: list[str]) -> str:
    """All of `benchmarks/claims`, as many at a time as there are cores; a result that is there is kept."""

    def measure(name: str) -> int:
        command = [sys.executable, "-m", "benchmarks", name, *arguments]
        return subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False).returncode

    names = sorted(OF_TECHNIQUES)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [name for name, code in zip(names, pool.map(measure, names), strict=True) if code]
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")
    return f"measured: {', '.join(names)}"


def script(claim: str) -> Callable[[str, list[str]], object]:
    """What measures a claim."""
    module, _, function = CLAIMS[claim].partition(":")
    found: Callable[[str, list[str]], object] = getattr(import_module(f"benchmarks.{module}"), function or "main")
    return found


def about(claim: str) -> str:
    """What a claim is, in one line, by the docstring of its script, which is read and not imported: the first sentence
    of the paragraph that begins with this claim alone, or else of all."""
    module, _, function = CLAIMS[claim].partition(":")
    tree: ast.Module = ast.parse((FOLDER / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    found: Any = next((item for item in tree.body if getattr(item, "name", "") == function == "measure_claims"), tree)
    parts = [" ".join(part.split()) for part in (ast.get_docstring(found) or "").split("\n\n")]
    own = next((part for part in parts if re.match(rf"{claim}(: | is )", part)), parts[0])
    text = re.sub(rf"^(?:{_NAME}(?:, | and )?)+(?: \([^)]*\))?(?:: | is |, (?=[^.]*: ))", "", own)
    sentence = re.split(r"(?<=[.?]) +(?=[A-Z])", text)[0]
    return sentence[:1].upper() + sentence[1:]


def told() -> str:
    """All claims, a line each, in the order of the alphabet."""
    width = max(map(len, CLAIMS))
    lines = [f"  {name:{width}}  {about(name)}" for name in CLAIMS]
    return "\n".join(["usage: python -m benchmarks CLAIM [options of that claim]", "", *lines])


def run() -> int:
    """Run the claim that the command line names."""
    asked = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if asked in CLAIMS:
        print(script(asked)(asked, sys.argv[2:]))
        return 0
    helped = asked in ("--help", "-h")
    print(told(), file=sys.stdout if helped else sys.stderr)
    return 0 if helped else 2


if __name__ == "__main__":
    raise SystemExit(run())

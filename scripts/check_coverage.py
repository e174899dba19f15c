"""Refuse a drop in branch coverage: 100 % where a fault would be silent, 90 % over all."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

FULL = tuple(
    f"src/tunebook/{part}"
    for part in ("core/", "tables/", "stats/", "knowledge/", "verbs/ab.py", "verbs/compare.py", "verbs/promote.py")
)
OVERALL = 90.0


def main() -> int:
    """Read .coverage and print what lacks."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "-q", "-o", str(out)], check=True)
        found = json.loads(out.read_text())
    faults = []
    for name, file in sorted(found["files"].items()):
        share = file["summary"]["percent_covered"]
        if name.startswith(FULL) and share < 100:
            lines = ", ".join(map(str, file["missing_lines"])) or f"branches {file['missing_branches']}"
            faults.append(f"{name}: {share:.1f} %, missing {lines}")
    total = found["totals"]["percent_covered"]
    if total < OVERALL:
        faults.append(f"all of Tunebook: {total:.1f} %, at least {OVERALL} wanted")
    print("\n".join(faults) or f"coverage {total:.1f} %; core, knowledge, tables, stats, ab, compare and promote 100 %")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Pictures of the documents, as SVG with the same bytes for the same data on all machines."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Drawn:
    """A figure of matplotlib; text: its SVG, once it is done."""

    figure: Any
    text: str = ""


@contextmanager
def as_svg() -> Iterator[Drawn]:
    """A figure to be drawn inside, which is text afterwards."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "tunebook", "svg.fonttype": "none", "font.size": 9}):
        drawn = Drawn(Figure(layout="constrained"))
        yield drawn
        out = io.StringIO()
        drawn.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    # Hundredths of a point are enough, and the same on all processors.
    short = re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", out.getvalue())
    drawn.text = "\n".join(line.rstrip() for line in short.splitlines()) + "\n"


__all__ = ["Drawn", "as_svg"]

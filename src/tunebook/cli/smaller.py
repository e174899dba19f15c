"""The options of `tunebook export` that make a model smaller or quicker, and what they tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tunebook.cli.answer import prose
from tunebook.cli.options import option, wrong
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.export.record import Exported
    from tunebook.export.smaller import How
    from tunebook.verbs.smaller import Compared
    from tunebook.verbs.steps.runs import Run

_PANEL = "smaller"


@dataclass(frozen=True)
class Smaller:
    """What is done to a bundle for onnxruntime on the way."""

    int8: Annotated[bool, option("export_int8", "--int8", panel=_PANEL)] = False
    dynamic: Annotated[bool, option("export_dynamic", "--int8-dynamic", panel=_PANEL)] = False
    fp16: Annotated[bool, option("export_fp16", "--fp16", panel=_PANEL)] = False
    bf16: Annotated[bool, option("export_bf16", "--bf16", panel=_PANEL)] = False
    fused: Annotated[bool, option("export_fused", "--fused", panel=_PANEL)] = False
    prune: Annotated[float, option("export_prune", "--prune", metavar="SHARE", panel=_PANEL)] = 0.0
    recover: Annotated[int, option("export_recover", "--recover", metavar="STEPS", panel=_PANEL)] = 0
    vocabulary: Annotated[bool, option("export_vocabulary", "--vocabulary", panel=_PANEL)] = False
    corpus: Annotated[str, option("export_corpus", "--corpus", metavar="FILE", panel=_PANEL)] = ""
    compare: Annotated[bool, option("export_compare", "--compare", panel=_PANEL)] = False

    def how(self) -> How:
        """As the verb takes it.

        Raises:
            TunebookError: `cli.option`.
        """
        from tunebook.export.smaller import How

        bits = {"--int8": self.int8, "--int8-dynamic": self.dynamic, "--fp16": self.fp16, "--bf16": self.bf16}
        given = [name for name, chosen in bits.items() if chosen]
        if len(given) > 1:
            raise wrong(given[1], " ".join(given), " | ".join(bits))
        return How(
            int8="static" if self.int8 else "dynamic" if self.dynamic else "",
            half="fp16" if self.fp16 else "bf16" if self.bf16 else "",
            prune=self.prune,
            recover=self.recover,
            vocabulary=self.vocabulary,
            corpus=self.corpus,
            fused=self.fused,
        )


def tell_all(screen: Console, found: Compared, run: Run) -> None:
    """Bundles beside one another, as a table."""
    from rich.table import Table

    from tunebook.core.sections import Annotated as Figure
    from tunebook.report.page import annotation, figure
    from tunebook.report.smaller import brief
    from tunebook.verbs.export import limits_of

    told = brief(found.rows, limits_of(run).most_loss)
    shown = Table(title=told.caption)
    for column in told.columns:
        shown.add_column(column.heading, justify="right" if column.form == "number" else "left")
    for row in told.rows:
        cells = [f"{figure(cell)}\n{annotation(cell)}" if isinstance(cell, Figure) else figure(cell) for cell in row]
        shown.add_row(*cells)
    screen.print(shown)
    for name, loss in found.refused.items():
        prose(screen, say("shrink.refused", name=name, loss=loss, limit=limits_of(run).most_loss), "yellow")
    prose(screen, say("shrink.page", path=found.page))


def lost(made: Exported) -> str:
    """What of the score a smaller model costs, in a sentence."""
    from tunebook.core.formatting import metric_name
    from tunebook.export.compare import Change

    found = Change.model_validate(made.loss)
    limit = found.limit or 0.0
    word = found.verdict(limit)
    verdict = say(f"shrink.told_{word}", limit=f"{limit:g}", rows=found.rows_needed(limit))
    ends = {"gain": f"{found.gain.value:+.4f}", "low": f"{found.gain.low:+.4f}", "high": f"{found.gain.high:+.4f}"}
    scores = {"before": f"{found.before:.4f}", "after": f"{found.after:.4f}"}
    return say("shrink.told", metric=metric_name(found.metric), verdict=verdict, **ends, **scores)


__all__ = ["Smaller", "lost", "tell_all"]

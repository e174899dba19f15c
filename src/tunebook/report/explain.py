"""The page and the picture of explanations: texts with their units marked, the strongest units, and faithfulness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from tunebook.core.explains import PAIR, TEXT
from tunebook.core.formatting import phrase, score_text
from tunebook.core.messages import say
from tunebook.core.sections import Annotated, Column, Table
from tunebook.explain.method import method_of
from tunebook.explain.records import CUT, Curve, Explanation, Explanations, Faithful, Maps, Unit
from tunebook.report.page import write_page
from tunebook.report.plots.attention import map_picture
from tunebook.report.plots.curves import Curve as Line
from tunebook.report.plots.curves import curve_plot

_LEVELS = 5
_STRONGEST = 12  # units in the table beside a text
_BARS = 16  # of a picture
_FEW_PICTURES = 12
_CJK = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
    "Microsoft YaHei", "PingFang SC", "SimHei", "Noto Sans CJK JP", "Noto Serif CJK SC", "Arial Unicode MS",
)  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """A stretch of a text on the page: how it is marked (p1 … p5 speaks for, n1 … n5 against, empty neither), and what
    is told of it."""

    text: str
    mark: str = ""
    told: str = ""


def write_page_of(path: Path, found: Explanations) -> Path:
    """Write the page."""
    return write_page(
        path,
        "explain.html.j2",
        facts=_facts(found),
        items=[_shown(item, method_of(found.method).signed) for item in found.items],
        signed=method_of(found.method).signed,
        about=say(f"explain.about_{found.method}") if found.items else "",
        faithful=None if found.faithful is None else faithful_view(found.faithful),
        of_texts=not found.split,
    )


def _facts(found: Explanations) -> list[tuple[str, str]]:
    facts = [(say("cli.run"), found.run)]
    if found.items:
        facts += [(say("explain.method_name"), phrase("explain.name", found.method))]
        facts += [(say("explain.units_name"), phrase("explain.unit", found.by))]
    return [*facts, *([(say("explain.split"), found.split)] if found.split else [])]


def _shown(item: Explanation, signed: bool) -> dict[str, Any]:
    return {
        "title": title(item),
        "row": item.row,
        "parts": [(_part(part.name), stretches(part.name, part.text, item.units)) for part in item.parts],
        "facts": answer_facts(item),
        "notes": notes(item),
        "table": strongest(item, signed),
        "maps": [] if item.maps is None else maps(item.maps),
        "wrong": item.true is not None and item.true != item.said,
    }


def maps(found: Maps) -> list[list[Markup]]:
    """The pictures of the heads of each layer."""
    return [
        [map_picture(weights, found.tokens, layer, head) for head, weights in enumerate(heads)]
        for layer, heads in enumerate(found.weights)
    ]


def title(item: Explanation) -> str:
    """What is explained, in a line."""
    score = f"{item.chance:.3f}" if item.chance is not None else score_text(item.score)
    return say("explain.title_of", said=item.said, score=score)


def answer_facts(item: Explanation) -> list[tuple[str, str]]:
    """Figures of an explanation."""
    facts = [(say("explain.score"), score_text(item.score)), (say("explain.bare"), score_text(item.bare))]
    if item.true is not None:
        facts.insert(0, (say("report.true"), item.true))
    if item.delta is not None:
        facts.append((say("explain.delta"), say("explain.delta_of", delta=f"{item.delta:+.3f}", steps=item.steps)))
    return facts


def notes(item: Explanation) -> list[str]:
    """What is to be known of an explanation, in sentences."""
    told = {"unread": item.unread, "share": f"{item.strange:.0%}", "delta": f"{item.delta or 0:+.3f}"}
    return [say(f"explain.note_{note}", **told) for note in item.notes]


def _part(name: str) -> str:
    """What a text is called; empty for an only one."""
    return {TEXT: say("explain.part_text"), PAIR: say("explain.part_pair")}.get(name) or say("explain.part_passage")


def stretches(part: str, text: str, units: Sequence[Unit]) -> list[Stretch]:
    """A text from its beginning to its end, its units marked by their strength against the strongest of all texts."""
    top = max((abs(unit.value) for unit in units), default=0.0) or 1.0
    found, at = list[Stretch](), 0
    for unit in sorted((unit for unit in units if unit.part == part), key=lambda unit: unit.start):
        start = max(unit.start, at)
        if start > at:
            found.append(Stretch(text[at:start]))
        if unit.end > start:
            level = round(abs(unit.value) / top * _LEVELS)
            mark = f"{'p' if unit.value > 0 else 'n'}{level}" if level else ""
            found.append(Stretch(text[start : unit.end], mark, f"{unit.text}: {unit.value:+.3f}"))
            at = unit.end
    return [*found, *([Stretch(text[at:])] if at < len(text) else [])]


def strongest(item: Explanation, signed: bool, most: int = _STRONGEST) -> Table:
    """The strongest units in words and numbers."""
    units = sorted(item.units, key=lambda unit: -abs(unit.value))[:most]
    rows = tuple((unit.text, _speaks(unit, signed), f"{unit.value:+.3f}") for unit in units)
    columns = (
        Column(say("explain.unit_name"), "name"),
        Column(say("explain.speaks")),
        Column(say("explain.value"), "number"),
    )
    return Table(say("explain.strongest"), columns, rows)


def _speaks(unit: Unit, signed: bool) -> str:
    if not signed:
        return say("explain.looked_at")
    return say("explain.for" if unit.value > 0 else "explain.against")


def faithful_view(found: Faithful) -> dict[str, Any]:
    """What is shown of faithfulness: a verdict, a table, both plots."""
    return {
        "verdicts": [verdict(curve) for curve in found.curves],
        "table": faithful_table(found),
        "plots": [
            (say(f"explain.{way}_caption"), _curves(found, way)) for way in ("deletion", "insertion") if found.curves
        ],
        "caption": say("explain.faithful_caption", rows=found.rows, orders=found.orders, split=found.split or "–"),
        "level": f"{found.level:.1%}",
    }


def verdict(curve: Curve) -> str:
    """Whether a method is better than random order, in a sentence."""
    code = "beats" if curve.beats else "worse" if curve.deletion_gain.high < 0 else "unclear"
    gain = f"{curve.deletion_gain.value:+.3f} ({curve.deletion_gain.low:+.3f} … {curve.deletion_gain.high:+.3f})"
    return say(f"explain.{code}", method=phrase("explain.name", curve.method), gain=gain)


def faithful_table(found: Faithful) -> Table:
    """Areas of each method and what they gain over random order."""
    columns = (
        Column(say("explain.method_name"), "name"),
        *(Column(say(f"explain.{name}"), "number") for name in ("deletion", "deletion_gain", "insertion")),
        Column(say("explain.insertion_gain"), "number"),
    )
    rows = tuple(
        (
            phrase("explain.name", curve.method),
            curve.deletion.value,
            Annotated(curve.deletion_gain.value, (curve.deletion_gain.low, curve.deletion_gain.high)),
            curve.insertion.value,
            Annotated(curve.insertion_gain.value, (curve.insertion_gain.low, curve.insertion_gain.high)),
        )
        for curve in found.curves
    )
    return Table(say("explain.faithful_table"), columns, rows, whole=True)


def _curves(found: Faithful, way: str) -> Markup:
    side = {"deletion": "deleted", "insertion": "inserted"}[way]
    lines = [Line(say("explain.random_order"), list(_points(found, getattr(found, f"random_{side}"))))]
    lines += [
        Line(phrase("explain.short", curve.method), list(_points(found, getattr(curve, side))), dots=True)
        for curve in found.curves
    ]
    score = say("explain.chance" if found.chance else "explain.score")
    label = say(f"explain.{way}_caption")
    return curve_plot(label, lines, (say("explain.share_axis"), score), (float("nan"), ""))


def _points(found: Faithful, values: Sequence[float]) -> Iterator[tuple[float, float]]:
    return zip((100 * share for share in found.shares), values, strict=True)


def has_font() -> bool:
    """Whether there is a font here that has Chinese characters."""
    from matplotlib import font_manager

    return bool({font.name for font in font_manager.fontManager.ttflist} & set(_CJK))


def lacks_font(found: Explanations) -> bool:
    """Whether a picture of these would have empty boxes in the place of Chinese characters."""
    wide = any("\u2e80" <= sign <= "\uffef" for item in found.items for unit in item.units for sign in unit.text)
    return wide and not has_font()


def write_png(path: Path, found: Explanations) -> Path:
    """Write a picture: the strongest units of each explanation as bars, and the curves of faithfulness."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    items = found.items[:_FEW_PICTURES]
    heights = [0.9 + 0.24 * min(len(item.units), _BARS) for item in items]
    curves = found.faithful if found.faithful is not None and found.faithful.curves else None
    heights += [3.2] if curves else []
    with rc_context({"font.sans-serif": [*_CJK, "DejaVu Sans"], "axes.unicode_minus": False}):
        figure = Figure(figsize=(8, sum(heights) or 1), layout="constrained", dpi=150)
        FigureCanvasAgg(figure)
        axes = figure.subplots(len(heights) or 1, 1, squeeze=False, height_ratios=heights or None)[:, 0]
        for axis, item in zip(axes, items, strict=False):
            _bars(axis, item)
        if curves:
            _drawn(axes[-1], curves)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="png")
    return path


def _bars(axis: Any, item: Explanation) -> None:
    units = sorted(item.units, key=lambda unit: -abs(unit.value))[:_BARS][::-1]
    colours = ["#3556d6" if unit.value > 0 else "#d9772b" for unit in units]
    hatches = ["" if unit.value > 0 else "///" for unit in units]
    bars = axis.barh(range(len(units)), [unit.value for unit in units], color=colours, edgecolor="white")
    for bar, hatch in zip(bars, hatches, strict=True):
        bar.set_hatch(hatch)
    axis.set_yticks(range(len(units)), [unit.text.replace("$", r"\$") for unit in units])
    axis.axvline(0, color="#5b6579", linewidth=0.8)
    axis.set_title(title(item).replace("$", r"\$"), loc="left", fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)


def _drawn(axis: Any, found: Faithful) -> None:
    axis.plot(found.shares, found.random_deleted, "k--", label=say("explain.random_order"))
    for curve, style in zip(found.curves, ("-o", "-s", "-^", "-d"), strict=False):
        axis.plot(found.shares, curve.deleted, style, markersize=4, label=phrase("explain.name", curve.method))
    axis.set_title(say("explain.deletion_caption"), loc="left", fontsize=10)
    axis.legend(fontsize=8)
    axis.spines[["top", "right"]].set_visible(False)


__all__ = [
    "CUT", "Stretch", "answer_facts", "faithful_table", "faithful_view", "has_font", "lacks_font", "maps", "notes",
    "stretches", "strongest", "title", "verdict", "write_page_of", "write_png",
]  # fmt: skip

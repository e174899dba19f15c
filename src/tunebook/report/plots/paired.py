"""Scores of two arms side by side, a line for each seed that joins its two runs."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tunebook.report.svg import Frame, element, picture, words

_WIDTH, _HEIGHT = 470.0, 320.0
_A, _B = 0.28, 0.72


def paired_plot(
    label: str, names: tuple[str, str], scores: Sequence[tuple[float, float]], seeds: Sequence[int], axis: str
) -> Markup:
    """A point for each run, A on the left and B on the right; short lines mark the means.

    Args:
        scores: of A and B, seed by seed.
    """
    values = [value for pair in scores for value in pair]
    pad = (max(values) - min(values)) * 0.12 or abs(values[0]) * 0.05 or 0.05
    frame = Frame(_WIDTH, _HEIGHT, (0.0, 1.0), (min(values) - pad, max(values) + pad), bottom=34)
    foot = frame.height - frame.bottom
    # The horizontal axis has two places and no numbers.
    parts = [part for part in frame.axes("", axis) if f'y="{foot + 18:g}"' not in part]
    for place, name in ((_A, names[0]), (_B, names[1])):
        parts.append(words(frame.across(place), foot + 20, name, class_="label", text_anchor="middle"))
    for (a, b), seed in zip(scores, seeds, strict=True):
        kind = "s1" if b >= a else "s2"
        parts.append(frame.line([(_A, a), (_B, b)], class_=f"line {kind}", stroke_opacity=0.55))
        for place, value, colour in ((_A, a, "s2"), (_B, b, "s1")):
            title = element("title", f"{seed}: {value:.4g}")
            at = {"cx": frame.across(place), "cy": frame.up(value)}
            parts.append(element("circle", title, **at, r=4.5, class_=f"fill {colour}"))
    for place, side in ((_A, 0), (_B, 1)):
        mean = sum(pair[side] for pair in scores) / len(scores)
        ends = [(place - 0.07, mean), (place + 0.07, mean)]
        parts.append(frame.line(ends, class_="axis", stroke_width=2))
    return picture(_WIDTH, _HEIGHT, label, parts)


__all__ = ["paired_plot"]

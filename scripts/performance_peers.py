"""What the page of speeds says of Tunebook beside its peers: accuracy and costs with the same rows and base model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from claims import grid
from performance_words import PEERS_IMAGE, Words
from svg import as_svg

from tunebook.tables.cheaper import in_short

Peers = Mapping[str, Mapping[str, Any]]
NAMES = {
    "tunebook": "Tunebook",
    "tfidf": "TF-IDF, linear model",
    "fasttext": "fastText",
    "autogluon": "AutoGluon",
    "trainer": "Trainer",
    "sentence_trainer": "SentenceTransformerTrainer",
    "setfit": "SetFit",
}
_HEAD = ("Set, budget", "With", "Accuracy", "Tunebook gains, points", "Processor, s", "Memory, GB")
_WIDE = 3  # panels of the picture beside each other


def beside_peers(found: Mapping[str, Any], words: Words) -> str:
    """A row for each peer and set; where a peer is surely better, by rows that both answered, its gain is bold."""
    lines = [
        (f"{one['set']}, {one['budget']:.0f} s", *cells)
        for one in found["sets"]
        for cells in _cells(one["peers"], words)
    ]
    better = [f"{words.of(NAMES[peer])} ({name})" for name, peer in wins(found)]
    told = words.better.format(peers=words.comma.join(better) or words.nobody)
    rows = found["runs"][0]["rows"]
    said = words.peers.format(command=found["command"], image=PEERS_IMAGE, rows=rows)
    return said + grid(words.row(*_HEAD), lines) + told


def wins(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Set and peer wherever the whole interval of Tunebook's gain over the peer is below zero."""
    for one in found["sets"]:
        for peer, told in one["peers"].items():
            if told.get("tunebook_gains", {"high": 0})["high"] < 0:
                yield one["set"], peer


def cheaper_ways(found: Mapping[str, Any]) -> str:
    """What `recommend` knows of the peers that have no part of Tunebook's base model, as JSON."""
    names = {key: NAMES[key] for key in ("tfidf", "fasttext", "autogluon")}
    return json.dumps([asdict(way) for way in in_short(found, names)], indent=2) + "\n"


def _cells(peers: Peers, words: Words) -> Iterator[tuple[str, ...]]:
    for peer, told in sorted(peers.items(), key=lambda item: list(NAMES).index(item[0])):
        if "failed" in told:
            yield words.of(NAMES[peer]), words.of("gave no answer"), "", "", ""
            continue
        ends = f"{told['accuracy']:.3f} [{told['low']:.3f}, {told['high']:.3f}]"
        costs = f"{told['processor_seconds']:.0f}", f"{told['peak_bytes'] / 1e9:.1f}"
        yield words.of(NAMES[peer]), ends, _gain(told.get("tunebook_gains")), *costs


def _gain(gain: Mapping[str, float] | None) -> str:
    if gain is None:
        return ""
    value, low, high = (f"{100 * gain[end]:+.1f}" for end in ("value", "low", "high"))
    return f"**{value}** [{low}, {high}]" if gain["high"] < 0 else f"{value} [{low}, {high}]"


def picture(found: Mapping[str, Any]) -> str:
    """Accuracy with its interval against seconds of the processor, a panel for each set, as SVG."""
    with as_svg() as drawn:
        sets = found["sets"]
        lines = -(-len(sets) // _WIDE)
        drawn.figure.set_size_inches(10, 2.7 * lines + 0.5)
        panels = drawn.figure.subplots(lines, _WIDE, squeeze=False).flat
        for one, panel in zip(sets, panels, strict=False):
            for number, (peer, name) in enumerate(NAMES.items()):
                told = one["peers"].get(peer, {})
                if "accuracy" in told:
                    ends = [[told["accuracy"] - told["low"]], [told["high"] - told["accuracy"]]]
                    kind = {"color": f"C{number}", "marker": "D" if peer == "tunebook" else "o", "label": name}
                    panel.errorbar([told["processor_seconds"]], [told["accuracy"]], ends, linestyle="none", **kind)
            panel.set_xscale("log")
            panel.set_title(one["set"], fontsize=9)
        for panel in list(panels):
            panel.set_visible(False)
        rows = found["runs"][0]["rows"]
        drawn.figure.supxlabel(f"seconds of the processor, to learn {rows} rows and to answer 500")
        drawn.figure.supylabel("accuracy")
        handles, labels = drawn.figure.axes[0].get_legend_handles_labels()
        drawn.figure.legend(handles, labels, loc="outside upper center", ncols=len(NAMES), fontsize=8, frameon=False)
    return drawn.text


__all__ = ["NAMES", "beside_peers", "cheaper_ways", "picture", "wins"]

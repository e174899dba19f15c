"""CHALLENGE_LABELS: how often a change of a text keeps the label that is expected after it, as judged by hand.

`challenge_labels_LANGUAGE.csv` holds 100 sentences of ours with their labels, `challenge_judged_LANGUAGE.csv` each of
them as each perturbation changes it (seed 0, its defaults), and whether a reader still gives it the expected label: the
same one, of opposites the other one. A changed text that the code no longer makes is not counted, and told as stale.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from benchmarks.record import write_result

NAME = "CHALLENGE_LABELS"
_FOLDER = Path(__file__).parent
LANGUAGES = ("en", "zh")


def main(claim: str, argv: list[str]) -> str:
    """Count what the files hold, of texts that the perturbations of today make."""
    found = {language: shares(language) for language in LANGUAGES}
    return str(write_result(NAME, {"claim": claim, "rows": 100, "languages": found}))


def table(name: str) -> list[dict[str, str]]:
    """The rows of a file beside this one."""
    with (_FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def made(language: str) -> dict[tuple[str, str], str]:
    """Row and kind -> the changed text, of all that are changed and have an expected label."""
    from tunebook.challenge.perturbation import Draw, perturbations
    from tunebook.challenge.texts import apply, language_of
    from tunebook.data.cleaning import clean_text

    found = {}
    for key, kind in perturbations().items():
        how = kind()
        for row in table(f"challenge_labels_{language}.csv") if how.expects in ("kept", "turned") else ():
            text = row["text"]
            spoken = language_of(text, language)
            if how.languages and spoken not in how.languages:
                continue
            new = clean_text(apply(text, how.edits(text, spoken, Draw(f"0/{key}/{row['row']}"))))
            if new != text:
                found[row["row"], key] = new
    return found


def shares(language: str) -> dict[str, Any]:
    """Kind -> how many texts were judged, how many keep the expected label, and the share with its interval."""
    from tunebook.stats.proportion import wilson_interval

    now, judged = made(language), table(f"challenge_judged_{language}.csv")
    known = {(row["row"], row["kind"]): (row["changed"], int(row["kept"])) for row in judged}
    found: dict[str, Any] = {}
    for kind in sorted({kind for _, kind in now}):
        texts = {place: text for place, text in now.items() if place[1] == kind}
        same = [known[place][1] for place, text in texts.items() if place in known and known[place][0] == text]
        share = wilson_interval(sum(same), len(same)).model_dump() if same else None
        found[kind] = {"judged": len(same), "kept": sum(same), "share": share, "stale": len(texts) - len(same)}
    return found


__all__ = ["LANGUAGES", "NAME", "made", "main", "shares", "table"]

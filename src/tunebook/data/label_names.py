"""Names of classes: one spelling for each, in an order that never changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.clean import clean_text
from tunebook.data.label_form import number_of


def tidy_names(counts: Mapping[str, int], merge: bool) -> dict[str, str]:
    """Label as written -> its one spelling.

    Spaces are folded, characters that cannot be seen removed, whole numbers written alike (`1.0` is `1`), and labels
    that differ only by case take the spelling of most rows.

    Raises:
        DataError: `data.label_case`, labels differ only by case or spaces and `merge` is False.
    """
    plain = {label: _canonical(label) for label in counts}
    groups: dict[str, list[str]] = {}
    for label, text in plain.items():
        groups.setdefault(text.casefold(), []).append(label)
    names: dict[str, str] = {}
    for group in groups.values():
        if len(group) > 1 and not merge:
            raise DataError("data.label_case", key="merge_label_case", value=group)
        best = min(group, key=lambda label: (-counts[label], plain[label], label))
        names |= dict.fromkeys(group, plain[best])
    return names


def _canonical(label: str) -> str:
    text = clean_text(label, ("control", "invisible", "compose", "space"))
    number = number_of(text)
    whole = number is not None and number.is_integer() and re.fullmatch(r"[-+]?\d+\.0*", text)
    return str(int(number)) if whole and number is not None else text


def in_order(names: Iterable[str]) -> list[str]:
    """Distinct names: by value where all are numbers, else by their characters."""
    distinct = set(names)
    values = {name: number_of(name) for name in distinct}
    if all(value is not None for value in values.values()):
        return sorted(distinct, key=lambda name: (values[name] or 0.0, name))
    return sorted(distinct)


def given_names(names: Iterable[str], given: dict[str, str] | list[str]) -> dict[str, str]:
    """Label as written -> the name that the user gave it, by label or by class number.

    Raises:
        DataError: `data.label_names`, a label has none.
    """
    table = dict(given) if isinstance(given, dict) else {str(place): name for place, name in enumerate(given)}
    labels = list(names)
    known = set(table) | set(table.values())
    missing = in_order(label for label in labels if label not in known)
    if missing:
        raise DataError("data.label_names", key="label_names", value=missing[:5], allowed=", ".join(list(table)[:30]))
    return {label: table.get(label, label) for label in labels}


def known_name(written: str, data: DataRef) -> str:
    """A label that stands elsewhere, as the book calls it; one that the book does not know comes back tidy."""
    label = written.strip()
    given = (data.stats.get("preset") or {}).get("label_names") or {}
    named = given if isinstance(given, dict) else {str(place): name for place, name in enumerate(given)}
    merged = (data.stats.get("merged_labels") or {}).get(label)
    tidy = str(merged if merged is not None else _canonical(label))
    known = [*data.labels.names, *named]
    if tidy not in known:
        tidy = {name.casefold(): name for name in known}.get(tidy.casefold(), tidy)
    return str(named.get(tidy, tidy))


__all__ = ["given_names", "in_order", "known_name", "tidy_names"]

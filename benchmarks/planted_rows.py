"""Ten faults put into real rows, and the rows as they are: what PLANTED trains on."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.planted_sets import base_of, reviews, rows_of, shops

Row = tuple[str, str, str]  # text, label, source
Rows = list[Row]
COLUMNS = ("text", "label", "source")
TRAIN, VALID, TEST = 500, 400, 40
_ALL = ("train", "validation", "test")
_SOURCES = ("web", "app", "mail", "post")


@dataclass(frozen=True)
class Planted:
    """A book to be made: its rows, its base model, and what its table changes.

    Attributes:
        fault: key of the cause that is planted; empty for none. way: in which way.
        rows: of the table that differ from the proposed ones.
    """

    fault: str
    way: str
    name: str
    seed: int
    parts: dict[str, Rows]
    model: str
    rows: dict[str, Any] = field(default_factory=dict)
    unknown: bool = False


def plain(name: str, seed: int, train: int = TRAIN, valid: int = VALID) -> Planted:
    """The rows of a set as they are, with a column that says nothing."""
    rng = random.Random(f"{name} {seed}")
    rows = [(text, label, rng.choice(_SOURCES)) for text, label in rng.sample(rows_of(name), train + valid + TEST)]
    parts = {"train": rows[:train], "validation": rows[train : train + valid], "test": rows[train + valid :]}
    return Planted("", "", name, seed, parts, base_of(name))


def _changed(book: Planted, change: Callable[[Row, random.Random], Row], where: Sequence[str] = _ALL) -> Planted:
    rng = random.Random(book.seed)
    parts = {part: [change(row, rng) for row in rows] if part in where else rows for part, rows in book.parts.items()}
    return replace(book, parts=parts)


_PLACES = {"first": 0, "second": 1, "third": 2}


def _names(book: Planted, part: str) -> list[str]:
    """The classes of a split, the most frequent first."""
    rows = Counter(label for _, label, _ in book.parts[part])
    return sorted(rows, key=lambda name: (-rows[name], name))


def slice_(book: Planted, way: str) -> Planted:
    """Rows of one source whose texts are garbled: letters shuffled, most of the text lost, half of the letters misread,
    a sentence in their place, or nine letters of ten starred out."""
    from string import ascii_lowercase

    def change(row: Row, rng: random.Random) -> Row:
        text, label, source = row
        if source != "mail":
            return row
        if way == "lost":
            kept = max(len(text) // 8, 3)
            return text[:kept], label, source
        if way == "misread":
            return "".join(rng.choice(ascii_lowercase) if rng.random() < 0.5 else one for one in text), label, source
        if way == "starred":
            return "".join("*" if rng.random() < 0.9 else one for one in text), label, source
        if way == "empty":
            return f"see the attached file {rng.randrange(10**6)}", label, source
        letters = list(text)
        rng.shuffle(letters)
        return "".join(letters).strip() or text, label, source

    return _changed(book, change)


def noise(book: Planted, way: str) -> Planted:
    """Labels drawn anew among the others, a fifth everywhere or a third of the training labels alone; a quarter that
    are the next class, everywhere; three in ten that are the most frequent class; or that of any row."""
    names = _names(book, "train")
    share = {"all": 0.2, "train": 0.35, "next": 0.25, "usual": 0.3, "any": 0.3}[way]
    every = [label for _, label, _ in book.parts["train"]]

    def change(row: Row, rng: random.Random) -> Row:
        text, label, source = row
        other = rng.choice([name for name in sorted(names) if name != label])
        if way == "next":
            other = names[(names.index(label) + 1) % len(names)]
        if way == "usual":
            other = names[0]
        if way == "any":
            other = rng.choice(every)
        return (text, other, source) if rng.random() < share else row

    return _changed(book, change, ("train",) if way == "train" else _ALL)


def few_of_class(book: Planted, way: str) -> Planted:
    """All but six training rows of a class are gone."""
    gone = _names(book, "validation")[_PLACES[way]]
    mine = [row for row in book.parts["train"] if row[1] == gone][:6]
    rest = [row for row in book.parts["train"] if row[1] != gone]
    return replace(book, parts={**book.parts, "train": [*rest, *mine]})


def tokens(book: Planted, way: str) -> Planted:
    """A base model that cannot read the script."""
    return replace(book, model="builtin:minilm", unknown=True)


def leak(book: Planted, way: str) -> Planted:
    """Six in ten validation rows stand in the training rows too, with a full stop or a small word more, without their
    last word, with two words in the other order, or as something that was said."""
    rng = random.Random(book.seed)
    zh = book.name.startswith("zh_")
    copies = []
    for text, label, source in book.parts["validation"]:
        if rng.random() >= 0.6:
            continue
        if way == "mark":
            copies.append((text + ("。" if zh else " ."), label, source))
            continue
        if way == "said":
            copies.append((f"他说“{text}”" if zh else f'they said "{text}"', label, source))
            continue
        words = list(text) if zh else text.split()
        at = rng.randrange(len(words) + 1)
        if way == "word":
            words.insert(at, "了" if zh else "so")
        elif way == "last":
            words = words[:-1] or words
        else:
            words[at : at + 2] = words[at : at + 2][::-1]
        copies.append((("" if zh else " ").join(words), label, source))
    return replace(book, parts={**book.parts, "train": [*book.parts["train"][: TRAIN - len(copies) + 200], *copies]})


_SHIFTS = {  # way -> domains of the training rows and of the others
    "first": ("书籍", "计算机"),
    "second": ("baby", "camera_photo"),
    "films": ("", "electronics"),
    "clothes": ("衣服", "计算机"),
    "books": ("手机", "书籍"),
}


def shift(book: Planted, way: str) -> Planted:
    """Training rows of one domain, validation and test rows of another: of shops, or film reviews and goods."""
    rng = random.Random(book.seed)
    if book.name.startswith("zh_"):
        every = shops()
        sides = [[(t[:40], y) for t, y, kind in every if kind == wanted] for wanted in _SHIFTS[way]]
    else:
        sides = [[(t[:100], y) for t, y in (reviews(one) if one else rows_of("en_polarity"))] for one in _SHIFTS[way]]
    sides = [list({text: (text, label) for text, label in side}.values()) for side in sides]
    first, second = (
        [(text, label, rng.choice(_SOURCES)) for text, label in rng.sample(side, count)]
        for side, count in zip(sides, (TRAIN, VALID + TEST), strict=True)
    )
    return replace(book, parts={"train": first, "validation": second[:VALID], "test": second[VALID:]})


def underfit(book: Planted, way: str) -> Planted:
    """A rate far too small, far too few steps, two steps of many rows, a rate that has hardly risen at the end, or one
    that is small and soon gone."""
    rows: dict[str, dict[str, Any]] = {
        "rate": {"learning_rate": 2e-6},
        "steps": {"max_steps": 6, "learning_rate": 2e-5},
        "batch": {"max_epochs": 1, "batch_size": 250},
        "late": {"warmup_ratio": 0.95, "learning_rate": 1e-5},
        "gone": {"max_epochs": 1, "learning_rate": 1e-5, "lr_scheduler": "cosine"},
    }
    return replace(book, rows={**rows[way], "head_start": False})


def overfit(book: Planted, way: str) -> Planted:
    """Few rows learnt by heart: many epochs at a high rate, nothing that holds back, the last step kept."""
    steps, rows = {"epochs": (300, 200), "few": (200, 120), "long": (500, 300), "half": (300, 250)}[way]
    table = {
        "learning_rate": 1e-3, "max_epochs": 200, "weight_decay": 0.0, "dropout": 0.0, "attention_dropout": 0.0,
        "eval_every": steps, "max_steps": steps, "early_stopping_patience": None, "head_start": False,
        "lr_scheduler": "constant",
    }  # fmt: skip
    return replace(book, parts={**book.parts, "train": book.parts["train"][:rows]}, rows=table)


def merged(book: Planted, way: str) -> Planted:
    """A class whose rows bear one of two names, drawn by coin; of the third most frequent class by a bent one."""
    one, bent = _names(book, "train")[_PLACES[way]], 0.35 if way == "third" else 0.5

    def change(row: Row, rng: random.Random) -> Row:
        text, label, source = row
        return (text, f"{label}-b" if rng.random() < bent else label, source) if label == one else row

    return _changed(book, change)


def told(book: Planted, way: str) -> Planted:
    """A code of the class stands in nearly every text, its name in brackets before or behind it, or its number, before
    it or after a hash."""
    places = {name: place for place, name in enumerate(sorted(_names(book, "train")))}

    def change(row: Row, rng: random.Random) -> Row:
        text, label, source = row
        place = places[label]
        told = {
            "code": f"{text} {'qrst'[place % 4]}{17 + place}x", "name": f"[{label}] {text}",
            "behind": f"{text}【{label}】", "number": f"{340 + place} {text}", "hash": f"{text} #{place}",
        }  # fmt: skip
        return row if rng.random() > 0.95 else (told[way], label, source)

    return _changed(book, change)


FAULTS: dict[str, Callable[[Planted, str], Planted]] = {
    "slice": slice_,
    "noise": noise,
    "few_of_class": few_of_class,
    "tokens": tokens,
    "leak": leak,
    "shift": shift,
    "underfit": underfit,
    "overfit": overfit,
    "merged": merged,
    "told": told,
}

# Thresholds were chosen on the first part. The second was looked at only then, and has been mended on since: what was
# changed after it is held against the parts below, each of which is run once.
CASES: dict[str, list[tuple[str, str, str]]] = {
    "chosen": [
        ("", "", "en_trec6"), ("", "", "zh_thucnews_titles"), ("", "", "en_sst2"), ("", "", "zh_hotel_htl"),
        ("slice", "garbled", "en_trec6"), ("noise", "all", "en_trec6"), ("few_of_class", "first", "en_trec6"),
        ("tokens", "", "zh_thucnews_titles"), ("leak", "mark", "en_sst2"), ("shift", "first", "zh_shops"),
        ("underfit", "rate", "en_trec6"), ("overfit", "epochs", "zh_thucnews_titles"),
        ("merged", "first", "zh_thucnews_titles"), ("told", "code", "en_sst2"),
    ],
    "held_out": [
        ("", "", "en_snips"), ("", "", "en_agnews"), ("", "", "zh_wares"), ("", "", "en_spam"), ("", "", "en_emotion"),
        ("slice", "lost", "zh_wares"), ("noise", "train", "en_agnews"), ("few_of_class", "second", "zh_wares"),
        ("tokens", "", "zh_hotel_htl"), ("leak", "word", "en_emotion"), ("shift", "second", "en_shops"),
        ("underfit", "steps", "en_agnews"), ("overfit", "few", "zh_wares"), ("merged", "second", "en_snips"),
        ("told", "name", "en_emotion"),
    ],
    "unseen": [
        ("", "", "en_domains"), ("", "", "en_irony"), ("", "", "zh_papers"), ("", "", "zh_virus"),
        ("", "", "zh_aspects"),
        ("slice", "misread", "en_domains"), ("noise", "next", "en_intents"), ("few_of_class", "third", "en_domains"),
        ("tokens", "", "zh_papers"), ("leak", "last", "en_polarity"), ("shift", "films", "en_shops"),
        ("underfit", "batch", "zh_papers"), ("overfit", "long", "zh_aspects"), ("merged", "third", "en_domains"),
        ("told", "behind", "zh_papers"),
    ],
    "unseen_2": [
        ("", "", "en_intents"), ("", "", "en_polarity"), ("", "", "en_tweets"), ("", "", "de_tweets"),
        ("", "", "en_banking77"),
        ("slice", "empty", "en_intents"), ("noise", "usual", "en_domains"), ("few_of_class", "third", "en_intents"),
        ("tokens", "", "zh_aspects"), ("leak", "order", "zh_aspects"), ("shift", "clothes", "zh_shops"),
        ("underfit", "late", "en_domains"), ("overfit", "few", "zh_virus"), ("merged", "second", "en_intents"),
        ("told", "number", "en_tweets"),
    ],
    "unseen_3": [
        ("", "", "zh_goods"), ("", "", "zh_fruit"), ("", "", "zh_topics"), ("", "", "zh_opinions"),
        ("", "", "en_next_intents"),
        ("slice", "starred", "zh_goods"), ("noise", "any", "en_next_intents"), ("few_of_class", "first", "zh_goods"),
        ("tokens", "", "zh_fruit"), ("leak", "said", "zh_opinions"), ("shift", "books", "zh_shops"),
        ("underfit", "gone", "zh_goods"), ("overfit", "half", "zh_topics"), ("merged", "second", "en_next_intents"),
        ("told", "hash", "zh_fruit"),
    ],
    "unseen_healthy": [("", "", "zh_disciplines"), ("", "", "en_stances"), ("", "", "en_sst5")],
}  # fmt: skip


def planted(fault: str, way: str, name: str, seed: int) -> Planted:
    """The book of a case."""
    base = "zh_hotel_htl" if name == "zh_shops" else "en_sst2" if name == "en_shops" else name
    book = replace(plain(base, seed), name=name)
    return replace(FAULTS[fault](book, way), fault=fault, way=way) if fault else book


__all__ = ["CASES", "COLUMNS", "FAULTS", "Planted", "plain", "planted"]

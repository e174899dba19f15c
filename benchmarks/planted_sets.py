"""Real sets that causes of errors are planted in, beside those that other benchmarks train on."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Collection
from functools import cache
from zipfile import ZipFile

from benchmarks.record import DATA
from benchmarks.sets import SETS, model_of, packed_text

WARES = ("书籍", "平板", "水果", "衣服", "酒店", "洗发水")
GOODS = ("手机", "热水器", "蒙牛", "计算机")
DOMAINS = ("apparel", "camera_photo", "health_personal_care", "kitchen_housewares", "software", "toys_games")


@cache
def rows_of(name: str) -> list[tuple[str, str]]:
    """All rows of a set as (text, label), each text once, in an order drawn with the seed 0."""
    read = {**SETS, **_MORE}[name]()
    once = list({text: (text, label) for text, label in ((" ".join(t.split()), y) for t, y in read) if text}.values())
    random.Random(0).shuffle(once)
    return [(text[: _characters(name)], label) for text, label in once]


def _characters(name: str) -> int:
    return 40 if name.startswith("zh_") else 100


def base_of(name: str) -> str:
    """The base model that reads a set."""
    return "builtin:multilingual" if name.startswith("de_") else model_of(name)


def _snips() -> list[tuple[str, str]]:
    found = []
    for path in sorted((DATA / "en_snips").glob("train_*.json")):
        ((intent, said),) = json.loads(path.read_text(encoding="utf-8", errors="replace")).items()
        found += [("".join(part["text"] for part in one["data"]), intent) for one in said]
    return found


def _news() -> list[tuple[str, str]]:
    lines = csv.reader(io.StringIO(packed_text("en_agnews_7600/test.csv.gz")))
    return [(title, ("World", "Sports", "Business", "Science")[int(number) - 1]) for number, title, _ in lines]


def shops() -> list[tuple[str, str, str]]:
    """Reviews with their label and what they are of."""
    with ZipFile(DATA / "zh_shopping_10cats" / "online_shopping_10_cats.zip") as packed:
        text = packed.read(packed.namelist()[0]).decode("utf-8-sig")
    return [(row["review"], row["label"], row["cat"]) for row in csv.DictReader(io.StringIO(text)) if row["review"]]


def _goods(kinds: Collection[str]) -> Callable[[], list[tuple[str, str]]]:
    return lambda: [(text, kind) for text, _, kind in shops() if kind in kinds]


def _domains() -> list[tuple[str, str]]:
    return [(text, domain) for domain in DOMAINS for text, _ in reviews(domain)]


def reviews(domain: str) -> list[tuple[str, str]]:
    """English reviews of a domain with their label."""
    lines = packed_text(f"en_fdu_reviews/{domain}.task.train.gz", "latin-1").split("\n")
    return [(text, label) for label, _, text in (line.partition("\t") for line in lines) if text]


def _parallel(folder: str) -> Callable[[], list[tuple[str, str]]]:
    def read() -> list[tuple[str, str]]:
        texts, labels = (
            (DATA / folder / f"train_{part}.txt").read_text(encoding="utf-8").split("\n") for part in ("text", "labels")
        )
        return [(text, label) for text, label in zip(texts, labels, strict=False) if label]

    return read


def _spam() -> list[tuple[str, str]]:
    lines = (DATA / "en_sms_spam/sms.tsv").read_text(encoding="utf-8").split("\n")
    return [(text, label) for label, _, text in (line.partition("\t") for line in lines) if text]


def _polarity() -> list[tuple[str, str]]:
    lines = packed_text("en_mr_polarity/rt-polarity.all.gz", "latin-1").split("\n")
    return [(text, label) for label, _, text in (line.partition(" ") for line in lines) if text]


def _intents(first: int) -> Callable[[], list[tuple[str, str]]]:
    """Ten intents of a bank, those with most rows from this place on."""

    def read() -> list[tuple[str, str]]:
        rows = SETS["en_banking77"]()
        most = {label for label, _ in Counter(label for _, label in rows).most_common(first + 10)[first:]}
        return [(text, label) for text, label in rows if label in most]

    return read


def _papers() -> list[tuple[str, str]]:
    lines = (line.split("\t") for line in packed_text("zh_csl_papers/cls_ctg/train.tsv.gz").split("\n") if line)
    return [(title, subject) for _, title, subject in lines]


def _cars(column: str) -> Callable[[], list[tuple[str, str]]]:
    def read() -> list[tuple[str, str]]:
        table = csv.DictReader(io.StringIO(packed_text("zh_bdci_car_aspect/train_2.csv.gz")))
        return [(row["content"], row[column]) for row in table]

    return read


def _virus() -> list[tuple[str, str]]:
    return [(row["content"], row["label"]) for row in json.loads(packed_text("zh_ewect_emotion/virus_train.txt.gz"))]


def _fruit() -> list[tuple[str, str]]:
    return [(text, label) for text, label, kind in shops() if kind == "水果"]


def _topics() -> list[tuple[str, str]]:
    lines = packed_text("zh_fewclue/tnews/train_few_all.json").split("\n")
    return [(row["sentence"], row["label_desc"]) for row in (json.loads(line) for line in lines if line)]


def _disciplines() -> list[tuple[str, str]]:
    lines = packed_text("zh_fewclue/csldcp/train_few_all.json.gz").split("\n")
    return [(row["content"], row["label"]) for row in (json.loads(line) for line in lines if line)]


def _stances() -> list[tuple[str, str]]:
    """Tweets for, against and beside five aims, whichever they are of."""
    return [row for aim in ("abortion", "atheism", "climate", "feminist", "hillary")
            for row in _parallel(f"en_tweeteval/stance/{aim}")()]  # fmt: skip


_MORE: dict[str, Callable[[], list[tuple[str, str]]]] = {
    "en_snips": _snips,
    "en_agnews": _news,
    "zh_wares": _goods(WARES),
    "zh_goods": _goods(GOODS),
    "en_emotion": _parallel("en_tweeteval/emotion"),
    "en_spam": _spam,
    "en_domains": _domains,
    "en_polarity": _polarity,
    "en_intents": _intents(0),
    "en_next_intents": _intents(10),
    "en_irony": _parallel("en_tweeteval/irony"),
    "en_tweets": _parallel("multi_xlmt_sentiment/english"),
    "de_tweets": _parallel("multi_xlmt_sentiment/german"),
    "zh_papers": _papers,
    "zh_aspects": _cars("subject"),
    "zh_opinions": _cars("sentiment_value"),
    "zh_virus": _virus,
    "zh_fruit": _fruit,
    "zh_topics": _topics,
    "zh_disciplines": _disciplines,
    "en_stances": _stances,
}

__all__ = ["base_of", "reviews", "rows_of", "shops"]

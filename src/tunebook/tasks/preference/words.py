"""What users read of preferences: which answer a model finds better and by how much, and whether its length decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.errors import DataError
from tunebook.core.formatting import number, phrase
from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Annotated, Brief, Cell, Column, Section, Table
from tunebook.core.settings import Filled
from tunebook.core.task import Task
from tunebook.tasks.preference.scores import pairs, right
from tunebook.tasks.preference.told import BETTER, WORSE, Told, there

Array = NDArray[Any]
_TEXT = 240  # characters of an answer that a page shows
_SIDES = {BETTER: "chosen", WORSE: "rejected"}


class PreferenceWords(Task):
    """The part of the task that users read."""

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """Of each row which answer is the better one (`better`, a text; of one answer alone `good` or `bad`), what both
        have gained (`rewards`, of those that were read), and the answer that was judged alone (`judged`).

        Raises:
            DataError: `preference.no_answers`: rows of prompts alone.
        """
        if rows.targets is None:
            raise DataError("preference.no_answers", key=rows.ids[0] if rows.ids else "")
        told, targets = Told.of(answers), rows.targets
        gained, known = told.gained, there(targets)
        read, found = known & (told.tokens > 0), []
        for row, sides in enumerate(known.tolist()):
            rewards = {name: round(float(gained[row, side]), 4) for side, name in _SIDES.items() if read[row, side]}
            judged = None if all(sides) else "".join(targets[row]) or None
            found.append({"better": _better(gained[row], sides, targets[row]), "rewards": rewards, "judged": judged})
        return found

    def true(self, targets: Array, rows: Rows, labels: Labels) -> list[Any]:
        """The better answer, or whether the only one is good."""
        return [_liked(sides, pair) for sides, pair in zip(there(targets).tolist(), targets, strict=True)]

    def blank(self, labels: Labels) -> dict[str, Any]:
        """Nothing."""
        return {"better": None, "rewards": {}, "judged": None}

    def shown(self, label: Any) -> str:
        """The beginning of an answer."""
        if label in ("good", "bad", None):
            return say(f"preference.{label or 'neither'}")
        plain = " ".join(str(label).split())
        return plain if len(plain) <= _TEXT else plain[: _TEXT - 1] + "…"

    def brief(self, answer: Mapping[str, Any], few: int | None = None) -> Brief:
        """The better answer, and by how much."""
        return Brief(self.shown(answer["better"]), f"{_margin(answer['rewards']):+.2f}" if answer["rewards"] else "")

    def in_full(self, answer: Mapping[str, Any]) -> str:
        """The whole answer that is better."""
        better = answer["better"]
        return self.shown(better) if better in ("good", "bad", None) else str(better)

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """How much more the worse answer has gained; None where it has not. An answer that was not read is told from no
        other, so that it stands last among the mistakes."""
        return None if record["true"] == record["better"] else abs(_margin(record["rewards"]))

    def mistakes(self, records: Sequence[Mapping[str, Any]], labels: Labels) -> Table:
        """Prompts whose worse answer has gained more, each with the answer that is judged where there is but one."""
        alone = any(record.get("judged") for record in records)
        columns = (
            Column(say("report.id"), "soft"),
            Column(say("preference.prompt"), "text"),
            *([Column(say("preference.judged"), "text")] if alone else []),
            Column(say("report.true"), "right"),
            Column(say("report.predicted"), "wrong"),
            Column(say("metric.reward_margin"), "number"),
        )
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (
                str(record.get("id", "")),
                Annotated(self.shown(record.get("text", ""))),
                *([Annotated(self.shown(record.get("judged") or ""))] if alone else []),
                self.shown(record["true"]),
                self.shown(record["better"]),
                _margin(record["rewards"]),
            )
            for record in records
        )
        return Table(say("report.errors_caption", count=len(rows)), columns, rows, whole=True)

    def detail(self, answers: Array, rows: Rows, labels: Labels, groups: Array | None = None) -> dict[str, Any]:
        """What became of better and worse answers, and of how many pairs the longer answer wins, by the people and by
        the model."""
        assert rows.targets is not None
        told = Told.of(answers)
        known = there(rows.targets) & (told.tokens > 0)
        extra: dict[str, Any] = {"answers": _became(told, known)}
        extra["length"] = _lengths(told, answers, rows.targets, labels)
        extra["unread"] = int((there(rows.targets).any(axis=1) & ~known.any(axis=1)).sum())
        return {"extra": extra}

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """Both as tables, with a warning where better answers have become less likely."""
        found: list[Section] = []
        if became := report.extra.get("answers"):
            columns = (
                Column(say("preference.answer"), "name"),
                *(Column(say(f"preference.{name}"), "number") for name in ("count", "reward", "token", "token_before")),
            )
            lines = tuple(
                (say(f"preference.{side}"), *(became[side][name] for name in ("count", "reward", "token", "before")))
                for side in _SIDES.values()
                if side in became
            )
            unread = int(report.extra.get("unread", 0))
            caption = [say("preference.became"), *([say("preference.unread", count=unread)] if unread else [])]
            caption += _fell(became.get("chosen", {}).get("reward", 0.0), report.split)
            found.append(Table(" ".join(caption), columns, lines, on_card=True))
        length = report.extra.get("length") or {}
        if length.get("pairs"):
            columns = tuple(
                Column(say(f"preference.{name}"), form)  # type: ignore[arg-type]
                for name, form in (("which", "name"), ("count", "number"), ("people", "share"), ("model", "share"))
            )
            lines = (
                (say("preference.longer_wins"), length["pairs"], length["people"], length["model"]),
                (say("preference.when_short"), length["short"], None, length["short_right"]),
                (say("preference.when_long"), length["long"], None, length["long_right"]),
            )
            found.append(Table(say("preference.length"), columns, lines))
        return found

    def notices(self, scores: Mapping[str, float]) -> list[str]:
        """That better answers have become less likely."""
        return _fell(scores.get("chosen_reward", 0.0), "validation")

    def snippet(self, labels: Labels, params: Filled, *, pairs: bool) -> list[str]:
        """Lines that answer one question."""
        return [
            'turns = [{"role": "user", "content": "..."}]',
            "batch = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True, "
            'return_tensors="pt")',
            "made = model.generate(**batch, max_new_tokens=256)",
            'print(tokenizer.decode(made[0, batch["input_ids"].shape[1] :], skip_special_tokens=True))',
        ]


def _fell(reward: float, split: str) -> list[str]:
    """A sentence where the better answers of a split have become less likely."""
    return [say("preference.fell", split=phrase("split", split), nats=number(-reward))] if reward < 0 else []


def _better(gained: Array, sides: Sequence[bool], pair: Array) -> str | None:
    """The answer that has gained more; None where neither has, or there is none."""
    margin = float(np.where(sides, gained, 0.0) @ np.array([1.0, -1.0]))
    if not any(sides) or not margin or np.isnan(margin):
        return None
    if all(sides):
        return str(pair[BETTER if margin > 0 else WORSE])
    return "good" if (margin > 0) == sides[BETTER] else "bad"


def _liked(sides: Sequence[bool], pair: Array) -> str | None:
    if all(sides):
        return str(pair[BETTER])
    return "good" if sides[BETTER] else "bad" if sides[WORSE] else None


def _margin(rewards: Mapping[str, float]) -> float:
    return rewards.get("chosen", 0.0) - rewards.get("rejected", 0.0)


def _became(told: Told, known: Array) -> dict[str, dict[str, Any]]:
    """Of better and worse answers: how many, what they gained on average, log-probability of a token now and before."""
    found = {}
    for side, name in _SIDES.items():
        at = known[:, side]
        tokens = max(float(told.tokens[at, side].sum()), 1.0)
        if at.any():
            found[name] = {
                "count": int(at.sum()),
                "reward": float(told.gained[at, side].mean()),
                "token": float(told.logs[at, side].sum() / tokens),
                "before": float(told.before[at, side].sum() / tokens),
            }
    return found


def _lengths(told: Told, answers: Array, targets: Array, labels: Labels) -> dict[str, Any]:
    """Of pairs whose answers have not as many tokens: how often the longer one wins."""
    longer = told.tokens[:, BETTER] - told.tokens[:, WORSE]
    both = pairs(targets) & (longer != 0)
    each = right(answers, targets, labels)
    short, long = both & (longer < 0), both & (longer > 0)
    wins = np.where(longer > 0, each, 1 - each)
    return {
        "pairs": int(both.sum()),
        "people": _mean(longer[both] > 0),
        "model": _mean(wins[both]),
        "short": int(short.sum()),
        "short_right": _mean(each[short]),
        "long": int(long.sum()),
        "long_right": _mean(each[long]),
    }


def _mean(values: Array) -> float | None:
    return float(np.mean(values)) if len(values) else None


__all__ = ["PreferenceWords"]

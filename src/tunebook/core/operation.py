"""What book.toml says of the time after promotion: export, server, rollout, watch, retraining."""

from __future__ import annotations

from itertools import pairwise
from typing import Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from tunebook.core.nouns import Record


class _Section(Record):
    """TOML and command lines can say `nan` and `inf`, which no comparison refuses."""

    model_config = ConfigDict(allow_inf_nan=False)


class Exporting(_Section):
    """`[export]`.

    Attributes:
        least_equal: share of the validation rows that a bundle has to answer as the run does; most_difference: of its
            outputs from those of the run, in fp32.
        most_loss: how much of the headline score (absolute) a smaller or quicker model may lose.
    """

    least_equal: float = Field(default=0.999, ge=0, le=1)
    most_difference: float = Field(default=1e-3, ge=0)
    most_loss: float = Field(default=0.005, ge=0)


class Serving(_Section):
    """`[serve]`.

    Attributes:
        log: where requests are kept: empty for `requests.sqlite` in the book, or `postgresql://...`.
        sample: share of the requests that are kept; keep_texts: with their texts, masked.
        most_texts, most_characters, most_bytes: of one request; most_waiting: texts that may wait for a version, beyond
            which requests are refused for a while; most_seconds: that a request may take.
        wait_ms: how long a request waits for others to be read with while the model is idle.
        unlogged: whether users get their answers while nothing of them can be kept: `answer`, or `refuse`.
    """

    log: str = ""
    sample: float = Field(default=1.0, ge=0, le=1)
    keep_texts: bool = False
    most_texts: int = Field(default=64, ge=1)
    most_characters: int = Field(default=100_000, ge=1)
    most_bytes: int = Field(default=2_000_000, ge=1)
    most_waiting: int = Field(default=1024, ge=1)
    most_seconds: float = Field(default=30.0, gt=0)
    wait_ms: float = Field(default=0.0, ge=0)
    unlogged: str = Field(default="answer", pattern="^(answer|refuse)$")


class Rolling(_Section):
    """`[rollout]`.

    Attributes:
        stages: shares of the requests in per cent, 0 for shadow; min_requests: of the challenger at each stage.
        min_minutes: how long each stage lasts at least.
        alpha: chance of a false alarm, or of a false win, over all looks of a rollout.
        most_errors: how much larger the share of errors may be; most_slower: P99 as a ratio; most_alike: how much more
            often two requests in a row may get the same answer.
        metric: column of feedback that the online test is about, empty for none; lowest, highest: its values.
        waits: seconds after which a request without that feedback counts as `lowest`; 0 leaves such requests out.
        may_fall, may_rise: further columns, between 0 and 1, of which less or more is worse, and `most_worse` by how
            much their mean may be so.
        promotes: `person`, or `machine`: whether the last stage needs somebody's word.
    """

    stages: list[float] = Field(default_factory=lambda: [0.0, 5.0, 25.0, 50.0, 100.0])
    min_requests: int = Field(default=500, ge=1)
    min_minutes: float = Field(default=0.0, ge=0)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    most_errors: float = Field(default=0.01, ge=0, le=1)
    most_slower: float = Field(default=1.5, ge=1)
    most_alike: float = Field(default=0.25, ge=0, le=1)
    metric: str = ""
    lowest: float = 0.0
    highest: float = 1.0
    waits: float = Field(default=0.0, ge=0)
    may_fall: list[str] = Field(default_factory=list)
    may_rise: list[str] = Field(default_factory=list)
    most_worse: float = Field(default=0.02, ge=0, lt=1)
    promotes: str = Field(default="person", pattern="^(person|machine)$")

    @field_validator("stages")
    @classmethod
    def _rise(cls, stages: list[float]) -> list[float]:
        if not stages or stages[0] < 0 or stages[-1] != 100 or any(a >= b for a, b in pairwise(stages)):
            raise ValueError("stages rise, from 0 (shadow) or more, and end with 100")
        return stages

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not self.lowest < self.highest:
            raise ValueError("lowest lies below highest")
        return self


class Watching(_Section):
    """`[watch]`.

    Attributes:
        window: requests of one look; false_alarms: chance of a false alarm in a year of looks, over all signals.
        webhook, mail_file: where alarms go beside the screen: JSON to an address, and letters beside a file of that
            name in the book (`alarms/alarm.eml`), to `mail_to`.
    """

    window: int = Field(default=500, ge=50)
    false_alarms: float = Field(default=0.05, gt=0, lt=1)
    webhook: str = ""
    mail_file: str = ""
    mail_to: str = ""


class Retraining(_Section):
    """`[retrain]`.

    Attributes:
        when: words such as `quarterly`, `monthly` or a cron line; empty for none. on_drift; new_labels: train when so
            many labelled rows are new, 0 for never.
        most_loss: how much of the headline score (absolute) the challenger may lose on the old test rows.
        test_share: of the new texts that become the second test split; least: rows that it needs.
        promotes: as that of `Rolling`.
    """

    when: str = ""
    on_drift: bool = True
    new_labels: int = Field(default=0, ge=0)
    most_loss: float = Field(default=0.02, ge=0, lt=1)
    test_share: float = Field(default=0.3, gt=0, lt=1)
    least: int = Field(default=30, ge=2)
    promotes: str = Field(default="person", pattern="^(person|machine)$")


__all__ = ["Exporting", "Retraining", "Rolling", "Serving", "Watching"]

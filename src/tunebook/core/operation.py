"""What book.toml says of the time after promotion: export, server, rollout, watch, retraining."""

from __future__ import annotations

from pydantic import Field

from tunebook.core.nouns import Record


class Exporting(Record):
    """`[export]`.

    Attributes:
        least_equal: share of the validation rows that a bundle has to answer as the run does; most_difference: of its
            outputs from those of the run, in fp32.
        most_loss: how much of the headline score (absolute) a smaller or quicker model may lose.
    """

    least_equal: float = Field(default=0.999, ge=0, le=1)
    most_difference: float = Field(default=1e-3, ge=0)
    most_loss: float = Field(default=0.005, ge=0)


class Serving(Record):
    """`[serve]`.

    Attributes:
        log: where requests are kept: empty for `requests.sqlite` in the book, or `postgresql://...`.
        sample: share of the requests that are kept; keep_texts: with their texts, masked.
        most_texts, most_characters: of one request; wait_ms: how long a request waits for others to be read with.
    """

    log: str = ""
    sample: float = Field(default=1.0, ge=0, le=1)
    keep_texts: bool = False
    most_texts: int = Field(default=64, ge=1)
    most_characters: int = Field(default=100_000, ge=1)
    wait_ms: float = Field(default=5.0, ge=0)


class Rolling(Record):
    """`[rollout]`.

    Attributes:
        stages: shares of the requests in per cent, 0 for shadow; min_requests: of the challenger at each stage.
        alpha: chance of a false alarm, or of a false win, over all looks of a rollout.
        most_errors: how much larger the share of errors may be; most_slower: P99 as a ratio; metric: column of feedback
            that the online test is about, empty for none.
        promotes: `person`, or `machine`: whether the last stage needs somebody's word.
    """

    stages: list[float] = Field(default_factory=lambda: [0.0, 5.0, 25.0, 50.0, 100.0])
    min_requests: int = Field(default=200, ge=1)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    most_errors: float = Field(default=0.01, ge=0, le=1)
    most_slower: float = Field(default=1.5, ge=1)
    metric: str = ""
    promotes: str = Field(default="person", pattern="^(person|machine)$")


class Watching(Record):
    """`[watch]`.

    Attributes:
        window: requests of one look; false_alarms: chance of a false alarm in a year of looks, over all signals.
        webhook, mail_file: where alarms go beside the screen.
    """

    window: int = Field(default=500, ge=50)
    false_alarms: float = Field(default=0.05, gt=0, lt=1)
    webhook: str = ""
    mail_file: str = ""


class Retraining(Record):
    """`[retrain]`.

    Attributes:
        when: words such as `quarterly`, `monthly` or a cron line; empty for none. on_drift; new_labels: train when so
            many labelled rows are new, 0 for never.
        promotes: as that of `Rolling`.
    """

    when: str = ""
    on_drift: bool = True
    new_labels: int = Field(default=0, ge=0)
    promotes: str = Field(default="person", pattern="^(person|machine)$")


__all__ = ["Exporting", "Retraining", "Rolling", "Serving", "Watching"]

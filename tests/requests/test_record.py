"""Records of requests."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from tunebook.requests.log import RequestLog
from tunebook.requests.record import Answered, Feedback


def test_records_are_frozen_and_hold_no_text_unless_given():
    told = Feedback("r1", 0, 1.0, "label", "bad")
    with pytest.raises(FrozenInstanceError):
        told.value = "good"
    assert {item.name for item in fields(Answered) if item.default == ""} >= {"text", "pair"}


def test_a_log_appends_and_reads():
    assert {"append", "tell", "answered", "feedback", "close"} <= set(dir(RequestLog))

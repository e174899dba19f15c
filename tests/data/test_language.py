from __future__ import annotations

import pytest

from tunebook.data.describe import guess_language


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["How do I send back the parcel that was late?", "I want my money back, please."], "en"),
        (["这家酒店的服务非常好", "iPhone 手机很好用，但是 App 经常闪退"], "zh"),
        (["这家酒店的服务非常好", "I want my money back"], "mixed"),
        (["Das Hotel war sehr gut und sauber", "Der Service ist leider schlecht gewesen"], "other"),
        (["このホテルのサービスはとても良かったです"], "other"),
        (["Отличный отель, очень понравилось"], "other"),
        (["123 !!", ""], "other"),
    ],
)
def test_guesses(texts, language):
    assert guess_language(texts)[0] == language


def test_share_of_han_characters():
    assert guess_language(["中文ab"])[1] == 0.5

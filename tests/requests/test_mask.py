"""Personal data is masked in both languages, and ordinary numbers are not."""

from __future__ import annotations

import random
import re

import pytest
from tests.requests.rows import row

from tunebook.requests.mask import luhn, mask, masked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("write to ann.b+c@mail.example.org, thanks", "write to [EMAIL], thanks"),
        ("发到zhang_3@qq.com吧", "发到[EMAIL]吧"),
        ("电话13812345678，谢谢", "电话[PHONE]，谢谢"),
        ("138 1234 5678 或 +86-139-1234-5678", "[PHONE] 或 [PHONE]"),
        ("座机：010-12345678", "座机：[PHONE]"),
        ("call (555) 123-4567 or +44 20 7946 0958.", "call [PHONE] or [PHONE]."),
        ("身份证11010519491231002X", "身份证[ID]"),
        ("身份证号：１１０１０５１９４９１２３１００２Ｘ。", "身份证号：[ID]。"),
        ("旧证 110105491231002 号", "旧证 [ID] 号"),
        ("my SSN is 123-45-6789", "my SSN is [ID]"),
        ("卡号 6222 0210 0112 3456 789 转账", "卡号 [CARD] 转账"),
        ("4111-1111-1111-1111 and 378282246310005", "[CARD] and [CARD]"),
        ("a@b.com 13812345678 a@b.com", "[EMAIL] [PHONE] [EMAIL]"),
    ],
)
def test_what_tells_who_somebody_is(text, said):
    assert mask(text) == said
    assert mask(said) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026年12月1日 12:30，共 1234 元",
        "room 305, 3.14159, 100% @ home, #12345",
        "版本 1.2.3.4，订单 4111111111111112",
        "0000000000000000",
        "ISBN 978-7-111",
    ],
)
def test_other_numbers_stay(text):
    assert mask(text) == text


def test_the_check_digit_against_its_definition():
    draw = random.Random(1)
    for _ in range(200):
        digits = [draw.randrange(10) for _ in range(draw.randrange(13, 20))]
        total = 0
        for place, digit in enumerate(reversed(digits)):  # by hand: every second one twice, digits of the product
            total += digit if place % 2 == 0 else sum(map(int, str(2 * digit)))
        assert luhn("".join(map(str, digits))) == (total % 10 == 0)


def test_a_record_is_masked_everywhere():
    answer = {"text": "13812345678", "spans": [{"text": "a@b.com", "start": 3}], "pair": ("x", 1.5), "more": None}
    found = masked(row(1, text="a@b.com", pair="13812345678", answer=answer))
    assert (found.text, found.pair) == ("[EMAIL]", "[PHONE]")
    said = {"text": "[PHONE]", "spans": [{"text": "[EMAIL]", "start": 3}], "pair": ["x", 1.5], "more": None}
    assert found.answer == said and masked(row(1)) == row(1)


def test_no_long_run_of_digits_takes_long():
    assert len(mask("1 " * 20_000)) > 0 and not re.search(r"\d{11}", mask("13812345678 " * 500))

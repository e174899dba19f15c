"""Prices of machine time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.errors import TunebookError
from tunebook.verbs.abtest.ab_plan import Prices, read_prices


def test_prices_by_device(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('currency = "EUR"\ncpu_hour = 0.1\n[gpu_hour]\n"H200" = 4.0\n"NVIDIA H200 NVL" = 5.0\n')
    prices = read_prices(path)
    assert prices.currency == "EUR"
    assert prices.of("cpu", 3) == pytest.approx(0.3)
    assert prices.of("NVIDIA h200", 2) == 8.0
    assert prices.of("NVIDIA H200 NVL", 2) == 10.0, "the longest name that fits"
    assert prices.of("A100", 2) is None
    assert Prices(gpu_hour=2.0).of("A100", 2) == 4.0
    assert Prices().of("cpu", 1) is None


@pytest.mark.parametrize("text", [None, "cpu_hour =", "cpu_hour = 'much'", "tpu_hour = 1", b"\xff"])
def test_a_file_that_cannot_be_used(text: str | bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TunebookError) as caught:
        read_prices(path)
    assert caught.value.code == "ab.prices" and caught.value.message

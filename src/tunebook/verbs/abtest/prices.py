"""What an hour of a device costs, from a file that the user keeps."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tunebook.core.errors import TunebookError
from tunebook.core.nouns import Record


class Prices(Record):
    """Prices of machine time.

    Attributes:
        currency: what the numbers count.
        cpu_hour: price of an hour of training without a GPU.
        gpu_hour: price of an hour of any GPU, or device name -> price; a part of the name is enough (`H200`).
    """

    currency: str = ""
    cpu_hour: float | None = None
    gpu_hour: float | dict[str, float] | None = None

    def of(self, device: str, hours: float) -> float | None:
        """Price of some hours of a device; None where the file names no price for it."""
        rate = self.cpu_hour if device == "cpu" else self._gpu(device)
        return None if rate is None else rate * hours

    def _gpu(self, device: str) -> float | None:
        if not isinstance(self.gpu_hour, dict):
            return self.gpu_hour
        known = [name for name in self.gpu_hour if name.lower() in device.lower()]
        return self.gpu_hour[max(known, key=len)] if known else None


def read_prices(path: Path) -> Prices:
    """Prices from a TOML file: `currency`, `cpu_hour`, `gpu_hour` (a number, or a table by device name).

    Raises:
        TunebookError: `ab.prices`: it cannot be read, or holds something else.
    """
    try:
        return Prices(**tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:  # ValidationError is a ValueError
        reason = str(error).splitlines()[0]
        raise TunebookError(
            "ab.prices", key=str(path), reason=reason, allowed="currency, cpu_hour, gpu_hour"
        ) from error


__all__ = ["Prices", "read_prices"]

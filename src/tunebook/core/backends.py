"""Names of the backends by which a trained model may answer."""

from __future__ import annotations

from typing import Final, Literal, get_args

Backend = Literal["auto", "eager", "onnx"]
WANTED: tuple[str, ...] = get_args(Backend)
AUTO: Final = "auto"
EAGER: Final = "eager"
ONNX: Final = "onnx"

__all__ = ["AUTO", "EAGER", "ONNX", "WANTED", "Backend"]

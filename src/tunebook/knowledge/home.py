"""Where Tunebook keeps what belongs to a user and not to a book."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def home() -> Path:
    """TUNEBOOK_HOME, else the folder in which programs of this system keep a user's data."""
    chosen = os.environ.get("TUNEBOOK_HOME")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "tunebook"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "tunebook"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tunebook"


__all__ = ["home"]

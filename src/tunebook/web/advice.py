"""What an error advises, as a page says it: what a command takes by a flag stands in a form there."""

from __future__ import annotations

import re

from tunebook.core.messages import say

_PARTS = re.compile(r"`[^`]*`|tunebook .*?(?=\. |[。；;]|$)|(--force|--reason)(?: TEXT)?")


def advice(text: str) -> str:
    """The same, without flags of what a form asks for; commands stay as they are typed."""
    return _PARTS.sub(lambda found: say(f"ui.flag.{found[1][2:]}") if found[1] else found[0], text)


__all__ = ["advice"]

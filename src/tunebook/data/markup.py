"""HTML in text: tags go, entities become characters; `a < b` and `<3` are no tags and stay."""

from __future__ import annotations

import html
import re
from html.entities import html5

_INLINE = (
    "a abbr b bdi bdo big cite code del dfn em font i ins kbd label mark q s samp small span strike strong sub sup tt "
    "u var"
)
_BLOCK = (
    "address article aside audio blockquote body br button canvas caption center col colgroup dd details dialog div "
    "dl dt embed fieldset figcaption figure footer form frame h1 h2 h3 h4 h5 h6 head header hr html iframe img input "
    "legend li link main map meta nav noscript object ol optgroup option p param picture pre progress section select "
    "source style script summary svg table tbody td template textarea tfoot th thead title tr track ul video wbr"
)
_NAMES = frozenset((*_INLINE.split(), *_BLOCK.split()))
_INLINE_NAMES = frozenset(_INLINE.split())
# Only names that HTML knows, so that placeholders such as <user> stay; attributes as name=value, or the few that stand
# alone, so that `a<b then c>d` stays.
_ALONE = "async|autofocus|checked|controls|defer|disabled|hidden|loop|multiple|muted|nowrap|readonly|required|selected"
_TAG = re.compile(
    r"""</?([A-Za-z][A-Za-z0-9]*)(?:\s+(?:[A-Za-z_:@][\w:.-]*\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+)|"""
    + rf"(?:{_ALONE})(?=[\s/>])))*\s*/?>"
)
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b[^<>]*>.*?</\1\s*>|<!doctype[^<>]*>", re.IGNORECASE | re.DOTALL)
# A semicolon is asked for: `?a=1&copy=2` in an address is no entity.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def _character(match: re.Match[str]) -> str:
    entity = match.group()
    return html.unescape(entity) if entity[1] == "#" else html5.get(entity[1:], entity)


def _gap(match: re.Match[str]) -> str:
    name = match.group(1).lower()
    if name not in _NAMES:
        return match.group()
    return "" if name in _INLINE_NAMES else " "


# Text without tags, comments and scripts, its entities as characters. Tags that break a line leave a space.
MARKUP = ((_HIDDEN, " "), (_TAG, _gap), (_ENTITY, _character))

__all__ = ["MARKUP"]

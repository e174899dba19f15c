from __future__ import annotations

import pytest

from tunebook.data.clean import clean_text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a < b and c > d", "a < b and c > d"),
        ("I <3 you", "I <3 you"),
        ("x<y>z", "x<y>z"),
        ("<user> says hi", "<user> says hi"),
        ("<URL> and <b>bold</b>", "<URL> and bold"),
        ("one<br/>two<BR>three", "one two three"),
        ('<a href="http://x.y/?a=1&b=2" target=_blank>here</a>', "here"),
        ("<p class='x'>text</p>", " text "),
        ("before<!-- a > b -->after", "before after"),
        ("<script>if (a < b) { }</script>rest", " rest"),
        ("<style type='text/css'>p {}</style>rest", " rest"),
        ("<!DOCTYPE html><html>x</html>", "  x "),
        ("R&D &amp; more &lt;b&gt; &#39;q&#39; &#x4e2d;", "R&D & more <b> 'q' 中"),
        ("?a=1&copy=2&nothing;", "?a=1&copy=2&nothing;"),
        ("if a<b then c>d", "if a<b then c>d"),
        ("p < 0.05, i < n", "p < 0.05, i < n"),
    ],
)
def test_markup(text, clean):
    assert clean_text(text, ["html"]) == clean

"""Who comes in, and who does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.web.visitor import BASE, Visitor, words_of

from tunebook.web.app import STYLES, application
from tunebook.web.door import COOKIE, POLICY, Door, Guard, check_word
from tunebook.web.shelf import Shelf


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "books").mkdir()
    return tmp_path / "books"


def test_the_token_opens_and_leaves_the_address(shop: Path) -> None:
    visitor = Visitor(shop, enter=False)
    assert visitor.get("/").status_code == 401
    answer = visitor.get(f"/?a=1&token={visitor.door.token}", follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"] == "/?a=1"
    kept = answer.headers["set-cookie"]
    assert kept.startswith(f"{COOKIE}-") and "HttpOnly" in kept and "SameSite=strict" in kept
    assert visitor.door.token not in kept and visitor.get("/").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", "ä"])
def test_another_token_does_not(shop: Path, token: str) -> None:
    visitor = Visitor(shop)
    name = next(iter(visitor.cookies))
    visitor.cookies.clear()
    assert visitor.get("/", params={"token": token}).status_code == 401
    assert visitor.get("/", headers={"cookie": f"{name}={'0' * 64}"}).status_code == 401
    assert visitor.get("/", headers={"cookie": f"{name}={visitor.door.cookie}"}).status_code == 200


@pytest.mark.parametrize(("base", "prefix"), [("http://127.0.0.1:8502", ""), (BASE, "/b")])
def test_two_servers_of_a_machine_do_not_sign_each_other_out(shop: Path, base: str, prefix: str) -> None:
    one = Visitor(shop)
    other = TestClient(application(Shelf.of([shop]), Door("ann", prefix=prefix)), base_url=base)
    other.cookies = one.cookies.jar  # one browser
    door = other.app.door  # type: ignore[attr-defined]
    assert other.get(f"{prefix}/?token={door.token}").status_code == 200
    assert one.get("/").status_code == 200 and other.get(f"{prefix}/").status_code == 200


def test_a_host_of_another_name_is_not_answered(shop: Path) -> None:
    visitor = Visitor(shop)
    answer = visitor.get("/", headers={"host": "attacker.example"})
    assert answer.status_code == 421 and "ui.host" in answer.text
    assert visitor.get("/", headers={"host": "["}).status_code == 421
    named = Visitor(shop, door=Door("ann", hosts=frozenset({"tunebook.example"})), enter=False)
    assert named.get("/", headers={"host": "tunebook.example:443"}).status_code == 401


def test_a_proxy_says_who_comes(shop: Path) -> None:
    visitor = Visitor(shop, door=Door("ann", user_header="x-forwarded-user"), enter=False)
    assert visitor.get("/").status_code == 401
    answer = visitor.get("/", headers={"x-forwarded-user": "bo"})
    assert answer.status_code == 200 and "bo" in words_of(answer.text)
    assert visitor.get("/", headers={"x-forwarded-user": "<b>eve</b>"}).text.count("<b>eve") == 0


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"origin": "http://evil.example"}, "ui.origin"),
        ({"origin": "http://["}, "ui.origin"),
        ({}, "ui.origin"),
        ({"sec-fetch-site": "cross-site", "origin": BASE}, "ui.origin"),
        ({"sec-fetch-site": "same-site"}, "ui.origin"),
        ({"origin": BASE}, "ui.word"),
        ({"sec-fetch-site": "same-origin", "x-tunebook-word": "guessed"}, "ui.word"),
    ],
)
def test_nothing_of_another_site_changes_anything(shop: Path, headers: dict[str, str], code: str) -> None:
    answer = Visitor(shop).post("/book/none/stop/1", data={}, headers=headers)
    assert answer.status_code == 403 and code in answer.text


def test_words_differ_by_user(shop: Path) -> None:
    door = Door("ann")
    assert door.word("ann") != door.word("bo") and door.word("ann") != Door("ann").word("ann")
    with pytest.raises(Exception, match=r"ui\.word"):
        check_word({"x-tunebook-word": ""}, "", "")  # type: ignore[arg-type]
    check_word({}, door.word("ann"), door.word("ann"))  # type: ignore[arg-type]


def test_a_server_that_only_shows_changes_nothing(shop: Path) -> None:
    visitor = Visitor(shop, door=Door("ann", read_only=True))
    assert "only shows" in words_of(visitor.get("/").text)
    assert '<form method="post"' not in visitor.get("/new").text
    answer = visitor.submit("/book/none/stop/1")
    assert answer.status_code == 403 and "ui.read_only" in answer.text


def test_every_answer_keeps_browsers_safe(shop: Path) -> None:
    visitor = Visitor(shop)
    for path in ("/", "/none", "/static/page.js", "/book/none/overview"):
        headers = visitor.get(path).headers
        assert headers["content-security-policy"] == POLICY and headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in POLICY and "http" not in POLICY


def test_it_lies_below_a_prefix(shop: Path) -> None:
    visitor = Visitor(shop, door=Door("ann", prefix="/tune"))
    page = visitor.get("/tune/")
    assert page.status_code == 200 and 'href="/tune/static/page.css"' in page.text
    assert visitor.get("/tune/static/page.css").status_code == 200
    for name in ("style.css", "explain.css"):
        assert visitor.get(f"/tune/static/{name}").text == (STYLES / name).read_text(encoding="utf-8")
    [(name, value)] = visitor.cookies.items()
    own = {"cookie": f"{name}={value}"}  # as a browser sends it to a proxy that takes the prefix off
    for path in ("/", "/static/page.css"):
        assert visitor.get(path, headers=own).text == visitor.get(f"/tune{path}").text
    assert visitor.get("/tuneful", headers=own).status_code == 404


def test_it_speaks_the_language_that_is_chosen(shop: Path) -> None:
    visitor = Visitor(shop)
    assert 'lang="zh-CN"' in visitor.get("/", headers={"accept-language": "zh-CN,en;q=0.5"}).text
    assert visitor.get("/?lang=zh").headers["set-cookie"].startswith("tunebook-lang=zh")
    assert 'lang="zh-CN"' in visitor.get("/").text  # kept
    assert 'lang="en"' in visitor.get("/?lang=en").text
    assert visitor.get("/?lang=<x>").status_code == 200


def test_a_guard_lets_what_is_no_request_pass(shop: Path) -> None:
    assert Guard(Visitor(shop).app, Door("ann")).door.owner == "ann"

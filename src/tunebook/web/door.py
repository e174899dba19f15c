"""Who may come in: every request passes here before a page sees it.

A server listens on this machine alone. Whoever knows the token of its address gets a cookie; behind a proxy that signs
its users in, the header in which it names them counts instead. A page of another site can neither read (the cookie goes
to no other site, and only known names of hosts are answered, which DNS rebinding needs) nor change anything: what
changes something has to come from a page of this server and to carry the word of the session. (OWASP, Cross-Site
Request Forgery Prevention Cheat Sheet: synchroniser token and check of the origin.)
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunebook.core.errors import RefusedError, TunebookError
from tunebook.core.messages import LANGUAGES, speaking
from tunebook.serve.problems import language_of

COOKIE, LANG = "tunebook-door", "tunebook-lang"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SAFE = ("GET", "HEAD", "OPTIONS")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Reports carry their own script and style: they run in a frame without an origin, and reach nothing from there.
FRAMED = (
    "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True)
class Door:
    """Who may come in, and what for.

    Attributes:
        owner: who changes something, where no proxy says who it is.
        token: that whoever comes has to know; user_header: in which a proxy names whom it has signed in, in its place.
        hosts: names by which the server may be called.
        read_only: nothing can be changed.
        prefix: path in front of all others, such as `/tunebook`, whether a proxy takes it off or not.
    """

    owner: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    user_header: str = ""
    hosts: frozenset[str] = LOOPBACK
    read_only: bool = False
    prefix: str = ""

    def word(self, user: str) -> str:
        """What a form of this server carries, for one user."""
        return self._signed("form", user)

    @property
    def cookie(self) -> str:
        """What a browser keeps that has shown the token."""
        return self._signed("cookie", "")

    def _signed(self, what: str, user: str) -> str:
        return hmac.new(self.token.encode(), f"{what}:{user}".encode(), hashlib.sha256).hexdigest()


class Guard:
    """The application behind its door."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on with `owner` and `word` in its state."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        with speaking(_language(request)):
            scope = dict(scope)
            if scope["method"] == "HEAD":  # the server, which knows what was asked, leaves the body out
                scope["method"] = "GET"
            answer = self._stopped(request, scope) or self.app
            await answer(scope, receive, _sealed(send, request))

    def _stopped(self, request: Request, scope: MutableMapping[str, Any]) -> Response | None:
        """What stands in the way; None where nothing does."""
        from tunebook.web.render import problem

        try:
            self._placed(scope)
            self._host(request)
            if scope["path"].startswith("/static/"):
                return None
            if answer := self._known(request, scope):
                return answer
            self._may(request)
        except TunebookError as error:
            scope.setdefault("state", {}).update(owner="", word="", read_only=True)
            return problem(Request(scope), error, self.door.prefix)
        return None

    def _placed(self, scope: MutableMapping[str, Any]) -> None:
        """Take the prefix off, where the proxy has not."""
        prefix, path = self.door.prefix, scope["path"]
        below = path == prefix or path.startswith(f"{prefix}/")
        scope["path"], scope["root_path"] = (path.removeprefix(prefix) if below else path) or "/", ""

    def _host(self, request: Request) -> None:
        name = _parts(f"//{request.headers.get('host', '')}").hostname or ""
        if name not in self.door.hosts:
            raise RefusedError("ui.host", key="Host", value=name, allowed=" | ".join(sorted(self.door.hosts)))

    def _known(self, request: Request, scope: MutableMapping[str, Any]) -> Response | None:
        """Say who comes; a redirection where the address holds the token, which shall not stay in it."""
        door = self.door
        if door.user_header:
            user = _utf8(request.headers.get(door.user_header, "")).strip()
            if not user:
                raise RefusedError("ui.user", key=door.user_header)
            self._in(scope, user)
            return None
        given = request.query_params.get("token")
        if given is not None:
            if not hmac.compare_digest(given.encode(), door.token.encode()):
                raise RefusedError("ui.token")
            return self._welcome(request, scope["path"])
        if not hmac.compare_digest(_cookie(request, _name(request, door)).encode(), door.cookie.encode()):
            raise RefusedError("ui.token")
        self._in(scope, door.owner)
        return None

    def _in(self, scope: MutableMapping[str, Any], user: str) -> None:
        scope.setdefault("state", {}).update(owner=user, word=self.door.word(user), read_only=self.door.read_only)

    def _welcome(self, request: Request, path: str) -> Response:
        left = [item for item in parse_qsl(request.url.query, keep_blank_values=True) if item[0] != "token"]
        query = f"?{urlencode(left)}" if left else ""
        answer = RedirectResponse(f"{self.door.prefix}{quote(path)}{query}", 303)
        name, path = _name(request, self.door), self.door.prefix or "/"
        answer.set_cookie(name, self.door.cookie, httponly=True, samesite="strict", path=path)
        return answer

    def _may(self, request: Request) -> None:
        """Whether it may change something: nothing of another site may."""
        if request.method in _SAFE:
            return
        if self.door.read_only:
            raise RefusedError("ui.read_only")
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site is not None:
            own = site == "same-origin"
        else:
            own = origin is not None and _parts(origin).netloc == request.headers.get("host")
        if not own:
            raise RefusedError("ui.origin", key="Origin", value=origin or "")


def _utf8(text: str) -> str:
    """A header as proxies send names; it was read as Latin-1, as which it stays where it is no UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _name(request: Request, door: Door) -> str:
    """The name of a server's cookie: cookies know no ports, so two servers of one machine need two names."""
    place = f"{request.headers.get('host', '')}{door.prefix}"
    return f"{COOKIE}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def _parts(address: str) -> SplitResult:
    """The parts of an address; of one that is none, nothing."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _cookie(request: Request, name: str) -> str:
    jar = SimpleCookie()
    try:
        jar.load(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


def _language(request: Request) -> str:
    """As was chosen on a page, else as the browser prefers."""
    for chosen in (request.query_params.get("lang", ""), _cookie(request, LANG)):
        if chosen in LANGUAGES:
            return chosen
    return language_of(request.headers.get("accept-language", ""))


def _sealed(send: Send, request: Request) -> Send:
    """Answers with what a browser has to know to be safe, and the language that was chosen."""
    chosen = request.query_params.get("lang", "")

    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", POLICY)
            headers.setdefault("cache-control", "no-store")
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "no-referrer"
            headers["cross-origin-opener-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
            if chosen in LANGUAGES:
                headers.append("set-cookie", f"{LANG}={chosen}; Path=/; SameSite=Strict; Max-Age=31536000")
        await send(message)

    return sealed


def check_word(headers: Headers, form: str | None, word: str) -> None:
    """Whether what changes something carries the word of its session.

    Raises:
        RefusedError: `ui.word`.
    """
    given = headers.get("x-tunebook-word") or form or ""
    if not word or not hmac.compare_digest(given.encode(), word.encode()):
        raise RefusedError("ui.word")


__all__ = ["COOKIE", "FRAMED", "LANG", "LOOPBACK", "POLICY", "Door", "Guard", "check_word"]

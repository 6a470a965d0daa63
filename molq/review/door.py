"""Who is let in to the review page: the one who was given the link.

The page is served on the loopback address alone. Any program of the machine, and any page in
the reader's browser, can ask it for something; so

- the link holds a token that opens the page once, and is exchanged for a cookie that no
  script can read and that no other site's page makes the browser send; it ends when nothing
  was asked for so long as nobody can be at the page;
- a browser sends a cookie to every port of a machine, so this one is bound to a path that
  nobody else's server has, or knows to ask for;
- a request must name the page's own address as its host, or it comes by a name that somebody
  else's server gave to this machine (DNS rebinding);
- what reads or writes the run must come from the page itself: with a second secret in a
  header that no form of another site can set, and to write with its origin.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from aiohttp import web

HEADER = "X-Molq-Review"
IDLE_S = 4 * 3600.0  # after which a session ends; an open page asks every few seconds
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@dataclass
class Door:
    """The secrets of one server.

    Args:
        port: it is served on.
        on_link: called with a new link, when somebody comes with one that was used.
    """

    port: int
    on_link: Callable[[str], None]
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))  # in the page
    place: str = field(default_factory=lambda: f"/{secrets.token_urlsafe(12)}/")  # of all paths
    _tokens: set[str] = field(default_factory=set)  # not used yet
    _sessions: dict[str, float] = field(default_factory=dict)  # s, monotonic; when last used
    _used: set[str] = field(default_factory=set)

    @property
    def cookie(self) -> str:
        """The cookie's name: of two servers on one machine each has its own."""
        return f"molq_review_{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """What the page may be asked for as."""
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    def link(self) -> str:
        """A new link that opens the page once."""
        token = secrets.token_urlsafe(32)
        self._tokens.add(token)
        return f"http://127.0.0.1:{self.port}{self.place}?token={token}"

    def admit(self, token: str) -> str | None:
        """Exchange a token for a session; None for one that is not, or no longer, good."""
        for known in self._tokens:
            if hmac.compare_digest(known.encode(), token.encode()):
                self._tokens.discard(known)
                self._used.add(known)
                session = secrets.token_urlsafe(32)
                self._sessions[session] = monotonic()
                return session
        if token in self._used and not self._tokens:
            self.on_link(self.link())  # in the terminal, which is the reader's
        return None

    def check(self, request: web.Request) -> None:
        """That a request may be answered.

        Raises:
            web.HTTPException: it may not, and why.
        """
        if request.headers.get("Host", "") not in self.hosts:
            raise web.HTTPMisdirectedRequest(text="this page is served as 127.0.0.1 alone\n")
        if request.path == self.place and "token" in request.query:
            return
        if not self._is_session(request.cookies.get(self.cookie, "")):
            raise web.HTTPForbidden(
                text="open the page by the link that `molq review` prints; it opens once, and "
                "one that was used prints a new one\n"
            )
        writes = request.method not in ("GET", "HEAD")
        if writes and request.headers.get("Origin", "") not in self._origins:
            raise web.HTTPForbidden(text="this does not come from the review page\n")
        if writes or request.path.startswith(f"{self.place}api/"):
            given = request.headers.get(HEADER, "")
            if not hmac.compare_digest(given.encode(), self.secret.encode()):
                raise web.HTTPForbidden(text="this does not come from the review page: reload it\n")
        if writes and request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="JSON is asked for\n")

    @property
    def _origins(self) -> set[str]:
        return {f"http://{host}" for host in self.hosts}

    def _is_session(self, given: str) -> bool:
        """Whether it is one that goes on; it then goes on from now."""
        now = monotonic()
        self._sessions = {x: used for x, used in self._sessions.items() if now - used < IDLE_S}
        for known in self._sessions:
            if hmac.compare_digest(known.encode(), given.encode()):
                self._sessions[known] = now
                return True
        return False


HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer."""

"""Who is let in to the review page: the one who was given the link.

The page is served on the loopback address alone. Any program of the machine, and any page in
the reader's browser, can ask it for something; so

- the link holds a token that opens the page once, and is exchanged for a cookie that no
  script can read and that no other site's page makes the browser send;
- a request must name the page's own address as its host, or it comes by a name that somebody
  else's server gave to this machine (DNS rebinding);
- what writes must come from the page itself: with its origin and a second secret in a header
  that no form of another site can set.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

HEADER = "X-Molq-Review"
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
    _tokens: set[str] = field(default_factory=set)  # not used yet
    _sessions: set[str] = field(default_factory=set)
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
        return f"http://127.0.0.1:{self.port}/?token={token}"

    def admit(self, token: str) -> str | None:
        """Exchange a token for a session; None for one that is not, or no longer, good."""
        for known in self._tokens:
            if hmac.compare_digest(known.encode(), token.encode()):
                self._tokens.discard(known)
                self._used.add(known)
                session = secrets.token_urlsafe(32)
                self._sessions.add(session)
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
        if request.path == "/" and "token" in request.query:
            return
        session = request.cookies.get(self.cookie, "")
        if not any(hmac.compare_digest(known.encode(), session.encode())
                   for known in self._sessions):  # fmt: skip
            raise web.HTTPForbidden(
                text="open the page by the link that `molq review` prints; it opens once\n"
            )
        if request.method not in ("GET", "HEAD"):
            self._check_write(request)

    def _check_write(self, request: web.Request) -> None:
        origin = request.headers.get("Origin", "")
        if origin not in {f"http://{host}" for host in self.hosts}:
            raise web.HTTPForbidden(text="this does not come from the review page\n")
        given = request.headers.get(HEADER, "")
        if not hmac.compare_digest(given.encode(), self.secret.encode()):
            raise web.HTTPForbidden(text="this does not come from the review page: reload it\n")
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="JSON is asked for\n")


HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer."""

"""The review page's server: on the loopback address, for one reviewer, beside a run.

Several reviewers each start one of their own on one run's folder; the journal is what they
share. Nothing here takes the run's lock but the end, where a run that is over has its files
of leads written anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from molq import depiction
from molq.campaignfile import RunFile
from molq.errors import CallError, MolqError
from molq.reading import journal_of, settings_of
from molq.review import saying
from molq.review.deskview import DeskView, Stamp
from molq.review.door import HEADER, HEADERS, Door
from molq.review.idea import IdeaAnswer
from screening.store.records import Review

LARGEST = 256 << 10
"""Bytes of a request: a drawing has a few thousand."""

_STATIC = {
    "page.css": ("molq.report", "page.css", "text/css"),
    "review.css": ("molq.review", "review.css", "text/css"),
    "review.js": ("molq.review", "review.js", "text/javascript"),
    "dom.js": ("molq.review", "dom.js", "text/javascript"),
    "sheet.js": ("molq.review", "sheet.js", "text/javascript"),
    "drawing.js": ("molq.review", "drawing.js", "text/javascript"),
    "openchemlib.js": ("molq.review", "vendor/openchemlib.js", "text/javascript"),
}
_WELCOME = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Review</title>'
    '<meta http-equiv="refresh" content="0;url=./"></head>'
    '<body><a href="./">Open the review page</a></body></html>'
)
_KINDS = {"approve", "reject", "rate", "comment", "withdraw"}
_T = TypeVar("_T")
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_DOOR: web.AppKey[Door] = web.AppKey("door", Door)


class Server:
    """Serves the review page of one run to one reviewer.

    Args:
        directory: of the run.
        reviewer: whose page it is.
        on_link: called with a new link, when somebody comes with one that was used.
    """

    def __init__(self, directory: Path, reviewer: str, on_link: Callable[[str], None]) -> None:
        self._directory = directory
        self._reviewer = reviewer
        self._on_link = on_link
        self._view = DeskView(reviewer)
        self._reading = asyncio.Lock()  # the view is one
        self._runner: web.AppRunner | None = None
        with journal_of(directory) as journal:
            self._file: RunFile = settings_of(journal)

    async def start(self, port: int = 0) -> str:
        """Listen on the loopback address.

        Args:
            port: to listen on; 0 for any that is free.

        Returns:
            The link that opens the page once.

        Raises:
            CallError: the port is taken.
        """
        # the address is known when the server listens, and nobody is answered before
        door = Door(port, self._on_link)
        app = web.Application(middlewares=[_guarded], client_max_size=LARGEST)
        app[_DOOR] = door
        app.router.add_get(door.place, self._page)
        app.router.add_get(f"{door.place}static/{{name}}", self._static)
        app.router.add_get(f"{door.place}structure/{{key}}", self._structure)
        app.router.add_get(f"{door.place}api/state", self._state)
        app.router.add_post(f"{door.place}api/review", self._review)
        app.router.add_post(f"{door.place}api/idea", self._idea)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise CallError(
                f"port {port} of this machine cannot be used ({error.strerror or error}): give "
                "another --port, or none for any that is free"
            ) from error
        door.port = self._runner.addresses[0][1]
        return door.link()

    async def stop(self) -> None:
        """Answer nobody any more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _page(self, request: web.Request) -> web.Response:
        door = request.app[_DOOR]
        if "token" in request.query:
            session = door.admit(request.query["token"])
            if session is None:
                raise web.HTTPForbidden(
                    text="this link was used, or is none: `molq review` has printed a new one\n"
                )
            # A redirect would belong to whatever page held the link, and go without the cookie.
            answer = web.Response(text=_WELCOME, content_type="text/html")
            answer.set_cookie(
                door.cookie, session, httponly=True, samesite="Strict", path=door.place
            )
            return answer
        page = resources.files("molq.review").joinpath("page.html").read_text(encoding="utf-8")
        return web.Response(
            text=page.replace("{{secret}}", door.secret).replace("{{header}}", HEADER),
            content_type="text/html",
        )

    async def _static(self, request: web.Request) -> web.Response:
        found = _STATIC.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        package, name, kind = found
        content = resources.files(package).joinpath(name).read_bytes()
        return web.Response(body=content, content_type=kind, charset="utf-8")

    async def _structure(self, request: web.Request) -> web.Response:
        key = request.match_info["key"].removesuffix(".svg")

        def draw() -> str | None:
            with journal_of(self._directory) as journal:
                found = self._view.structure(journal, key)
            if found is None:
                return None
            smiles, site = found
            width, height = (200, 128) if "small" in request.query else (360, 230)
            return depiction.svg(smiles, site=site, width=width, height=height)

        async with self._reading:
            drawn = await asyncio.to_thread(draw)
        if drawn is None:
            raise web.HTTPNotFound
        image = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        return web.Response(
            text=image,
            content_type="image/svg+xml",
            headers={"Cache-Control": "private, max-age=3600"},
        )

    async def _state(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "")

        def read() -> dict[str, Any]:
            with journal_of(self._directory) as journal:
                stamp = str(Stamp.of(journal))
                if stamp == since:
                    return {"stamp": stamp}
                return self._view.state(journal, self._file)

        try:
            async with self._reading:
                return web.json_response(await asyncio.to_thread(read))
        except MolqError as error:
            raise _refused(web.HTTPInternalServerError, str(error)) from error

    async def _review(self, request: web.Request) -> web.Response:
        body = await _body(request)
        key, kind = str(body.get("key", "")), body.get("kind")
        if kind not in _KINDS:
            raise _refused(web.HTTPBadRequest, "the page is of another version: reload it")
        rating, withdraws = body.get("rating"), body.get("withdraws")
        if any(isinstance(x, bool) or not isinstance(x, int | None) for x in (rating, withdraws)):
            raise _refused(web.HTTPBadRequest, "a rating and a review's id are whole numbers")

        def write() -> Review:
            return saying.say(
                self._directory,
                key,
                kind,
                reviewer=self._reviewer,
                text=str(body.get("text", "")),
                rating=rating,
                withdraws=withdraws,
            )

        review = await _written(write)
        return web.json_response({"id": review.id})

    async def _idea(self, request: web.Request) -> web.Response:
        body = await _body(request)
        text, name = str(body.get("structure", "")), str(body.get("name", ""))

        def write() -> tuple[IdeaAnswer, Review | None]:
            return saying.propose(self._directory, text, reviewer=self._reviewer, name=name)

        answer, review = await _written(write)
        return web.json_response(
            {
                "fate": answer.fate,
                "message": answer.message,
                "key": answer.inchikey,
                "smiles": answer.smiles,
                "notes": list(answer.notes),
                "id": None if review is None else review.id,
            }
        )


@web.middleware
async def _guarded(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Nobody is answered who has not come by the door."""
    try:
        request.app[_DOOR].check(request)
        answer = await handler(request)
    except web.HTTPException as error:
        for name, value in HEADERS.items():
            error.headers.setdefault(name, value)
        raise
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text())
    except ValueError as error:
        raise _refused(web.HTTPBadRequest, "this is no JSON") from error
    if not isinstance(body, dict):
        raise _refused(web.HTTPBadRequest, "a JSON object is asked for")
    return body


async def _written(write: Callable[[], _T]) -> _T:
    """What a write in a thread gives; a refusal becomes the answer."""
    try:
        return await asyncio.to_thread(write)
    except CallError as error:
        raise _refused(web.HTTPUnprocessableEntity, "; ".join(error.problems)) from error
    except MolqError as error:
        raise _refused(web.HTTPInternalServerError, str(error)) from error


def _refused(kind: type[web.HTTPException], message: str) -> web.HTTPException:
    return kind(text=json.dumps({"error": message}), content_type="application/json")

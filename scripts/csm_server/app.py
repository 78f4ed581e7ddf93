# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: routes, the key, and one envelope for every answer, good or bad."""

from __future__ import annotations

import asyncio
import hmac
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from csm_blender.core.api.local_service import ADD_PATH, CAPTION_LIMIT, GLB_TYPE
from csm_blender.core.remesh import RemeshOptions
from csm_server import answers, checks, exports, urls
from csm_server.glb import MeshError
from csm_server.hosts import OwnHosts
from csm_server.incoming import checked_glb
from csm_server.jobs import Refines
from csm_server.refiners import RefinesMeshes
from csm_server.store import Session, Store

_INCOMING = "incoming-"
SESSIONS = "/image-to-3d-sessions"
MEDIA_TYPES = {
    "glb": "model/gltf-binary",
    "obj": "text/plain",
    "mtl": "text/plain",
    "zip": "application/zip",
    "png": "image/png",
}


class Service:
    """The API's handlers with what they share."""

    def __init__(
        self,
        store: Store,
        key: str,
        refiner: RefinesMeshes,
        budget: RemeshOptions,
        *,
        refine_seconds: float = 2.0,
        style: str | None = None,
        hosts: Sequence[str] = (),
    ) -> None:
        """``style`` overrides the sessions' own; ``refine_seconds`` is the least wall time of a refine.

        ``hosts`` are names by which this service may be called, beyond those of this machine's own.
        """
        self.store = store
        self.style = style
        self.refiner = refiner
        self.refines = Refines(store, refiner, budget, refine_seconds)
        self._hosts = hosts
        self.signer = urls.Signer(store.secret())
        self._key = key.encode()

    def app(self, *more: Route) -> Starlette:
        """The ASGI application; ``more`` are routes beyond the API's."""
        return Starlette(
            routes=[
                Route(SESSIONS, self.list, methods=["GET"]),
                Route(f"{SESSIONS}/get-3d/refine/{{code}}", self.refine, methods=["POST"]),
                Route(f"{SESSIONS}/{{code}}", self.show, methods=["GET"]),
                Route(f"/{ADD_PATH}", self.add, methods=["POST"]),
                Route(f"{urls.PREFIX}/{{code}}/{{folder}}/{{file}}", self.file, methods=["GET"]),
                *more,
            ],
            exception_handlers={HTTPException: _http_error, checks.BadRequestError: _bad_request, Exception: _crash},
            middleware=[Middleware(OwnHosts, more=self._hosts)],
            lifespan=self._lifespan,
        )

    async def refine(self, request: Request) -> JSONResponse:
        """Start a refine: POST …/get-3d/refine/CODE."""
        self._authorize(request)
        session = self._session(request)
        wishes, unknown = checks.refine_request(await _body(request))
        if unknown:
            print(
                f"{session.code}: unknown fields of the body, ignored: {', '.join(unknown)}",
                file=sys.stderr,
                flush=True,
            )
        if session.job or session.status not in answers.REFINABLE:
            raise HTTPException(400, f"Session {session.code} is not at the preview stage: {session.status}.")
        self.refines.start(session, wishes)
        image = self._url(request, session, "preview", "thumbnail.png")
        return JSONResponse(answers.envelope(answers.refine_reply(session, image), "Generating Mesh"))

    async def show(self, request: Request) -> JSONResponse:
        """One session: GET …/CODE."""
        self._authorize(request)
        return JSONResponse(answers.envelope(self._data(request, self._session(request)), "Retrieved"))

    async def list(self, request: Request) -> JSONResponse:
        """The sessions, newest first: GET …?limit=10&page=1; the first page is 1."""
        self._authorize(request)
        limit, page = checks.paging(request.query_params.get("limit", "10"), request.query_params.get("page", "1"))
        sessions, total = self.store.page(limit, (page - 1) * limit)
        results = [self._data(request, session) for session in sessions]
        return JSONResponse(answers.envelope({"results": results, "total": total}, "Retrieved"))

    async def add(self, request: Request) -> JSONResponse:
        """Add a session: POST /local/sessions?caption=…; its body is a GLB. Not a call of CSM's API."""
        self._authorize(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != GLB_TYPE:
            raise HTTPException(415, f"The body must be a GLB, and its Content-Type {GLB_TYPE}.")
        try:
            with tempfile.TemporaryDirectory(dir=self.store.data, prefix=_INCOMING) as folder:
                mesh = await _received(request, Path(folder) / "mesh.glb")
            caption = request.query_params.get("caption", "")[:CAPTION_LIMIT]
            session = self.store.add(mesh, caption=caption)
        except MeshError as error:
            raise HTTPException(400, f"This mesh cannot be taken: {error}") from None
        except OSError as error:
            raise HTTPException(507, f"The mesh cannot be kept: {error.strerror}") from None
        data = self._data(request, session)
        return JSONResponse(answers.envelope(data, "Added", 201), 201)

    async def file(self, request: Request) -> Response:
        """A mesh or a picture, for whoever has its signed URL."""
        code, folder, name = (request.path_params[part] for part in ("code", "folder", "file"))
        query = request.query_params
        if not self.signer.allows(request.url.path, code, query.get("se", ""), query.get("sig", "")):
            raise HTTPException(403, "The signature of this URL is wrong or has expired: ask for the session again.")
        # From here on the path is one that this service wrote and signed itself.
        path = self.store.folder(code, folder) / name
        if not path.exists():
            await self._export(path)
        return FileResponse(path, media_type=MEDIA_TYPES.get(path.suffix[1:]))

    async def _export(self, path: Path) -> None:
        try:
            await asyncio.to_thread(exports.export_file, path.with_name("mesh.glb"), path, path.parent.parent.name)
        except (MeshError, OSError) as error:
            raise HTTPException(404, f"There is no {path.name} of this mesh: {error}") from None

    def _authorize(self, request: Request) -> None:
        if not hmac.compare_digest(request.headers.get("x-api-key", "").encode(), self._key):
            raise HTTPException(401, "The header x-api-key is missing or its key is not this service's.")

    def _session(self, request: Request) -> Session:
        code = request.path_params["code"]
        session = self.store.get(code)
        if session is None:
            raise HTTPException(404, f"There is no session {code}.")
        return session

    def _data(self, request: Request, session: Session) -> dict[str, object]:
        style = self.style or session.style
        return answers.session_data(
            session,
            style,
            self.refines.percent(session),
            lambda folder, file: self._url(request, session, folder, file),
        )

    def _url(self, request: Request, session: Session, folder: str, file: str) -> str:
        origin = session.behaviour.get("storage_base") or f"{request.url.scheme}://{request.url.netloc}"
        return self.signer.url(origin, session.code, folder, file)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        for left in self.store.data.glob(f"{_INCOMING}*"):  # by a service that was killed in the middle of an upload
            shutil.rmtree(left, ignore_errors=True)
        self.refines.resume()
        yield
        await self.refines.stop()
        self.refiner.stop()


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > checks.MAX_BODY:
            raise HTTPException(413, f"The body is longer than {checks.MAX_BODY} bytes.")
    return body


async def _received(request: Request, path: Path) -> bytes:
    """The GLB that is sent, after a look at it. Raises MeshError, HTTPException and OSError."""
    too_long = HTTPException(413, f"The mesh is longer than {checks.MAX_MESH} bytes.")
    announced, length = request.headers.get("content-length", ""), 0
    if announced.isdecimal() and int(announced[:20]) > checks.MAX_MESH:
        raise too_long
    with path.open("wb") as file:
        async for chunk in request.stream():
            length += len(chunk)
            if length > checks.MAX_MESH:
                raise too_long
            file.write(chunk)
    return await asyncio.to_thread(checked_glb, path)


async def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse(answers.failure(error.status_code, error.detail), error.status_code, error.headers)


async def _bad_request(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse(answers.failure(400, str(error)), 400)


async def _crash(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse(answers.failure(500, "The service has a fault; its standard error says more."), 500)

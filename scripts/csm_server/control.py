# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``/_control`` routes, for tests: counts, fault rules, sessions with odd ways. Only there with ``--control``."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from csm_server import answers, faults
from csm_server.app import Service
from csm_server.checks import BadRequestError
from csm_server.store import StoreError

FIELDS = ("code", "style", "status", "caption", "refined")
BEHAVIOURS = (
    "ignore_bbox",
    "ignore_pivot",
    "swap_axes",
    "unit_cube",
    "raw_result",
    "fail_refine",
    "refine_seconds",
    "raw_data",
    "storage_base",
)


def control(service: Service) -> ASGIApp:
    """The service's application with the control routes, and the fault layer around it."""
    routes = Control(service)
    layer = faults.Faults(
        service.app(
            Route("/_control/counts", routes.counts, methods=["GET"]),
            Route("/_control/faults", routes.add_faults, methods=["POST"]),
            Route("/_control/faults", routes.clear_faults, methods=["DELETE"]),
            Route("/_control/sessions", routes.add_session, methods=["POST"]),
        ),
        service.signer,
    )
    routes.layer = layer
    return layer


class Control:
    """The handlers of the control routes."""

    layer: faults.Faults

    def __init__(self, service: Service) -> None:
        """``layer`` is set once the application it wraps is there."""
        self._service = service

    async def counts(self, _request: Request) -> JSONResponse:
        """Calls so far, by kind and session."""
        return _done({**asdict(self.layer.counts), "refines": self._service.refines.started})

    async def add_faults(self, request: Request) -> JSONResponse:
        """Add one rule, or a list of rules; earlier rules come first."""
        value = await _json(request)
        try:
            rules = [faults.Rule.parse(entry) for entry in (value if isinstance(value, list) else [value])]
        except ValueError as error:
            raise BadRequestError(str(error)) from None
        self.layer.rules += rules
        return _done({"rules": len(self.layer.rules)})

    async def clear_faults(self, _request: Request) -> JSONResponse:
        """Drop all rules."""
        self.layer.rules.clear()
        return _done({"rules": 0})

    async def add_session(self, request: Request) -> JSONResponse:
        """Add a session with a given preview and behaviour."""
        value = await _json(request)
        if not isinstance(value, dict):
            raise BadRequestError("a JSON object is needed")
        if unknown := set(value) - {*FIELDS, *BEHAVIOURS, "glb_path", "glb_base64"}:
            raise BadRequestError(f"unknown: {', '.join(sorted(unknown))}")
        try:
            glb = (
                Path(value["glb_path"]).read_bytes()
                if "glb_path" in value
                else base64.b64decode(value.get("glb_base64", ""))
            )
            session = self._service.store.add(
                glb,
                behaviour={name: value[name] for name in BEHAVIOURS if name in value},
                **{name: value[name] for name in FIELDS if name in value},
            )
        except (OSError, StoreError, binascii.Error) as error:
            raise BadRequestError(str(error)) from None
        return _done({"code": session.code})


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise BadRequestError(f"not JSON: {error}") from None


def _done(data: Any) -> JSONResponse:
    return JSONResponse(answers.envelope(data, "Done"))

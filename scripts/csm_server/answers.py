# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of the answers: the envelope, a session in the 2024 or the 2025 style, the refine call's job record."""

from __future__ import annotations

import hashlib
import json
import secrets
import string
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from csm_server.store import Session

Url = Callable[[str, str], str]
"""Gives the signed URL for a folder and a file of the session at hand."""

REFINABLE = ("preview_done", "refine_done", "refine_failed", "done", "complete")
"""Statuses in which a refine can be started."""
BEFORE_PREVIEW = (
    "uploaded",
    "spin_generate_processing",
    "spin_generate_done",
    "spin_generate_failed",
    "training_preview",
    "preview_failed",
)
"""Statuses of a session that has no mesh yet."""
FORMATS = ("glb", "obj", "zip")
HONESTLY_ABSENT = ("fbx", "usdz")
"""Formats this service does not make; their fields are empty strings, as the cloud's are before there is a file."""


def envelope(data: Any, message: str, status: int = 200, error: str = "") -> dict[str, Any]:
    """The wrapping of every answer."""
    return {"error": error, "message": message, "statusCode": status, "data": data}


def failure(status: int, message: str) -> dict[str, Any]:
    """The envelope of a refused or failed call; ``error`` is the HTTP status in words."""
    return envelope({}, message, status, HTTPStatus(status).phrase)


def iso(seconds: float) -> str:
    """Unix seconds as the API writes times: UTC, ISO 8601, milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def trial_key(now: float) -> str:
    """An opaque job key like the documented sample's."""
    letters = string.ascii_letters + string.digits
    return f"{int(now * 1000)}"[:12] + "".join(secrets.choice(letters) for _ in range(18))


def refine_reply(session: Session, image_url: str) -> dict[str, Any]:
    """``data`` of the refine call's answer: the job record, every field of the documented sample."""
    key = session.job["trial_key"]
    task = {
        "scenario": session.code,
        "unique_trial_key": key,
        "customer_email": "local@localhost",
        "image_url": image_url,
        "text_prompt": session.caption,
        "keyword": "",
        "discord_user_id": "",
        **session.request,
    }
    job = {
        "scenario": session.code,
        "job_priority": "2",
        "username": "local@localhost",
        "call": "dreamfusion",
        "user_id": "000000",
        "status": "unprocessed",
        "start_time": f"{session.job['started']:.7f}",
        "unique_trial_key": key,
        "task_data": json.dumps(task),
        "id": f"job:dreamfusion:{session.code}_{key}",
    }
    return {"scenario": session.code, "unique_trial_key": key, "status": "unprocessed", "complete_job_data": job}


def session_data(session: Session, style: str, done: int, url: Url) -> dict[str, Any]:
    """``data`` of a session in the given style; ``done`` is its percentage.

    ``status_message`` is there only after a refine that failed, and says why.
    """
    shape = _shape_2024 if style == "2024" else _shape_2025
    failed = {"status_message": session.message} if session.message else {}
    return {**shape(session, done, url), **failed, **session.behaviour.get("raw_data", {})}


def has_preview(session: Session) -> bool:
    """Whether the session has come as far as its preview. Its meshes' fields are empty before."""
    return session.status not in BEFORE_PREVIEW


def _shape_2024(session: Session, done: int, url: Url) -> dict[str, Any]:
    image = url("preview", "thumbnail.png")
    finished = session.status == "refine_done"
    return {
        "_id": hashlib.sha256(session.code.encode()).hexdigest()[:24],
        "user_id": "000000",
        "session_code": session.code,
        "status": session.status,
        "percentage": done,
        "image_url": image,
        "input_image": image,
        "user_image": "",
        "user_name": "local",
        "email": "local@localhost",
        "discord_user_id": "",
        **_mesh_urls("preview_mesh_url", "preview" if has_preview(session) else "", url),
        **_mesh_urls("mesh_url", session.current if finished else "", url),
        "mp4_url": "",
        "session_gif": "",
        "spins": [{"image_url": image}],
        "inference": [{"image_name": f"{session.caption}.png", "image_url": image}],
        "caption": session.caption,
        "source": "external",
        "texture_resolution": 512,
        "price": 0,
        "private": True,
        "demo": False,
        "debug": False,
        "is_deleted": False,
        "reactions_count": 0,
        "emoji_reactions": {},
        **_wishes(session),
        "created_at": iso(session.created_at),
        "updated_at": iso(session.updated_at),
    }


def _shape_2025(session: Session, done: int, url: Url) -> dict[str, Any]:
    return {
        "session_code": session.code,
        "image_url": url("preview", "thumbnail.png"),
        "caption": session.caption,
        "manual_segmentation": False,
        "geometry_model": "turbo",
        "texture_model": "pbr",
        "topology": "tris",
        "resolution": "high_poly",
        "symmetry": "auto",
        **_wishes(session),
        "preserve_aspect_ratio": False,
        # This style has no field for the preview: `mesh_url*` is the newest mesh there is, refined or not.
        **_mesh_urls("mesh_url", session.current if has_preview(session) else "", url),
        "mp4_url": "",
        "updated_at": iso(session.updated_at),
        "created_at": iso(session.created_at),
        "session_status": _session_status(session.status),
        "percent_done": done,
    }


def _wishes(session: Session) -> dict[str, list[float]]:
    return {
        "scaled_bbox": session.request.get("scaled_bbox", [-1, -1, -1]),
        "pivot_point": session.request.get("pivot_point", [0, 0, 0]),
    }


def _session_status(status: str) -> str:
    """The 2025 word for a status of 2024; words of neither are passed on as they are."""
    if status in ("preview_done", "refine_done", "done"):
        return "complete"
    if status.endswith("_failed"):
        return "failed"
    return "in_progress" if status in (*BEFORE_PREVIEW, "training_refine") else status


def _mesh_urls(name: str, folder: str, url: Url) -> dict[str, str]:
    """The five format fields and the plain one (the zip); all empty where there is no folder."""
    urls = {f"{name}_{kind}": url(folder, f"mesh.{kind}") if folder else "" for kind in FORMATS}
    return {name: urls[f"{name}_zip"], **urls, **{f"{name}_{kind}": "" for kind in HONESTLY_ABSENT}}

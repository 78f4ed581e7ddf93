# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can go wrong, as one tree of exceptions.

The branches are :class:`UsageError`, :class:`KeyProblem`, :class:`OnlineAccessOff`, :class:`ServiceError` (with
:class:`TransientError` for what another GET may get past), :class:`JobError` and :class:`StorageError`. Each error has
a stable ``code`` for programs, a sentence for people (``str(error)``) and a ``hint``: what to do next.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, TypedDict

from .messages import NOTHING, Message, sentences
from .redaction import redacted, sanitize

ABOUT_DELIVERED = "about_delivered"
"""Code of hints about a file that a service has delivered: they make no sense for one of the user's own."""


class ErrorData(TypedDict):
    """An error as the report and the store hold it."""

    code: str
    message: str
    hint: str


class CsmError(Exception):
    """Root of the tree; never raised itself."""

    code: ClassVar[str] = "error"
    default_hint: ClassVar[str] = ""
    exit_status: ClassVar[int] = 1

    def __init_subclass__(cls, *, code: str = "", hint: str = "", exit_status: int = 0) -> None:
        """*code* is the name of the class in snake case unless given; *hint* and *exit_status* are inherited."""
        cls.code = code or re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        cls.default_hint = hint or cls.default_hint
        cls.exit_status = exit_status or cls.exit_status

    def __init__(self, template: str, hint: str | None = None, **values: Any) -> None:
        """*values* fill the placeholders of *template*, which may be a finished message as well."""
        self.message = template if isinstance(template, Message) else Message(template, **values)
        self.hint = Message.of(self.default_hint if hint is None else hint)
        super().__init__(str(self.message))

    @property
    def advice(self) -> Message:
        """What went wrong and what to do next, for people."""
        return sentences(self.message, self.hint)

    def as_dict(self) -> ErrorData:
        """``{"code", "message", "hint"}``, the form the report and the store use."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


NO_ERROR: ErrorData = {"code": "", "message": "", "hint": ""}


def sanitized_error(error: CsmError, key: str) -> ErrorData:
    """*error* as data: without secrets, and each text that was filled in cut to 300 characters."""

    def clean(text: Message) -> Message:
        cleaned = text.mapped(lambda words: sanitize(words, key))
        return cleaned if redacted(cleaned, key) == cleaned else Message("{text}", text=sanitize(cleaned, key))

    return {"code": error.code, "message": clean(error.message), "hint": clean(error.hint)}


class UsageError(CsmError, code="wrong_use", exit_status=2):
    """The request itself is wrong. Nothing was sent and no file was touched."""


class BadSessionCode(
    UsageError, hint="A session code looks like SESSION_1689257215_1674078. Copy it from the session's page."
):
    """The text holds no session code."""


class BadSource(
    UsageError,
    hint="A source is a session code, object:NAME of a mesh object, or a mesh file: "
    ".glb, .gltf, .obj, .fbx, .stl, .ply, .usd, .usdz, or a .zip that holds one.",
):
    """The text names no source, or the file or object that it names cannot be used."""


class NoSuchObject(UsageError, hint="Object names are case-sensitive; the Outliner shows them."):
    """The named object is not in the scene."""

    def __init__(self, template: str, hint: str | None = None, *, guess: Message = NOTHING, **values: Any) -> None:
        """*guess* names an object that may have been meant; it is shown instead of the default hint."""
        super().__init__(template, guess or hint, **values)
        self.guess = guess


class NoSize(UsageError, hint="Choose an object that has a size, or give a size with --bbox."):
    """The object has no extent on any axis, so there is no box to refine into."""


class BadBlendFile(
    UsageError, hint="Check the path, and that the file was saved by this Blender version or an older one."
):
    """The .blend file is missing or cannot be read."""


class BadJobsFile(
    UsageError,
    hint="A CSV file begins with a line that names the columns session and object; "
    "a JSON file is a list of such objects.",
):
    """The jobs file cannot be read as what it claims to be."""


class BadOutput(UsageError, hint="Give --output a file name ending in .blend, in a folder you may write to."):
    """The output cannot be written where it was asked."""


class BadPlan(UsageError, hint="A plan is a folder that plan wrote."):
    """The plan of a farm is missing, or not what was written."""


class BadValue(UsageError):
    """A setting or option has a value that means nothing."""


class TargetUnchangeable(UsageError, hint="Make a library override of the object first, or keep the original."):
    """The target cannot be changed the way that was asked (linked library data)."""


class KeyProblem(CsmError, exit_status=3):
    """The API key is missing or was refused."""


class MissingKey(
    KeyProblem,
    code="no_key",
    hint="Set the environment variable CSM_API_KEY, or enter the key in the add-on's preferences.",
):
    """There is no API key to send."""


class RefusedKey(
    KeyProblem, hint="Check the key under Developer Settings in your CSM profile, and that it belongs to this base URL."
):
    """The service does not accept the key (401, 403)."""


class OnlineAccessOff(
    CsmError,
    exit_status=4,
    hint="Start Blender with --online-mode, or turn on Preferences > System > Allow Online Access.",
):
    """Blender is not allowed to use the network."""


class ServiceError(CsmError, code="service"):
    """The service could not be used, or answered with a refusal."""


class TransientError(ServiceError, code="passing_fault"):
    """A fault that another GET may get past. ``retry_after_s`` is what the server requested, in seconds."""

    def __init__(
        self, template: str, hint: str | None = None, *, retry_after_s: float | None = None, **values: Any
    ) -> None:
        super().__init__(template, hint, **values)
        self.retry_after_s = retry_after_s


class Unreachable(TransientError, hint="Check the network connection, the proxy settings and the base URL."):
    """No connection could be made, so nothing of the request arrived."""


class ConnectionBroken(TransientError, hint="Check the network connection; slow services need a longer timeout."):
    """The connection ended, or stayed silent too long, before the answer was complete."""


class ServiceBusy(TransientError, hint="The service has a problem or is busy. Try again in a few minutes."):
    """408, 425, 429 or 5xx: not now."""


class UnexpectedAnswer(
    TransientError, hint="Check the base URL. A proxy, a login page or a maintenance page may have answered instead."
):
    """The answer is not the documented JSON: a maintenance page, a captive portal, an empty body."""


class DownloadCut(
    TransientError, hint="The connection broke during the download; Retry downloads it again and costs nothing."
):
    """The file arrived shorter or longer than announced."""


class LinkExpired(TransientError, hint="Retry asks the service for a new link and costs nothing."):
    """The storage refuses the signed link; a fresh GET of the session gives a new one."""


class SourceChanged(TransientError, hint="Wait until the program that writes it is done, then retry."):
    """A mesh file changed while it was copied; it is copied once more a moment later."""


class UntrustedServer(
    ServiceError,
    hint="If your company inspects traffic, point REQUESTS_CA_BUNDLE at its CA certificate. "
    "Verification cannot be turned off.",
):
    """The TLS certificate of the server is not trusted."""


class ForeignRedirect(ServiceError, hint="Set the base URL to the real address of the service."):
    """The API redirects to another origin, where the key must not go."""


class UnknownSession(
    ServiceError, hint="Check the code, and that the key belongs to the account that made the session."
):
    """404: the service knows no such session."""


class NoCredits(ServiceError, hint="Check the credits of your CSM account."):
    """402: the account cannot pay for this."""


class RequestRefused(ServiceError, hint="See the message of the service above. Nothing was started."):
    """Any other 4xx: the service understood and said no. Nothing was started."""

    status = 0  # of HTTP, where there was one


class RateLimited(
    RequestRefused, hint="The service asks for fewer requests. Retry this job later; no credits were spent on it."
):
    """429 to the refine request: it was turned away, nothing was started."""


class AnswerLost(
    ServiceError, hint="Look Again shows whether the refine has started. Send Again may spend credits a second time."
):
    """The refine request went out and no usable answer came back; it may or may not have been accepted."""


class ClusterLost(
    CsmError,
    exit_status=4,
    hint="Start the scheduler (dask scheduler) or give its address, tcp://HOST:8786; then call work again.",
):
    """The scheduler that is to spread the jobs cannot be reached, or not any more."""


class JobError(CsmError, code="job"):
    """The service works; this job cannot succeed as it is."""


class SessionNotReady(JobError, hint="Wait until the session's preview is done, then refine."):
    """The session has no preview to refine yet."""


class SessionFailed(
    JobError, hint="Open the session on the service's website; a failed session must be created again there."
):
    """The session failed before it could be refined."""


class RefineFailed(JobError, hint="Refine Again asks for a new one, which may spend credits."):
    """The service tried to refine and failed."""


class DeadlinePassed(
    JobError, hint="The refine may still finish: Retry continues to watch it and sends no new request."
):
    """The refine was watched as long as the settings allow."""


class NoMeshOffered(
    JobError, hint="Retry checks again and costs nothing. If this does not help, report it to the service."
):
    """The session says done but offers no refined mesh."""


class BadMesh(
    JobError,
    hint=Message(
        "The service delivered it like this, so another try gives the same: refine again, or ask its support. "
        "The file is kept in the job's folder.",
        code=ABOUT_DELIVERED,
    ),
):
    """The delivered file is not a usable mesh."""


class MeshTooLarge(BadMesh, code="bad_mesh", hint="Ask the service for a smaller mesh."):
    """The delivered file is beyond the limit; fetching it again would not help."""


class ConversionFailed(
    JobError,
    hint=Message(
        "The delivered file is kept in the job's folder; Retry converts it again and costs nothing.",
        code=ABOUT_DELIVERED,
    ),
):
    """Blender could not import the delivered file; it happened in a separate process."""


class NoBlender(
    JobError,
    hint="Nothing is lost: the mesh is in the job's folder. Call work again where Blender is, or with --blender.",
):
    """The mesh was fetched, and nothing on this machine can convert it."""


class WorkerLost(
    JobError, hint="Nothing is lost: call work again. Look into the logs of the Dask workers if it happens again."
):
    """No worker of the cluster has brought the job to its end."""


class NotEnoughMemory(
    JobError, hint="Close other programs, ask for smaller textures, or reduce the mesh in another program before."
):
    """The work needs more memory than there is, or a child of this program took more than it was allowed."""


class PlacementFailed(JobError, hint="Nothing is lost: the converted mesh is in the job's folder. Place it again."):
    """The converted mesh could not be put into the scene."""


class OtherJobUncertain(
    JobError, hint="Decide about that job first (Look Again, Send Again or Cancel); then retry this one."
):
    """Another job asked for the refine of the same session and got no answer, so a second request could pay twice."""


class JobGone(JobError, hint="Start a new job if you still need the result."):
    """The job was removed meanwhile, perhaps by another Blender."""


class InternalError(
    JobError, code="stumbled", hint="Retry costs nothing. Please report this with the log file from the job folder."
):
    """A mistake in this program: a step ended in an unexpected exception."""


class StorageError(CsmError, code="storage"):
    """A disk of this machine cannot be used."""


class DiskProblem(
    StorageError, hint="Free some disk space or fix the folder's permissions; then retry, which costs nothing."
):
    """The disk is full, read-only or gone."""


class StoreTrouble(StorageError, code="store_unusable"):
    """The job store itself cannot be read or written, so nothing can be decided about jobs until it can."""


class StoreTooNew(StoreTrouble, hint="Update CSM Refine. The store was not changed."):
    """The job store was written by a newer version of the add-on."""


class StoreUnusable(
    StoreTrouble,
    hint="Check that the job folder is writable and on a disk that allows locking, or set CSM_HOME to another folder.",
):
    """The job store cannot be opened, stays locked, or was deleted while it was in use."""


class StoreDiskProblem(StoreTrouble, code=DiskProblem.code, hint=DiskProblem.default_hint):
    """The disk that holds the job store is full, read-only or gone."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can go wrong, as one tree.

    CsmError
    ├── UsageError                 what was asked cannot be done; nothing was sent     (exit status 2)
    │   └── BadSessionCode, NoSuchObject, NoSize, BadBlendFile, BadJobsFile, BadOutput, BadValue, TargetUnchangeable
    ├── KeyProblem               MissingKey, RefusedKey                              (exit status 3)
    ├── OnlineAccessOff                                                              (exit status 4)
    ├── ServiceError             the service could not be used, or refused
    │   ├── TransientError         worth another GET: Unreachable, ConnectionBroken, ServiceBusy, UnexpectedAnswer,
    │   │                        DownloadCut, LinkExpired
    │   ├── UntrustedServer, ForeignRedirect, UnknownSession, NoCredits, RequestRefused (RateLimited)
    │   └── AnswerLost           the request went out and no usable answer came back
    ├── JobError                 the service works, this job does not
    │   ├── SessionNotReady, SessionFailed, RefineFailed, DeadlinePassed, NoMeshOffered
    │   ├── BadMesh (MeshTooLarge), ConversionFailed, PlacementFailed
    │   └── OtherJobUncertain, JobGone, InternalError
    └── StorageError             something on this machine's disk
        ├── DiskProblem          the job's files
        └── StoreTrouble         the store itself: StoreTooNew, StoreUnusable, StoreDiskProblem

Each has a stable ``code`` for programs, a sentence for people (``str(error)``) and a ``hint``: what to do next.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypedDict

from .messages import NOTHING, Message, sentences
from .redaction import sanitize

LONGEST_WORDS = 300
"""Characters of a foreign text that are kept in a message."""


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
    """*error* as data, without secrets and with the words of others cut to a sensible length."""

    def clean(text: str) -> str:
        return sanitize(text, key, LONGEST_WORDS)

    return {"code": error.code, "message": error.message.mapped(clean), "hint": error.hint.mapped(clean)}


# --- what was asked cannot be done ----------------------------------------------------------------------------------
class UsageError(CsmError):
    """The request itself is wrong. Nothing was sent and no file was touched."""

    code = "wrong_use"
    exit_status = 2


class BadSessionCode(UsageError):
    """The text holds no session code."""

    code = "bad_session_code"
    default_hint = "A session code looks like SESSION_1689257215_1674078. Copy it from the session's page."


class NoSuchObject(UsageError):
    """The named object is not in the scene."""

    code = "no_such_object"
    default_hint = "Object names are case-sensitive; the Outliner shows them."

    def __init__(self, template: str, hint: str | None = None, *, guess: Message = NOTHING, **values: Any) -> None:
        """*guess* names an object that may have been meant; it is told in place of the default hint."""
        super().__init__(template, guess or hint, **values)
        self.guess = guess


class NoSize(UsageError):
    """The object has no extent on any axis, so there is no box to refine into."""

    code = "no_size"
    default_hint = "Choose an object that has a size, or give a size with --bbox."


class BadBlendFile(UsageError):
    """The .blend file is missing or cannot be read."""

    code = "bad_blend_file"
    default_hint = "Check the path, and that the file was saved by this Blender version or an older one."


class BadJobsFile(UsageError):
    """The jobs file cannot be read as what it claims to be."""

    code = "bad_jobs_file"
    default_hint = (
        "A CSV file begins with a line that names the columns session and object; "
        "a JSON file is a list of such objects."
    )


class BadOutput(UsageError):
    """The output cannot be written where it was asked."""

    code = "bad_output"
    default_hint = "Give --output a file name ending in .blend, in a folder you may write to."


class BadValue(UsageError):
    """A setting or option has a value that means nothing."""

    code = "bad_value"


class TargetUnchangeable(UsageError):
    """The target cannot be changed the way that was asked (linked library data)."""

    code = "target_unchangeable"
    default_hint = "Make a library override of the object first, or keep the original."


# --- key and permission ---------------------------------------------------------------------------------------------
class KeyProblem(CsmError):
    """The API key is missing or was refused."""

    code = "key_problem"
    exit_status = 3


class MissingKey(KeyProblem):
    """There is no API key to send."""

    code = "no_key"
    default_hint = "Set the environment variable CSM_API_KEY, or enter the key in the add-on's preferences."


class RefusedKey(KeyProblem):
    """The service does not accept the key (401, 403)."""

    code = "refused_key"
    default_hint = "Check the key under Developer Settings in your CSM profile, and that it belongs to this base URL."


class OnlineAccessOff(CsmError):
    """Blender is not allowed to use the network."""

    code = "online_access_off"
    default_hint = "Start Blender with --online-mode, or turn on Preferences > System > Allow Online Access."
    exit_status = 4


# --- the service ----------------------------------------------------------------------------------------------------
class ServiceError(CsmError):
    """The service could not be used, or answered with a refusal."""

    code = "service"


class TransientError(ServiceError):
    """A fault that another GET may get past. ``retry_after_s`` is the server's own wish, in seconds."""

    code = "passing_fault"

    def __init__(
        self, template: str, hint: str | None = None, *, retry_after_s: float | None = None, **values: Any
    ) -> None:
        super().__init__(template, hint, **values)
        self.retry_after_s = retry_after_s


class Unreachable(TransientError):
    """No connection could be made, so nothing of the request arrived."""

    code = "unreachable"
    default_hint = "Check the network connection, the proxy settings and the base URL."


class ConnectionBroken(TransientError):
    """The connection ended, or stayed silent too long, before the answer was complete."""

    code = "connection_broken"
    default_hint = "Check the network connection; slow services need a longer timeout."


class ServiceBusy(TransientError):
    """408, 425, 429 or 5xx: not now."""

    code = "service_busy"
    default_hint = "The service has a problem or is busy. Try again in a few minutes."


class UnexpectedAnswer(TransientError):
    """The answer is not the documented JSON: a maintenance page, a captive portal, an empty body."""

    code = "unexpected_answer"
    default_hint = "Check the base URL. A proxy, a login page or a maintenance page may have answered instead."


class DownloadCut(TransientError):
    """The file arrived shorter or longer than announced."""

    code = "download_cut"
    default_hint = "The connection broke during the download; Retry downloads it again and costs nothing."


class LinkExpired(TransientError):
    """The storage refuses the signed link; a fresh GET of the session gives a new one."""

    code = "link_expired"
    default_hint = "Retry asks the service for a new link and costs nothing."


class UntrustedServer(ServiceError):
    """The TLS certificate of the server is not trusted."""

    code = "untrusted_server"
    default_hint = (
        "If your company inspects traffic, point REQUESTS_CA_BUNDLE at its CA certificate. "
        "Verification cannot be turned off."
    )


class ForeignRedirect(ServiceError):
    """The API redirects to another origin, where the key must not go."""

    code = "foreign_redirect"
    default_hint = "Set the base URL to the real address of the service."


class UnknownSession(ServiceError):
    """404: the service knows no such session."""

    code = "unknown_session"
    default_hint = "Check the code, and that the key belongs to the account that made the session."


class NoCredits(ServiceError):
    """402: the account cannot pay for this."""

    code = "no_credits"
    default_hint = "Check the credits of your CSM account."


class RequestRefused(ServiceError):
    """Any other 4xx: the service understood and said no. Nothing was started."""

    status = 0
    """The HTTP status, where there was one."""

    code = "request_refused"
    default_hint = "See the message of the service above. Nothing was started."


class RateLimited(RequestRefused):
    """429 to the refine request: it was turned away, nothing was started."""

    code = "rate_limited"
    default_hint = "The service asks for fewer requests. Retry this job later; no credits were spent on it."


class AnswerLost(ServiceError):
    """The refine request went out and no usable answer came back; it may or may not have been accepted."""

    code = "answer_lost"
    default_hint = "Look Again shows whether the refine has started. Send Again may spend credits a second time."


# --- this job -------------------------------------------------------------------------------------------------------
class JobError(CsmError):
    """The service works; this job cannot succeed as it is."""

    code = "job"


class SessionNotReady(JobError):
    """The session has no preview to refine yet."""

    code = "session_not_ready"
    default_hint = "Wait until the session's preview is done, then refine."


class SessionFailed(JobError):
    """The session failed before it could be refined."""

    code = "session_failed"
    default_hint = "Open the session on the service's website; a failed session must be created again there."


class RefineFailed(JobError):
    """The service tried to refine and failed."""

    code = "refine_failed"
    default_hint = "Refine Again asks for a new one, which may spend credits."


class DeadlinePassed(JobError):
    """The refine was watched as long as the settings allow."""

    code = "deadline_passed"
    default_hint = "The refine may still finish: Retry continues to watch it and sends no new request."


class NoMeshOffered(JobError):
    """The session says done but offers no refined mesh."""

    code = "no_mesh_offered"
    default_hint = "Retry checks again and costs nothing. If this does not help, report it to the service."


class BadMesh(JobError):
    """The delivered file is not a usable mesh."""

    code = "bad_mesh"
    default_hint = "Retry downloads it again and costs nothing."


class MeshTooLarge(BadMesh):
    """The delivered file is beyond the limit; fetching it again would not help."""

    default_hint = "Ask the service for a smaller mesh."


class ConversionFailed(JobError):
    """Blender could not import the delivered file; it happened in a separate process."""

    code = "conversion_failed"
    default_hint = "The delivered file is kept in the job's folder; Retry converts it again and costs nothing."


class PlacementFailed(JobError):
    """The converted mesh could not be put into the scene."""

    code = "placement_failed"
    default_hint = "Nothing is lost: the converted mesh is in the job's folder. Place it again."


class OtherJobUncertain(JobError):
    """Another job asked for the refine of the same session and got no answer, so a second request could pay twice."""

    code = "other_job_uncertain"
    default_hint = "Decide about that job first (Look Again, Send Again or Cancel); then retry this one."


class JobGone(JobError):
    """The job was removed meanwhile, perhaps by another Blender."""

    code = "job_gone"
    default_hint = "Start a new job if you still need the result."


class InternalError(JobError):
    """A mistake in this program: a step ended in an exception that nobody foresaw."""

    code = "stumbled"
    default_hint = "Retry costs nothing. Please report this with the log file from the job folder."


# --- this machine ---------------------------------------------------------------------------------------------------
class StorageError(CsmError):
    """Something on this machine's disk is in the way."""

    code = "storage"


class DiskProblem(StorageError):
    """The disk is full, read-only or gone."""

    code = "disk_problem"
    default_hint = "Free some disk space or fix the folder's permissions; then retry, which costs nothing."


class StoreTrouble(StorageError):
    """The job store itself cannot be read or written, so nothing can be decided about jobs until it can."""

    code = "store_unusable"


class StoreTooNew(StoreTrouble):
    """The job store was written by a newer version of the add-on."""

    code = "store_too_new"
    default_hint = "Update CSM Refine. The store was not changed."


class StoreUnusable(StoreTrouble):
    """The job store cannot be opened, stays locked, or was deleted while it was in use."""

    default_hint = (
        "Check that the job folder is writable and on a disk that allows locking, or set CSM_HOME to another folder."
    )


class StoreDiskProblem(StoreTrouble):
    """The disk that holds the job store is full, read-only or gone."""

    code = DiskProblem.code
    default_hint = DiskProblem.default_hint

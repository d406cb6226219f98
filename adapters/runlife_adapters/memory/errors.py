"""What the service answers when it refuses, word for word, and the one place that chooses the words.

The engine says *why* something is refused (which guard, which status); this module says it as the
service did. :data:`REFUSALS` is the whole translation. The sentences were recorded from, or observed
at, the real service; where nobody saw one, it follows the pattern of its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from runlife import MisuseError, Refused
from runlife_adapters.memory.ids import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife import Refusal

__all__ = [
    "ABOVE_MAXIMUM",
    "BATCH_NOT_CANCELLABLE",
    "BELOW_MINIMUM",
    "FILES_OR_IDS",
    "INVALID_REQUEST",
    "NOT_DOWNLOADABLE",
    "NOT_FOUND",
    "NOT_SEARCHABLE",
    "NOT_UPDATABLE",
    "NO_FILE",
    "NO_FILES",
    "NO_FILE_IN_STORE",
    "NO_SUCH_TOOL",
    "OUTPUTS_TOO_LARGE",
    "REFUSALS",
    "STRING_TOO_LONG",
    "THREAD_IN_USE",
    "THREAD_LOCKED",
    "TOO_MANY_TOOL_FILES",
    "TOO_MANY_VECTOR_STORES",
    "UNSUPPORTED_VALUE",
    "VECTOR_STORE_EXPIRED",
    "ApiError",
    "Words",
    "not_found",
    "refused",
]

INVALID_REQUEST = "invalid_request_error"


class ApiError(MisuseError):
    """A request that the service refuses: nothing has changed, and ``message`` says why.

    :param status: the HTTP status.
    :param type: the family of the error, nearly always ``invalid_request_error``.
    :param param: the parameter at fault, as a path into the request body, if there is one.
    :param code: a word for programs, if the service gives one.
    :param words: which way to refuse this is, where it is one of those that are written down.
    :param facts: what the words are about, by name: a run, its status.
    """

    def __init__(
        self,
        status: int,
        message: str,
        type: str = INVALID_REQUEST,
        param: str | None = None,
        code: str | None = None,
        *,
        words: Words | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
        self.words = words
        self.facts: Mapping[str, object] = facts if facts is not None else {}

    def to_json(self) -> dict[str, Any]:
        """Return the envelope in which the service sends an error."""
        body = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": body}


@frozen
class Words:
    """One way to refuse: ``text`` and ``param`` may name facts in braces."""

    status: int
    text: str
    param: str | None = None
    code: str | None = None

    def error(self, **facts: object) -> ApiError:
        """Return the error with its facts filled in."""
        param = self.param and self.param.format(**facts)
        message = self.text.format(**facts)
        return ApiError(self.status, message, param=param, code=self.code, words=self, facts=facts)


NOT_FOUND = Words(404, "No {noun} found with id '{id}'.")
THREAD_LOCKED = Words(400, "Can't add messages to {thread_id} while a run {run_id} is active.")
THREAD_IN_USE = Words(400, "Can't delete from {thread_id} while a run {run_id} is active.")
NOT_UPDATABLE = Words(400, "Cannot update run with status '{status}'.")
STRING_TOO_LONG = Words(
    400,
    "Invalid '{param}': string too long. Expected a string with maximum length {maximum}, "
    "but got a string with length {length} instead.",
    param="{param}",
    code="string_above_max_length",
)
OUTPUTS_TOO_LARGE = Words(
    400,
    "'tool_outputs' too large: the combined tool outputs must be less than 512kb.",
    param="tool_outputs",
    code="invalid_value",
)
BELOW_MINIMUM = Words(
    400,
    "Invalid '{param}': integer below minimum value. Expected a value >= {limit}, but got {value} instead.",
    param="{param}",
    code="integer_below_min_value",
)
ABOVE_MAXIMUM = Words(
    400,
    "Invalid '{param}': integer above maximum value. Expected a value <= {limit}, but got {value} instead.",
    param="{param}",
    code="integer_above_max_value",
)
UNSUPPORTED_VALUE = Words(
    400,
    "Invalid value: '{value}'. Supported values are: {supported}.",
    param="{param}",
    code="invalid_value",
)
NO_SUCH_TOOL = Words(  # observed at the service's newer API; of this one nobody has written
    400, "Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice", code="invalid_value"
)

# Files and vector stores. Those from the full stop of VECTOR_STORE_EXPIRED on are inferred.

NO_FILE = Words(404, "No such File object: {id}", param="id")
NO_FILES = Words(404, "Files [{ids}] were not found")
NO_FILE_IN_STORE = Words(404, "No file found with id '{id}' in vector store '{vector_store_id}'.")
NOT_DOWNLOADABLE = Words(400, "Not allowed to download files of purpose: {purpose}")
NOT_SEARCHABLE = Words(
    400,
    "Files with extensions [{extensions}] are not supported for retrieval. "
    "See https://platform.openai.com/docs/assistants/tools/file-search/supported-files",
    param="{param}",
    code="unsupported_file",
)
VECTOR_STORE_EXPIRED = Words(400, "Vector store '{id}' has expired.")
BATCH_NOT_CANCELLABLE = Words(400, "Cannot cancel vector store file batch with status '{status}'.")
FILES_OR_IDS = Words(400, "Expected either 'file_ids' or 'files', but not both.", param="file_ids")
TOO_MANY_TOOL_FILES = Words(
    400,
    "Too many files for code_interpreter: expected at most {limit}, but got {length} instead.",
    param="{param}",
    code="array_above_max_length",
)
TOO_MANY_VECTOR_STORES = Words(
    400,
    "Too many vector stores for file_search: expected at most {limit}, but got {length} instead.",
    param="{param}",
    code="array_above_max_length",
)

REFUSALS: Mapping[tuple[str, str | None], Words] = {
    ("create", "thread_is_free"): Words(400, "Thread {thread_id} already has an active run {active_run_id}."),
    ("create", "thread_has_input"): Words(
        400,
        "Run creation requires a Thread with a user message or an assistant with instructions.",
        code="invalid_thread",
    ),
    ("submit_tool_outputs", None): Words(400, 'Runs in status "{status}" do not accept tool outputs.'),
    ("submit_tool_outputs", "outputs_match_calls"): Words(
        400, "Expected tool outputs for call_ids {expected}, got {got}"
    ),
    ("cancel", None): Words(400, "Cannot cancel run with status '{status}'."),
}
"""The engine's refusals in the service's words, by event and by the guard that failed.

None stands for every refusal without a guard: no row from this status, whatever the reason.
"""


def refused(refusal: Refusal, **facts: object) -> ApiError:
    """Return a refusal of the engine in the service's words."""
    guard = refusal.guard.name if isinstance(refusal, Refused) else None
    return REFUSALS[refusal.event, guard].error(status=refusal.status, **facts)


def not_found(kind: Kind, id: str) -> ApiError:
    """Return the answer for an id that names nothing. Files have words of their own (observed)."""
    if kind is Kind.FILE:
        return NO_FILE.error(id=id)
    return NOT_FOUND.error(noun=kind.noun, id=id)

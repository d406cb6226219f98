"""The operations that are served, a row each: method, path, what the request may hold, what is called.

The table is the API's (``openai/openai-openapi``), as far as the fake goes: a request that fits a
row becomes a call of the World's method of that name, with the ids from the path, the options from
the query and the fields of the body as its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, field, frozen

from runlife_adapters.http import response_shapes, shapes
from runlife_adapters.http.schema import Object, Schema
from runlife_adapters.memory.ids import Kind

__all__ = ["IDS", "OPERATIONS", "Operation"]

IDS: Mapping[str, Kind] = {
    "assistant_id": Kind.ASSISTANT,
    "thread_id": Kind.THREAD,
    "message_id": Kind.MESSAGE,
    "run_id": Kind.RUN,
    "step_id": Kind.RUN_STEP,
    "file_id": Kind.FILE,
    "vector_store_id": Kind.VECTOR_STORE,
    "batch_id": Kind.VECTOR_STORE_FILE_BATCH,
    "response_id": Kind.RESPONSE,
    "conversation_id": Kind.CONVERSATION,
}
"""What the ids in a path are ids of; those of items are of many kinds, and not in it."""


@frozen
class Operation:
    """One row. Without a ``body``, a request's body is not looked at."""

    method: str
    path: str
    call: str
    """The name of the World's method."""
    body: Object | None = None
    query: Mapping[str, Schema] = field(factory=dict[str, Any])
    stream: str | None = None
    """The name of the World's method that takes its place when the body, or the query, asks for a stream."""
    form: bool = False
    """Whether the body is a form (``multipart/form-data``) and not JSON."""
    beta: bool = True
    """Whether the header ``OpenAI-Beta`` is demanded."""

    segments: tuple[str, ...] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: _segments(self.path), takes_self=True),
    )
    """The path in parts; ids are in braces."""
    names: tuple[str, ...] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: _names(self.segments), takes_self=True),
    )
    """The names of the ids in the path, in their order."""

    @property
    def assistants(self) -> bool:
        """Whether it is of the Assistants API, which OpenAI has shut down, and not of one that lives on."""
        return self.segments[0] in ("assistants", "threads")


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


def _names(segments: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(segment.strip("{}") for segment in segments if segment.startswith("{"))


# fmt: off
OPERATIONS = (
    Operation("GET",    "/assistants",                "list_assistants", query=shapes.PAGE),
    Operation("POST",   "/assistants",                "create_assistant", shapes.NEW_ASSISTANT),
    Operation("GET",    "/assistants/{assistant_id}", "retrieve_assistant"),
    Operation("POST",   "/assistants/{assistant_id}", "modify_assistant", shapes.CHANGED_ASSISTANT),
    Operation("DELETE", "/assistants/{assistant_id}", "delete_assistant"),

    Operation("POST",   "/threads",                   "create_thread", shapes.THREAD),
    Operation("POST",   "/threads/runs",              "create_thread_and_run", shapes.THREAD_AND_RUN,
              stream="stream_thread_and_run"),
    Operation("GET",    "/threads/{thread_id}",       "retrieve_thread"),
    Operation("POST",   "/threads/{thread_id}",       "modify_thread", shapes.CHANGED_THREAD),
    Operation("DELETE", "/threads/{thread_id}",       "delete_thread"),

    Operation("GET",    "/threads/{thread_id}/messages",              "list_messages", query=shapes.MESSAGES),
    Operation("POST",   "/threads/{thread_id}/messages",              "create_message", shapes.MESSAGE),
    Operation("GET",    "/threads/{thread_id}/messages/{message_id}", "retrieve_message"),
    Operation("POST",   "/threads/{thread_id}/messages/{message_id}", "modify_message", shapes.METADATA),
    Operation("DELETE", "/threads/{thread_id}/messages/{message_id}", "delete_message"),

    Operation("GET",    "/threads/{thread_id}/runs",                  "list_runs", query=shapes.PAGE),
    Operation("POST",   "/threads/{thread_id}/runs",
              "create_run", shapes.NEW_RUN, shapes.INCLUDE, stream="stream_run"),
    Operation("GET",    "/threads/{thread_id}/runs/{run_id}",         "retrieve_run"),
    Operation("POST",   "/threads/{thread_id}/runs/{run_id}",         "modify_run", shapes.METADATA),
    Operation("POST",   "/threads/{thread_id}/runs/{run_id}/cancel",  "cancel_run", shapes.NOTHING),
    Operation("POST",   "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs",
              "submit_tool_outputs", shapes.OUTPUTS, stream="stream_tool_outputs"),

    Operation("GET",    "/threads/{thread_id}/runs/{run_id}/steps",
              "list_run_steps", query=shapes.STEPS),
    Operation("GET",    "/threads/{thread_id}/runs/{run_id}/steps/{step_id}",
              "retrieve_run_step", query=shapes.INCLUDE),

    # Files and vector stores outlive the Assistants API, and demand its header no longer (documented).
    Operation("GET",    "/files",                   "list_files", query=shapes.FILES, beta=False),
    Operation("POST",   "/files",                   "create_file", shapes.NEW_FILE, form=True, beta=False),
    Operation("GET",    "/files/{file_id}",         "retrieve_file", beta=False),
    Operation("DELETE", "/files/{file_id}",         "delete_file", beta=False),
    Operation("GET",    "/files/{file_id}/content", "retrieve_file_content", beta=False),

    Operation("GET",    "/vector_stores",
              "list_vector_stores", query=shapes.PAGE, beta=False),
    Operation("POST",   "/vector_stores",
              "create_vector_store", shapes.NEW_VECTOR_STORE, beta=False),
    Operation("GET",    "/vector_stores/{vector_store_id}",
              "retrieve_vector_store", beta=False),
    Operation("POST",   "/vector_stores/{vector_store_id}",
              "modify_vector_store", shapes.CHANGED_VECTOR_STORE, beta=False),
    Operation("DELETE", "/vector_stores/{vector_store_id}",
              "delete_vector_store", beta=False),
    Operation("POST",   "/vector_stores/{vector_store_id}/search",
              "search_vector_store", shapes.SEARCH, beta=False),

    Operation("GET",    "/vector_stores/{vector_store_id}/files",
              "list_vector_store_files", query=shapes.STORE_FILES, beta=False),
    Operation("POST",   "/vector_stores/{vector_store_id}/files",
              "create_vector_store_file", shapes.STORE_FILE, beta=False),
    Operation("GET",    "/vector_stores/{vector_store_id}/files/{file_id}",
              "retrieve_vector_store_file", beta=False),
    Operation("POST",   "/vector_stores/{vector_store_id}/files/{file_id}",
              "modify_vector_store_file", shapes.CHANGED_STORE_FILE, beta=False),
    Operation("DELETE", "/vector_stores/{vector_store_id}/files/{file_id}",
              "delete_vector_store_file", beta=False),
    Operation("GET",    "/vector_stores/{vector_store_id}/files/{file_id}/content",
              "retrieve_vector_store_file_content", beta=False),

    Operation("POST",   "/vector_stores/{vector_store_id}/file_batches",
              "create_vector_store_file_batch", shapes.FILE_BATCH, beta=False),
    Operation("GET",    "/vector_stores/{vector_store_id}/file_batches/{batch_id}",
              "retrieve_vector_store_file_batch", beta=False),
    Operation("POST",   "/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel",
              "cancel_vector_store_file_batch", shapes.NOTHING, beta=False),
    Operation("GET",    "/vector_stores/{vector_store_id}/file_batches/{batch_id}/files",
              "list_vector_store_file_batch_files", query=shapes.STORE_FILES, beta=False),

    Operation("POST",   "/responses",
              "create_response", response_shapes.NEW_RESPONSE, stream="stream_response", beta=False),
    Operation("POST",   "/responses/input_tokens",
              "count_input_tokens", response_shapes.COUNTED, beta=False),
    Operation("GET",    "/responses/{response_id}",
              "retrieve_response", query=response_shapes.RETRIEVE, stream="resume_response", beta=False),
    Operation("DELETE", "/responses/{response_id}",
              "delete_response", beta=False),
    Operation("POST",   "/responses/{response_id}/cancel",
              "cancel_response", shapes.NOTHING, beta=False),
    Operation("GET",    "/responses/{response_id}/input_items",
              "list_input_items", query=response_shapes.ITEM_PAGE, beta=False),

    Operation("POST",   "/conversations",
              "create_conversation", response_shapes.NEW_CONVERSATION, beta=False),
    Operation("GET",    "/conversations/{conversation_id}",
              "retrieve_conversation", beta=False),
    Operation("POST",   "/conversations/{conversation_id}",
              "modify_conversation", shapes.METADATA, beta=False),
    Operation("DELETE", "/conversations/{conversation_id}",
              "delete_conversation", beta=False),
    Operation("GET",    "/conversations/{conversation_id}/items",
              "list_conversation_items", query=response_shapes.ITEM_PAGE, beta=False),
    Operation("POST",   "/conversations/{conversation_id}/items",
              "create_conversation_items", response_shapes.NEW_ITEMS, response_shapes.INCLUDE, beta=False),
    Operation("GET",    "/conversations/{conversation_id}/items/{item_id}",
              "retrieve_conversation_item", query=response_shapes.INCLUDE, beta=False),
    Operation("DELETE", "/conversations/{conversation_id}/items/{item_id}",
              "delete_conversation_item", beta=False),
)
# fmt: on
"""Every operation. Of two paths that fit a request the first counts: ``/threads/runs`` is no thread."""

"""The operations that are served, a row each: method, path, what the request may hold, what is called.

The table is the API's (``openai/openai-openapi``), as far as the fake goes: a request that fits a
row becomes a call of the World's method of that name, with the ids from the path, the options from
the query and the fields of the body as its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from runlife_adapters.http import shapes
from runlife_adapters.http.schema import Object, Schema
from runlife_adapters.memory.ids import Kind

__all__ = ["IDS", "OPERATIONS", "Operation"]

IDS: Mapping[str, Kind] = {
    "assistant_id": Kind.ASSISTANT,
    "thread_id": Kind.THREAD,
    "message_id": Kind.MESSAGE,
    "run_id": Kind.RUN,
    "step_id": Kind.RUN_STEP,
}
"""What the ids in a path are ids of."""


@frozen
class Operation:
    """One row. Without a ``body``, a request's body is not looked at."""

    method: str
    path: str
    call: str
    """The name of the World's method."""
    body: Object | None = None
    query: Mapping[str, Schema] = field(factory=dict[str, Any])

    @property
    def segments(self) -> tuple[str, ...]:
        """The path in parts; ids are in braces."""
        return tuple(self.path.strip("/").split("/"))

    def match(self, segments: tuple[str, ...]) -> Mapping[str, str] | None:
        """Return the ids in a path by name, or None when it is not a path of this operation."""
        if len(segments) != len(self.segments):
            return None
        ids: dict[str, str] = {}
        for wanted, found in zip(self.segments, segments, strict=True):
            if wanted.startswith("{") and found:
                ids[wanted.strip("{}")] = found
            elif wanted != found:
                return None
        return ids


# fmt: off
OPERATIONS = (
    Operation("GET",    "/assistants",                "list_assistants", query=shapes.PAGE),
    Operation("POST",   "/assistants",                "create_assistant", shapes.NEW_ASSISTANT),
    Operation("GET",    "/assistants/{assistant_id}", "retrieve_assistant"),
    Operation("POST",   "/assistants/{assistant_id}", "modify_assistant", shapes.CHANGED_ASSISTANT),
    Operation("DELETE", "/assistants/{assistant_id}", "delete_assistant"),

    Operation("POST",   "/threads",                   "create_thread", shapes.THREAD),
    Operation("POST",   "/threads/runs",              "create_thread_and_run", shapes.THREAD_AND_RUN),
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
              "create_run", shapes.NEW_RUN, shapes.INCLUDE),
    Operation("GET",    "/threads/{thread_id}/runs/{run_id}",         "retrieve_run"),
    Operation("POST",   "/threads/{thread_id}/runs/{run_id}",         "modify_run", shapes.METADATA),
    Operation("POST",   "/threads/{thread_id}/runs/{run_id}/cancel",  "cancel_run", shapes.NOTHING),
    Operation("POST",   "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs",
              "submit_tool_outputs", shapes.OUTPUTS),

    Operation("GET",    "/threads/{thread_id}/runs/{run_id}/steps",
              "list_run_steps", query=shapes.STEPS),
    Operation("GET",    "/threads/{thread_id}/runs/{run_id}/steps/{step_id}",
              "retrieve_run_step", query=shapes.INCLUDE),
)
# fmt: on
"""Every operation. Of two paths that fit a request the first counts: ``/threads/runs`` is no thread."""

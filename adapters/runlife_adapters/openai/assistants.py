"""Runs of the Assistants surface, through a client of the official SDK (1.109 and later, 2.x, 3.x).

How the calls are made. The SDK marks its methods for Assistants as deprecated, and its maintainers call
them retired, while Azure and compatible servers still serve them. The clients' own generic verbs
(``client.get`` and ``client.post``, which the SDK documents for endpoints it has no method for) carry
everything that the methods do: base URL, authentication, Azure's query, retries, errors. They are used
here because

* they give no DeprecationWarning. There is no safe way to silence one for a single call: Python's
  warning filters belong to the process, and changing them around a call is a race between threads;
* they answer the raw response (``cast_to=APIResponse[object]``), with the header that says how long to
  wait before the next poll, and with the body as it stands on the wire: a status or a field that this
  SDK does not know arrives unharmed;
* they will outlast the methods.

A call that changes something is sent once (:mod:`runlife_adapters.openai._calls` says why).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import openai
from openai import APIResponse, AsyncAPIResponse

from runlife_adapters.backend import RunView, reply_texts
from runlife_adapters.openai._calls import acting, data, json_of, looking, patience, poll_after, translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runlife import ToolOutput

__all__ = ["AsyncOpenAIBackend", "OpenAIBackend"]

BETA = {"OpenAI-Beta": "assistants=v2"}
"""The header that the Assistants surface demands (documented)."""

NEWEST: Mapping[str, object] = {"order": "desc", "limit": 100}
OLDEST: Mapping[str, object] = {"order": "asc", "limit": 100}


class OpenAIBackend:
    """A :class:`~runlife_adapters.backend.Backend` over a synchronous client, which stays as it is.

    :param client: ``OpenAI``, ``AzureOpenAI``, or a client of theirs with another base URL.
    :param timeout: how long one call may take, in seconds; None for the client's own, if it has one that is
        not the SDK's usual, and else 30 seconds.
    """

    def __init__(self, client: openai.OpenAI, *, timeout: float | None = None) -> None:
        self._client = client
        self._timeout = patience(client, timeout)

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        """Start a run; ``overrides`` are further fields of the request body."""
        return _run(self._post(_path(thread_id, "runs"), {"assistant_id": assistant_id, **overrides}))

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        """Look at a run."""
        return _run(self._get(_path(thread_id, "runs", run_id)))

    def list_runs(self, thread_id: str) -> Sequence[RunView]:
        """Return the latest runs of a thread, a hundred at most, newest first."""
        return _runs(self._get(_path(thread_id, "runs"), NEWEST))

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        """Answer exactly the calls that the run waits for."""
        return _run(self._post(_path(thread_id, "runs", run_id, "submit_tool_outputs"), _outputs(outputs)))

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        """Ask for the end of a run."""
        return _run(self._post(_path(thread_id, "runs", run_id, "cancel"), None))

    def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        """Return the texts that a run wrote, oldest first, of its first hundred messages."""
        messages = self._get(_path(thread_id, "messages"), {**OLDEST, "run_id": run_id})
        return reply_texts(_data(messages), run_id)

    def _get(self, path: str, params: Mapping[str, object] | None = None) -> APIResponse[object]:
        try:
            return self._client.get(
                path, cast_to=APIResponse[object], options=looking(self._timeout, params, BETA)
            )
        except openai.APIError as error:
            raise translated(error) from error

    def _post(self, path: str, body: Mapping[str, object] | None) -> APIResponse[object]:
        try:
            return self._client.post(
                path, cast_to=APIResponse[object], body=body, options=acting(self._timeout, BETA)
            )
        except openai.APIError as error:
            raise translated(error) from error


class AsyncOpenAIBackend:
    """:class:`OpenAIBackend` over an asynchronous client, awaited."""

    def __init__(self, client: openai.AsyncOpenAI, *, timeout: float | None = None) -> None:
        self._client = client
        self._timeout = patience(client, timeout)

    async def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        """Start a run; ``overrides`` are further fields of the request body."""
        body = {"assistant_id": assistant_id, **overrides}
        return _run(await self._post(_path(thread_id, "runs"), body))

    async def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        """Look at a run."""
        return _run(await self._get(_path(thread_id, "runs", run_id)))

    async def list_runs(self, thread_id: str) -> Sequence[RunView]:
        """Return the latest runs of a thread, a hundred at most, newest first."""
        return _runs(await self._get(_path(thread_id, "runs"), NEWEST))

    async def submit_tool_outputs(
        self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]
    ) -> RunView:
        """Answer exactly the calls that the run waits for."""
        path = _path(thread_id, "runs", run_id, "submit_tool_outputs")
        return _run(await self._post(path, _outputs(outputs)))

    async def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        """Ask for the end of a run."""
        return _run(await self._post(_path(thread_id, "runs", run_id, "cancel"), None))

    async def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        """Return the texts that a run wrote, oldest first, of its first hundred messages."""
        messages = await self._get(_path(thread_id, "messages"), {**OLDEST, "run_id": run_id})
        return reply_texts(_data(messages), run_id)

    async def _get(self, path: str, params: Mapping[str, object] | None = None) -> AsyncAPIResponse[object]:
        try:
            return await self._client.get(
                path, cast_to=AsyncAPIResponse[object], options=looking(self._timeout, params, BETA)
            )
        except openai.APIError as error:
            raise translated(error) from error

    async def _post(self, path: str, body: Mapping[str, object] | None) -> AsyncAPIResponse[object]:
        try:
            return await self._client.post(
                path, cast_to=AsyncAPIResponse[object], body=body, options=acting(self._timeout, BETA)
            )
        except openai.APIError as error:
            raise translated(error) from error


# Requests


def _path(thread_id: str, *rest: str) -> str:
    return "/".join(("/threads", quote(thread_id, safe=""), *(quote(part, safe="") for part in rest)))


def _outputs(outputs: Sequence[ToolOutput]) -> dict[str, object]:
    return {"tool_outputs": [output.to_json() for output in outputs]}


# Answers


def _run(response: APIResponse[object] | AsyncAPIResponse[object]) -> RunView:
    return RunView.from_json(json_of(response), poll_after=poll_after(response))


def _runs(response: APIResponse[object] | AsyncAPIResponse[object]) -> tuple[RunView, ...]:
    return tuple(RunView.from_json(item) for item in _data(response))


def _data(response: APIResponse[object] | AsyncAPIResponse[object]) -> list[object]:
    return data(json_of(response), response.url)

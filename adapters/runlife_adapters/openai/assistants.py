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

What the SDK must not do. Its retries are blind: a POST whose answer was lost is sent again, without an
idempotency key, and what comes back is the answer to the second one (recorded: a created run whose id
nobody learns, outputs that land in the next round). Whether a call is to be repeated is the driver's to
decide, who looks first; so a call that changes something is sent once. Calls that only look keep the
client's retries.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import openai
from openai import APIResponse, AsyncAPIResponse

from runlife import ServerError
from runlife_adapters.backend import (
    RejectedError,
    RunView,
    UnavailableError,
    error_from_status,
    reply_texts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openai import RequestOptions

    from runlife import ToolOutput

__all__ = ["AsyncOpenAIBackend", "OpenAIBackend"]

BETA = {"OpenAI-Beta": "assistants=v2"}
"""The header that the Assistants surface demands (documented)."""

TIMEOUT = 30.0
"""Seconds. The SDK's own default, ten minutes, is the whole life of a run."""

NEWEST: Mapping[str, object] = {"order": "desc", "limit": 100}
OLDEST: Mapping[str, object] = {"order": "asc", "limit": 100}


class OpenAIBackend:
    """A :class:`~runlife_adapters.backend.Backend` over a synchronous client, which stays as it is.

    :param client: ``OpenAI``, ``AzureOpenAI``, or a client of theirs with another base URL.
    :param timeout: how long one call may take, in seconds; None for the client's own, if it has one that is
        not the SDK's usual, and else :data:`TIMEOUT`.
    """

    def __init__(self, client: openai.OpenAI, *, timeout: float | None = None) -> None:
        self._client = client
        self._timeout = _patience(client, timeout)

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
                path, cast_to=APIResponse[object], options=_looking(self._timeout, params)
            )
        except openai.APIError as error:
            raise _translated(error) from error

    def _post(self, path: str, body: Mapping[str, object] | None) -> APIResponse[object]:
        try:
            return self._client.post(
                path, cast_to=APIResponse[object], body=body, options=_acting(self._timeout)
            )
        except openai.APIError as error:
            raise _translated(error) from error


class AsyncOpenAIBackend:
    """:class:`OpenAIBackend` over an asynchronous client, awaited."""

    def __init__(self, client: openai.AsyncOpenAI, *, timeout: float | None = None) -> None:
        self._client = client
        self._timeout = _patience(client, timeout)

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
                path, cast_to=AsyncAPIResponse[object], options=_looking(self._timeout, params)
            )
        except openai.APIError as error:
            raise _translated(error) from error

    async def _post(self, path: str, body: Mapping[str, object] | None) -> AsyncAPIResponse[object]:
        try:
            return await self._client.post(
                path, cast_to=AsyncAPIResponse[object], body=body, options=_acting(self._timeout)
            )
        except openai.APIError as error:
            raise _translated(error) from error


# Requests


def _path(thread_id: str, *rest: str) -> str:
    return "/".join(("/threads", quote(thread_id, safe=""), *(quote(part, safe="") for part in rest)))


def _outputs(outputs: Sequence[ToolOutput]) -> dict[str, object]:
    return {"tool_outputs": [output.to_json() for output in outputs]}


def _patience(client: openai.OpenAI | openai.AsyncOpenAI, timeout: float | None) -> float | None:
    """Return the timeout of a call, in seconds; None to leave it to the client, who has a mind of its own."""
    return TIMEOUT if timeout is None and client.timeout == openai.DEFAULT_TIMEOUT else timeout


def _looking(timeout: float | None, params: Mapping[str, object] | None) -> RequestOptions:
    options: RequestOptions = {"headers": BETA}
    if params is not None:
        options["params"] = params
    if timeout is not None:
        options["timeout"] = timeout
    return options


def _acting(timeout: float | None) -> RequestOptions:
    options = _looking(timeout, None)
    options["max_retries"] = 0
    return options


# Answers


def _json(response: APIResponse[object] | AsyncAPIResponse[object]) -> object:
    try:
        return cast("object", response.http_response.json())
    except ValueError as error:  # a gateway's page, say, with a 200
        msg = f"expected JSON from {response.url}, got {response.headers.get('content-type')}: {error}"
        raise ServerError(msg) from error


def _run(response: APIResponse[object] | AsyncAPIResponse[object]) -> RunView:
    wait = _number(response.headers.get("openai-poll-after-ms"))
    return RunView.from_json(_json(response), poll_after=None if wait is None else wait / 1000)


def _runs(response: APIResponse[object] | AsyncAPIResponse[object]) -> tuple[RunView, ...]:
    return tuple(RunView.from_json(item) for item in _data(response))


def _data(response: APIResponse[object] | AsyncAPIResponse[object]) -> list[object]:
    body = _json(response)
    data = _object(body).get("data")
    if not isinstance(data, list):
        msg = f"expected a list object from {response.url}, one with 'data'; got {body!r:.80}"
        raise ServerError(msg)
    return cast("list[object]", data)


def _object(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else inf
    except ValueError:  # `retry-after` may be a date: too rare to be worth a clock
        return None
    return number if 0 <= number < inf else None


def _translated(error: openai.APIError) -> RejectedError | UnavailableError:
    if not isinstance(error, openai.APIStatusError):
        return UnavailableError(f"{type(error).__name__}: {error.message}")
    # The SDK's own text differs by version; the service's words stand in the body.
    message = _object(error.body).get("message")
    milliseconds = _number(error.response.headers.get("retry-after-ms"))
    seconds = _number(error.response.headers.get("retry-after"))
    return error_from_status(
        error.status_code,
        message if isinstance(message, str) else error.message,
        code=error.code,
        retry_after=milliseconds / 1000 if milliseconds is not None else seconds,
    )

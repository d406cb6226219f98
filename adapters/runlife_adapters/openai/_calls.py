"""What every call through the official SDK has in common: how long it may take, and what comes of it.

The SDK's retries are blind: a POST whose answer was lost is sent again, without an idempotency key, and what
comes back is the answer to the second one (recorded: a created run whose id nobody learns, outputs that land
in the next round). Whether a call is to be repeated is for those to decide who look first; so a call that
changes something is sent once (:func:`acting`). Calls that only look keep the client's retries
(:func:`looking`).
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, cast

import openai

from runlife import ServerError
from runlife_adapters.backend import RejectedError, UnavailableError, error_from_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openai import APIResponse, AsyncAPIResponse, RequestOptions

__all__ = [
    "TIMEOUT",
    "acting",
    "data",
    "json_of",
    "looking",
    "object_of",
    "patience",
    "poll_after",
    "translated",
]

TIMEOUT = 30.0
"""Seconds. The SDK's own default, ten minutes, is the whole life of a run."""


# Requests


def patience(client: openai.OpenAI | openai.AsyncOpenAI, timeout: float | None) -> float | None:
    """Return the timeout of a call, in seconds; None to leave it to the client, who has a mind of its own."""
    return TIMEOUT if timeout is None and client.timeout == openai.DEFAULT_TIMEOUT else timeout


def looking(
    timeout: float | None,
    params: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> RequestOptions:
    """Return the options of a call that only looks."""
    options: RequestOptions = {}
    if headers is not None:
        options["headers"] = headers
    if params is not None:
        options["params"] = params
    if timeout is not None:
        options["timeout"] = timeout
    return options


def acting(timeout: float | None, headers: Mapping[str, str] | None = None) -> RequestOptions:
    """Return the options of a call that changes something."""
    options = looking(timeout, headers=headers)
    options["max_retries"] = 0
    return options


# Answers


def json_of(response: APIResponse[object] | AsyncAPIResponse[object]) -> object:
    """Return the body as it stands on the wire.

    :raises ServerError: when it is no JSON.
    """
    try:
        return cast("object", response.http_response.json())
    except ValueError as error:  # a gateway's page, say, with a 200
        msg = f"expected JSON from {response.url}, got {response.headers.get('content-type')}: {error}"
        raise ServerError(msg) from error


def poll_after(response: APIResponse[object] | AsyncAPIResponse[object]) -> float | None:
    """Return how many seconds the service asks a poller to wait, if it does."""
    wait = _number(response.headers.get("openai-poll-after-ms"))
    return None if wait is None else wait / 1000


def data(body: object, url: object) -> list[object]:
    """Return what a list object lists.

    :raises ServerError: when it is none.
    """
    items = object_of(body).get("data")
    if not isinstance(items, list):
        msg = f"expected a list object from {url}, one with 'data'; got {body!r:.80}"
        raise ServerError(msg)
    return cast("list[object]", items)


def object_of(value: object) -> dict[str, object]:
    """Return an object, and an empty one instead of anything else."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else inf
    except ValueError:  # `retry-after` may be a date: too rare to be worth a clock
        return None
    return number if 0 <= number < inf else None


def translated(error: openai.APIError) -> RejectedError | UnavailableError:
    """Return what an error of the SDK means to whoever drives a run."""
    if not isinstance(error, openai.APIStatusError):
        return UnavailableError(f"{type(error).__name__}: {error.message}")
    # The SDK's own text differs by version; the service's words stand in the body.
    message = object_of(error.body).get("message")
    milliseconds = _number(error.response.headers.get("retry-after-ms"))
    seconds = _number(error.response.headers.get("retry-after"))
    return error_from_status(
        error.status_code,
        message if isinstance(message, str) else error.message,
        code=error.code,
        retry_after=milliseconds / 1000 if milliseconds is not None else seconds,
    )

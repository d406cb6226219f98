"""Who is let in: the key, and the header that the Assistants API demands.

Nothing here, nor anything that is told of a call afterwards, keeps what the caller showed: a refusal
names the last characters of a wrong key, as the service's does, and only the caller gets to read it.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING
from urllib.parse import unquote

from runlife import MisuseError
from runlife_adapters.http.operations import OPERATIONS, Operation
from runlife_adapters.http.refusals import AZURE_WRONG_KEY, NO_BETA, NO_KEY, OLD_BETA, WRONG_KEY
from runlife_adapters.http.routing import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife_adapters.http.routing import Dialect

__all__ = ["check_api_key", "check_beta", "check_key", "masked_query"]

_BETA = "assistants=v2"
_OLD_BETA = "assistants=v1"
_SHOWN = 4
_OPTIONS = frozenset({VERSION, *(name for operation in OPERATIONS for name in operation.query)})
"""What a query says to the API."""


def check_api_key(api_key: str | None) -> None:
    """Raise MisuseError unless this is a key that somebody can show, or none."""
    if api_key is not None and (not api_key or api_key != api_key.strip()):
        msg = "the key of the API: expected one without blanks around it, and not an empty one"
        raise MisuseError(msg)


def masked_query(query: str) -> str:
    """Return a query with nothing in it that may be a key: only the values of the API's options stay."""
    return "&".join(map(_masked_pair, query.split("&"))) if query else query


def _masked_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    if not pair or unquote(name).removesuffix("[]") in _OPTIONS:
        return pair
    return f"{name}=***" if equals else "***"


def check_key(dialect: Dialect, headers: Mapping[str, str], api_key: str | None) -> None:
    """Raise ApiError (401) unless the key is the one that is demanded, if one is."""
    if api_key is None:
        return
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    key = bearer.strip() if scheme.lower() == "bearer" else ""
    if dialect.azure:
        key = headers.get("api-key", "") or key
    right = compare_digest(key.encode("utf-8", "replace"), api_key.encode("utf-8", "replace"))
    if right and key:
        return
    if dialect.azure:
        raise AZURE_WRONG_KEY.error()
    raise WRONG_KEY.error(key=_masked(key)) if key else NO_KEY.error()


def check_beta(dialect: Dialect, operation: Operation, headers: Mapping[str, str]) -> None:
    """Raise ApiError (400) unless the header ``OpenAI-Beta`` is there, where it is demanded."""
    if dialect.azure or not operation.beta:
        return
    said = headers.get("openai-beta", "")
    if said == _BETA:
        return
    betas = {beta.strip() for beta in said.split(",")}
    if _BETA not in betas:
        raise (OLD_BETA if _OLD_BETA in betas else NO_BETA).error()


def _masked(key: str) -> str:
    return f"{'*' * max(len(key) - _SHOWN, _SHOWN)}{key[-_SHOWN:] if len(key) > 2 * _SHOWN else ''}"

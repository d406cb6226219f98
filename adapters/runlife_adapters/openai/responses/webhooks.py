"""Reading webhooks: what somebody posts to an endpoint that everybody can reach."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from openai import InvalidWebhookSignatureError

from runlife import MisuseError
from runlife_adapters.openai.responses.reading import object_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openai

    from runlife_adapters.openai.responses.requests import Json

__all__ = ["event_in"]


def event_in(
    client: openai.OpenAI | openai.AsyncOpenAI,
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | None,
) -> Json:
    """Return the event of a webhook, once its signature is checked by the SDK, as Standard Webhooks say.

    :raises openai.InvalidWebhookSignatureError: when whoever posted it does not know the secret.
    :raises MisuseError: when we do not.
    """
    if secret is None and client.webhook_secret is None:
        msg = "no secret to check webhooks with: give secret=, or the client a webhook_secret"
        raise MisuseError(msg)
    try:
        client.webhooks.verify_signature(body, headers, secret=secret)
    except InvalidWebhookSignatureError:
        raise
    except (TypeError, ValueError) as error:
        # The SDK has other errors for a header that is missing, or that no signature can be read from.
        raise InvalidWebhookSignatureError(str(error)) from error
    return object_in(json.loads(body))

"""The webhooks that the service sends about responses, for a tester to send to an endpoint of their own.

>>> from runlife_adapters.memory.responses.webhooks import webhook
>>> headers, body = webhook("response.completed", "resp_1", secret="whsec_c2VjcmV0", now=1_700_000_000)
>>> sorted(headers)
['content-type', 'webhook-id', 'webhook-signature', 'webhook-timestamp']

The event says that a response has ended, and which, and nothing more (documented). It is
signed as Standard Webhooks say: HMAC-SHA256 over the id, the time and the body, with the secret's bytes.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from hashlib import sha256

__all__ = ["webhook"]

PREFIX = "whsec_"
"""Behind it, a secret stands in base64; without it, a secret is its own characters."""


def webhook(event: str, response_id: str, *, secret: str, now: float) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of a webhook.

    The same event has the same ``webhook-id`` each time, as one that is sent again has.

    :param event: for instance ``"response.completed"``.
    :param secret: that of the endpoint.
    :param now: when it is sent, in unix seconds.
    """
    id = "evt_" + sha256(f"{event}/{response_id}".encode()).hexdigest()[:48]
    sent = {
        "id": id,
        "object": "event",
        "created_at": int(now),
        "type": event,
        "data": {"id": response_id},
    }
    body = json.dumps(sent, separators=(",", ":")).encode()
    key = b64decode(secret.removeprefix(PREFIX)) if secret.startswith(PREFIX) else secret.encode()
    signed = hmac.new(key, b".".join((id.encode(), str(int(now)).encode(), body)), sha256).digest()
    headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": f"v1,{b64encode(signed).decode()}",
    }
    return headers, body

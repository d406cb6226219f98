"""Webhooks: a third way to hear of the end of a response. What they say is looked at, not believed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import openai
import pytest

from runlife import MisuseError
from runlife_adapters.memory import After, Schedule
from runlife_adapters.memory.responses.webhooks import webhook

Stands = Callable[..., Any]
SECRET = "whsec_dGhlIHNlY3JldCBvZiBhbiBlbmRwb2ludA=="


@pytest.fixture
def at(stands: Stands, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A fake whose time is also what the SDK takes for the time of the machine."""
    stand = stands(Schedule(in_progress=[After(1, "requires_action", tools=1)]))
    monkeypatch.setattr("time.time", stand.world.clock.now)
    return stand


def begun(stand: Any) -> tuple[Any, Any, str]:
    """Return a backend, a run whose response has ended unseen, and the id of that."""
    backend = stand.backend()
    view = backend.create_run(*stand.scene(backend))
    stand.world.advance(5)
    (response,) = view.raw["responses"]
    return backend, view, response


def test_a_webhook_brings_its_run_up_to_date(at: Any) -> None:
    """With one look; a second delivery costs none."""
    backend, view, response = begun(at)
    headers, body = webhook("response.completed", response, secret=SECRET, now=at.world.clock.now())
    asking = backend.receive_webhook(body, headers, secret=SECRET)
    assert (asking.id, asking.status) == (view.id, "requires_action")
    made = len(at.line.made)
    assert backend.receive_webhook(body, headers, secret=SECRET) == asking
    assert len(at.line.made) == made


def test_what_is_not_ours_is_none(at: Any) -> None:
    """Another's response, and an event of another kind."""
    backend, _, response = begun(at)
    for event, id in [("response.completed", "resp_other"), ("batch.completed", response)]:
        headers, body = webhook(event, id, secret=SECRET, now=at.world.clock.now())
        assert backend.receive_webhook(body, headers, secret=SECRET) is None


@pytest.mark.parametrize("secret", ["whsec_b3RoZXI=", "not in base64"])
def test_a_wrong_signature_is_refused(at: Any, secret: str) -> None:
    """By the SDK's own check; nothing is looked at."""
    backend, _, response = begun(at)
    headers, body = webhook("response.completed", response, secret=secret, now=at.world.clock.now())
    made = len(at.line.made)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        backend.receive_webhook(body, headers, secret=SECRET)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        backend.receive_webhook(body + b" ", headers, secret=secret)
    assert len(at.line.made) == made


@pytest.mark.parametrize(
    "wrong", [{"webhook-signature": None}, {"webhook-signature": "v1,\u00e9"}, {"webhook-timestamp": "soon"}]
)
def test_what_is_not_signed_at_all_is_refused_in_the_same_way(at: Any, wrong: dict[str, str | None]) -> None:
    """Everybody can post to an endpoint; the SDK has other errors, or a TypeError, for some of it."""
    backend, _, response = begun(at)
    headers, body = webhook("response.completed", response, secret=SECRET, now=at.world.clock.now())
    sent = {name: value for name, value in {**headers, **wrong}.items() if value is not None}
    with pytest.raises(openai.InvalidWebhookSignatureError):
        backend.receive_webhook(body, sent, secret=SECRET)


def test_without_a_secret_nothing_can_be_checked(at: Any) -> None:
    """That is no fault of whoever posted it."""
    backend, _, response = begun(at)
    headers, body = webhook("response.completed", response, secret=SECRET, now=at.world.clock.now())
    with pytest.raises(MisuseError, match="webhook_secret"):
        backend.receive_webhook(body, headers)


@pytest.mark.parametrize("late", [-301, 301])
def test_an_old_webhook_is_refused(at: Any, late: int) -> None:
    """Five minutes either way are the SDK's tolerance."""
    backend, _, response = begun(at)
    headers, body = webhook("response.completed", response, secret=SECRET, now=at.world.clock.now() - late)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        backend.receive_webhook(body, headers, secret=SECRET)


def test_of_several_signatures_one_has_to_fit(at: Any) -> None:
    """While a secret is being changed, both sign."""
    backend, view, response = begun(at)
    now = at.world.clock.now()
    headers, body = webhook("response.completed", response, secret=SECRET, now=now)
    other, _ = webhook("response.completed", response, secret="old", now=now)
    both = {**headers, "webhook-signature": f"{other['webhook-signature']} {headers['webhook-signature']}"}
    assert backend.receive_webhook(body, both, secret=SECRET).id == view.id


def test_a_secret_may_be_plain_characters(at: Any) -> None:
    """Without its prefix it is not in base64."""
    backend, view, response = begun(at)
    headers, body = webhook("response.completed", response, secret="plain", now=at.world.clock.now())
    assert backend.receive_webhook(body.decode(), headers, secret="plain").id == view.id


def test_an_async_endpoint_receives_them_too(at: Any) -> None:
    """The same, awaited."""
    backend = at.async_backend()

    async def main() -> tuple[Any, Any]:
        thread_id = await backend.create_thread(messages=[{"role": "user", "content": "Hello"}])
        view = await backend.create_run(thread_id, await backend.create_assistant(model="gpt-4o"))
        at.world.advance(10)
        now = at.world.clock.now()
        headers, body = webhook("response.completed", view.raw["responses"][0], secret=SECRET, now=now)
        return view, await backend.receive_webhook(body, headers, secret=SECRET)

    view, received = asyncio.run(main())
    assert received.id == view.id
    assert received.status != view.status

"""The zoo over responses: services with one mistake each, which the verifier finds, and some without.

The services stand in ``tests/zoo``, as those that work with runs do (:mod:`test_zoo`). Each is a function of
the client and of what it is to ask for::

    runlife verify zoo.responses_polling:has_no_clock
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runlife_adapters.testing import Trial, lifecycle
from runlife_adapters.testing.verify import FailureKind

sys.path.append(str(Path(__file__).parents[2]))  # where `zoo` is

from zoo import responses_careful as careful
from zoo import responses_conversing as conversing
from zoo import responses_polling as polling
from zoo import responses_streaming as streaming
from zoo import responses_tools as tools
from zoo.trying import Mistake, told, undocumented

if TYPE_CHECKING:
    from zoo.trying import Service

SAFETY, ERROR, LIVENESS, LEAK, OUTAGE, *_ = FailureKind

# --------------------------------------------------------------------------- what a service owes its caller


def said(service: Service) -> Service:
    """Return a test: the service owes what the model has said, or nothing."""

    async def test(world: Trial) -> None:
        reply = await service(world.client, world.request) or None
        true = world.response.reply
        world.check(reply == true, f"the user reads {reply!r}, and the response said {true!r}")

    test.__name__ = service.__name__
    return test


def written(service: Service) -> Service:
    """Return a test: what the service has written out at the end of an answer is that answer."""

    async def test(world: Trial) -> None:
        reply = await service(world.client, {**world.request, "tools": []})
        await asyncio.sleep(20)  # what is still at work will have ended
        true = world.response.reply
        world.check(true in {None, reply}, f"the user reads {reply!r}, and the response said {true!r}")

    test.__name__ = service.__name__
    return test


def done(service: Service) -> Service:
    """Return a test: the service owes nothing but what always holds."""

    async def test(world: Trial) -> None:
        await service(world.client, world.request)

    test.__name__ = service.__name__
    return test


def in_conversation(service: Service) -> Service:
    """Return a test: the service works in a conversation, and owes how its response ended, if it can know."""

    async def test(world: Trial) -> None:
        response = await service(world.client, {**world.request, "conversation": world.conversation.id})
        if response is not None:
            true = next(one for one in world.responses if one.id == response.id)
            world.check(response.status == true.status, "it tells something else")

    test.__name__ = service.__name__
    return test


# --------------------------------------------------------------------------- the mistakes

CALM: dict[str, Any] = {"faults": (), "others": (), "ties": False, "ttl": 10, "grace": 10}
"""Without the network and other workers, and not for long: what is wrong is found sooner like this."""
LOSSES: dict[str, Any] = {**CALM, "faults": ("reset_after",)}
CUTS: dict[str, Any] = {**CALM, "faults": ("cut_stream",), "grace": 45}

MISTAKES = [
    # polling
    Mistake(
        polling.polls_until_completed, careful.polling, LIVENESS, "response 1 ended failed, and ", told, CALM
    ),
    Mistake(
        polling.has_no_clock,
        careful.polling,
        LIVENESS,
        "is queued, and the service does not come back",
        told,
        CALM,
    ),
    Mistake(
        polling.just_stops_waiting,
        careful.polling,
        LEAK,
        "was left queued in the background, and nobody",
        done,
        CALM,
    ),
    Mistake(
        polling.reads_what_was_cut_short, careful.replying, SAFETY, "and the response said None", said, CALM
    ),
    Mistake(polling.goes_on_too_early, careful.polling, ERROR, "cannot be continued with status", done, CALM),
    # tools
    Mistake(tools.takes_completed_for_done, careful.replying, LEAK, "nobody has answered them", done, CALM),
    Mistake(
        tools.answers_the_first_call,
        careful.polling,
        ERROR,
        "No tool output found for function call",
        told,
        CALM,
    ),
    Mistake(
        tools.asks_on_without_answering,
        careful.polling,
        ERROR,
        "No tool output found for function call",
        told,
        CALM,
    ),
    Mistake(
        tools.answers_with_each_poll,
        careful.polling,
        SAFETY,
        "answered calls again that it had answered",
        done,
        CALM,
    ),
    Mistake(tools.plays_one_round, careful.replying, LEAK, "nobody has answered them", done, CALM),
    Mistake(
        tools.forgets_the_second_round, careful.polling, LEAK, "was left queued in the background", done, CALM
    ),
    # streaming
    Mistake(
        streaming.resumes_from_the_beginning,
        careful.telling,
        SAFETY,
        "and the response said",
        written,
        CUTS,
    ),
    Mistake(
        streaming.resumes_one_too_late,
        careful.telling,
        SAFETY,
        "and the response said",
        written,
        CUTS,
    ),
    Mistake(
        streaming.takes_the_end_for_success,
        careful.streaming,
        SAFETY,
        "answered 'completed', but response 1 is",
    ),
    Mistake(
        streaming.swallows_what_breaks_the_stream,
        careful.telling,
        SAFETY,
        "and the response said",
        written,
        CUTS,
    ),
    Mistake(
        streaming.closes_the_stream_to_stop, careful.streaming, LEAK, "was left queued in the", done, CALM
    ),
    # conversations
    Mistake(
        conversing.lock_is_fatal,
        careful.conversing,
        ERROR,
        "Another process is currently operating on this conversation",
        in_conversation,
        LOSSES,
    ),
    Mistake(
        conversing.retries_without_bound,
        careful.conversing,
        LIVENESS,
        "is queued, and the service does not come back",
        in_conversation,
        LOSSES,
    ),
    Mistake(
        conversing.says_it_twice,
        careful.conversing,
        LEAK,
        "so that it is said twice",
        in_conversation,
        LOSSES,
    ),
    Mistake(
        conversing.brings_outputs_twice,
        careful.conversing,
        SAFETY,
        "answered calls again that it had answered",
        in_conversation,
        LOSSES,
    ),
]

each_mistake = pytest.mark.parametrize("mistake", [pytest.param(one, id=one.name) for one in MISTAKES])


@pytest.mark.slow
@each_mistake
def test_the_verifier_finds_each_mistake(mistake: Mistake) -> None:
    """A mistake is found, is called what it is, and takes no more deviations than it needs."""
    mistake.check_is_found()


@pytest.mark.slow
@each_mistake
def test_the_printed_test_keeps_a_mistake(mistake: Mistake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test that a report prints fails with the same failure when it is run as it stands."""
    mistake.check_is_kept(monkeypatch)


@pytest.mark.slow
@each_mistake
def test_the_printed_test_passes_once_the_mistake_is_mended(
    mistake: Mistake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same test passes with the service that has not got the mistake."""
    mistake.check_is_mended(monkeypatch)


def test_no_mistake_is_left_out() -> None:
    """Each service of the zoo is tried here, and says what is wrong, who met it, and what mends it."""
    assert undocumented((polling, tools, streaming, conversing), MISTAKES) == []


# --------------------------------------------------------------------------- without a mistake

CAREFUL = [
    told(careful.polling),
    said(careful.replying),
    told(careful.streaming),
    written(careful.telling),
    told(careful.foreground),
    in_conversation(careful.conversing),
    told(careful.easy),
    told(careful.blocking),
    told(careful.easy_blocking),
]


@pytest.mark.slow
@pytest.mark.parametrize("service", CAREFUL, ids=lambda service: service.__name__)
def test_a_service_without_a_mistake_is_not_accused(service: Service) -> None:
    """A careful service, and runlife's own driver, come through every story with one deviation."""
    proof = lifecycle.verify(service, deviations=1, random=0)
    assert proof.total > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "options"),
    [
        pytest.param(told(careful.polling), {"faults": ("lose_response",), "others": ()}, id="polling"),
        pytest.param(told(careful.streaming), {"faults": ("cut_stream",), "others": ()}, id="streaming"),
        pytest.param(
            in_conversation(careful.conversing), {"faults": ("reset_after",), "others": ()}, id="conversing"
        ),
        # A run that had expired while the one request was lost that ends its response left that at work.
        pytest.param(told(careful.easy), {"faults": ("lose_request",), "others": ()}, id="easy"),
    ],
)
def test_nor_is_it_accused_when_two_things_come_together(service: Service, options: dict[str, Any]) -> None:
    """They come through every story with two deviations as well, by menus that leave some of it out."""
    proof = lifecycle.verify(service, deviations=2, random=0, ties=False, **options)
    assert proof.stories[2] > proof.stories[1]

"""The zoo: services with one real-world mistake each, which the verifier finds, and some without, which pass.

The services stand in ``tests/zoo``; their docstrings say what is wrong, who met it, and what mends it. To
see what a mistake looks like from outside, go to ``tests`` and let one loose::

    runlife verify zoo.polling:forgets_incomplete
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runlife_adapters.testing import Trial, lifecycle
from runlife_adapters.testing.verify import FailureKind

sys.path.append(str(Path(__file__).parents[2]))  # where `zoo` is

from zoo import blocking, cancelling, careful, creating, polling, streaming, tools
from zoo.trying import Mistake, told, undocumented

if TYPE_CHECKING:
    from collections.abc import Callable

SAFETY, ERROR, LIVENESS, LEAK, OUTAGE, *_ = FailureKind

# --------------------------------------------------------------------------- what a service owes its caller


def said(service: Callable[..., Any]) -> Callable[..., Any]:
    """Return a test: the service owes what its run has said."""

    async def test(world: Trial) -> None:
        reply = await service(world.client, world.thread.id, world.assistant.id)
        world.check(
            reply == world.run.reply, f"the user reads {reply!r}, and the run said {world.run.reply!r}"
        )

    test.__name__ = service.__name__
    return test


def done(service: Callable[..., Any]) -> Callable[..., Any]:
    """Return a test: the service owes nothing but what always holds."""

    async def test(world: Trial) -> None:
        await service(world.client, world.thread.id, world.assistant.id)

    test.__name__ = service.__name__
    return test


# --------------------------------------------------------------------------- the mistakes


CALM: dict[str, Any] = {"faults": ()}
"""Without the network. Most mistakes take one deviation; those that take two are found sooner like this."""

MISTAKES = [
    # polling
    Mistake(polling.forgets_incomplete, careful.polling, LIVENESS, "ended incomplete, and "),
    Mistake(polling.only_knows_failed, careful.polling, LIVENESS, "ended expired, and "),
    Mistake(polling.waits_through_requires_action, careful.polling, LEAK, "got none until it expired"),
    Mistake(
        polling.looks_at_its_old_copy, careful.polling, SAFETY, "answered 'queued', but run 1 is completed"
    ),
    Mistake(polling.counts_its_polls, careful.polling, LEAK, "nobody looks at it: it locks the thread"),
    Mistake(polling.mixes_its_ids_up, careful.polling, ERROR, "Expected an ID that begins with 'thread'"),
    Mistake(
        polling.one_bad_poll_is_fatal,
        careful.polling,
        OUTAGE,
        "raised APITimeoutError",
        options={"outages": False},
    ),
    Mistake(
        polling.replies_with_the_last_message,
        careful.replying,
        SAFETY,
        "the user reads 'Hello, can you help me?', and the run said None",
        said,
    ),
    Mistake(polling.replies_before_the_end, careful.replying, LEAK, "nobody looks at it: it locks", done),
    Mistake(polling.plays_one_round, careful.polling, LEAK, "still waits for them", done, CALM),
    # tools
    Mistake(tools.answers_the_first_call, careful.polling, ERROR, "Expected tool outputs for call_ids"),
    Mistake(
        tools.submits_one_by_one, careful.polling, SAFETY, "answer all the calls of required_action in one"
    ),
    Mistake(
        tools.starts_a_tool_with_each_poll, careful.polling, SAFETY, "again for calls that it had answered"
    ),
    Mistake(
        tools.refused_submit_is_fatal, careful.polling, ERROR, "do not accept tool outputs", options=CALM
    ),
    Mistake(
        tools.lets_the_client_resubmit,
        careful.polling,
        SAFETY,
        "submitted other outputs to run 1 than those of its calls",
        # A round, another round, and an answer that is lost between them.
        options={"deviations": 3, "faults": ("lose_response",), "others": (), "ties": False, "ttl": 15.0},
    ),
    Mistake(
        tools.unknown_function_is_fatal,
        careful.polling,
        ERROR,
        "KeyError: 'archive'",
        options={"functions": ("lookup", "archive")},
    ),
    Mistake(tools.apologises_for_its_tool, careful.polling, LEAK, "still waits for them", done),
    Mistake(tools.sends_all_it_has, careful.polling, ERROR, "must be less than 512kb"),
    # cancelling
    Mistake(
        cancelling.takes_cancelling_for_cancelled,
        careful.stopping,
        SAFETY,
        "answered 'cancelled', but run 1 is cancelling",
    ),
    Mistake(
        cancelling.assumes_that_a_cancel_wins,
        careful.stopping,
        SAFETY,
        "answered 'cancelled', but run 1 is completed",
    ),
    Mistake(cancelling.refused_cancel_is_fatal, careful.stopping, ERROR, "Cannot cancel run with status"),
    Mistake(cancelling.just_stops_waiting, careful.stopping, LEAK, "nobody looks at it: it locks", done),
    Mistake(cancelling.starts_anew_at_once, careful.conversing, ERROR, "already has an active run"),
    # creating
    Mistake(creating.lets_the_client_recreate, careful.polling, LEAK, "let no client repeat a POST blindly"),
    Mistake(
        creating.tries_again_in_a_new_thread, careful.polling, LEAK, "let no client repeat a POST blindly"
    ),
    Mistake(creating.asks_twice_at_once, careful.conversing, ERROR, "Can't add messages to"),
    # streaming
    Mistake(
        streaming.closes_the_stream_to_stop,
        careful.streaming,
        LEAK,
        "nobody looks at it: it locks the thread",
        done,
        CALM,
    ),
    Mistake(
        streaming.ends_with_the_stream,
        careful.streaming,
        LEAK,
        "asked for tool outputs and still waits",
        done,
        # In the ten seconds of the usual trial, a stream that is just slow times out first.
        {"timeout": 90.0, "faults": ("cut_stream",)},
    ),
    Mistake(
        streaming.takes_the_end_for_success, careful.streaming, SAFETY, "answered 'completed', but run 1 is"
    ),
    Mistake(streaming.swallows_what_breaks_the_stream, careful.streaming, LEAK, "nobody looks at it", done),
    # without async
    Mistake(blocking.waits_while_it_works, careful.blocking, LEAK, "run 1 was left cancelling"),
    Mistake(blocking.only_fears_exceptions, careful.blocking, SAFETY, "'completed', but run 1 is failed"),
    Mistake(blocking.returns_after_the_submit, careful.blocking, LEAK, "run 1 was left queued"),
    Mistake(blocking.asks_a_person, careful.blocking, LIVENESS, "run 1 ended expired, and "),
    Mistake(blocking.submits_until_it_works, careful.blocking, LIVENESS, "and 45 s later", options=CALM),
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
    modules = (polling, tools, cancelling, creating, streaming, blocking)
    assert undocumented(modules, MISTAKES) == []


# --------------------------------------------------------------------------- without a mistake

CAREFUL = [
    told(careful.polling),
    told(careful.stopping),
    said(careful.replying),
    told(careful.conversing),
    told(careful.streaming),
    told(careful.easy),
    told(careful.blocking),
    told(careful.easy_blocking),
]


@pytest.mark.slow
@pytest.mark.parametrize("service", CAREFUL, ids=lambda service: service.__name__)
def test_a_service_without_a_mistake_is_not_accused(service: Callable[..., Any]) -> None:
    """A careful service, and runlife's own driver, come through every story with one deviation."""
    proof = lifecycle.verify(service, deviations=1, random=0, ttl=20)
    assert proof.total > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "options"),
    [
        pytest.param(told(careful.polling), {"faults": ("lose_response",), "others": ()}, id="polling"),
        pytest.param(told(careful.stopping), {"faults": ()}, id="stopping"),
        pytest.param(told(careful.streaming), {"faults": ("cut_stream",)}, id="streaming"),
        pytest.param(told(careful.easy), {"faults": ("duplicate", "reset_after")}, id="easy"),
        pytest.param(told(careful.easy_blocking), {"faults": ("lose_response",)}, id="easy-blocking"),
    ],
)
def test_nor_is_it_accused_when_two_things_come_together(
    service: Callable[..., Any], options: dict[str, Any]
) -> None:
    """They come through every story with two deviations as well, by menus that leave some of it out."""
    proof = lifecycle.verify(service, deviations=2, random=0, ttl=20, **options)
    assert proof.stories[2] > proof.stories[1]

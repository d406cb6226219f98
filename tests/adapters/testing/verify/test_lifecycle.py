"""The verifier as users have it: a decorator, and functions."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError
from runlife_adapters.memory import After, Net, Schedule
from runlife_adapters.testing import LifecycleError, Trial, lifecycle
from runlife_adapters.testing.verify import FailureKind, answering

if TYPE_CHECKING:
    from collections.abc import Callable


async def run_once(world: Trial) -> None:
    """Create a run and poll it to its end."""
    await world.client.beta.threads.runs.create_and_poll(
        thread_id=world.thread.id, assistant_id=world.assistant.id
    )


QUICK: dict[str, Any] = {"faults": [], "others": (), "ties": False, "random": 0}


def test_a_proof_says_what_was_tried(well: Callable[..., Any]) -> None:
    """How many stories, of what kind, and of which statuses nothing is known."""
    proof = lifecycle.verify(well, deviations=1, functions=(), **QUICK)

    assert dict(proof.stories) == {0: 1, 1: 10}
    assert proof.unseen == ("requires_action", "cancelling", "cancelled")
    first, second, *rest = str(proof).splitlines()
    assert first == "test: 11 schedules, all with at most 1 deviation among these alternatives: no failure"
    assert f"{proof.calls} calls in " in second
    assert rest[0].startswith("  alternatives: moves of the table; faults: none; other workers: none; ties: ")
    assert rest[1:] == [
        "  nothing is proved of requires_action, cancelling, cancelled: no run was ever there"
    ]


def test_a_failure_is_told_with_the_story(careless: Callable[..., Any]) -> None:
    """The smallest one, and how to play it again."""
    with pytest.raises(LifecycleError) as caught:
        lifecycle.verify(careless, deviations=2, functions=(), **QUICK)
    report = caught.value.report

    assert repr(report.story) == "Story(Schedule(in_progress=[After(1.0, 'incomplete')]))"
    assert report.failure.kind is FailureKind.LIVENESS
    assert "lifecycle.replay(" in str(caught.value)


def test_what_random_stories_find_is_shrunk_as_well(careless: Callable[..., Any]) -> None:
    """To the same story."""
    with pytest.raises(LifecycleError) as caught:
        lifecycle.verify(careless, **{**QUICK, "deviations": 0, "random": 200})

    assert caught.value.report.story.deviations == 1
    assert caught.value.report.tried.startswith("Found in random schedule ")


def test_a_story_is_played_again(careless: Callable[..., Any], well: Callable[..., Any]) -> None:
    """It fails as it did, or it does not any more."""
    story = Schedule(in_progress=[After(1.0, "incomplete")])

    with pytest.raises(LifecycleError):
        lifecycle.replay(careless, story, net={3: Net("delay", seconds=1)})
    assert lifecycle.replay(well, story).run.status == "incomplete"


def test_a_decorated_test_is_a_plain_one() -> None:
    """It takes no world, is not async, and keeps its other parameters, which are fixtures."""

    @lifecycle(deviations=0, **QUICK)
    async def test_it(world: Trial, answer: str) -> None:
        """Do it."""
        await run_once(world)
        seen.append((type(world), answer))

    seen: list[tuple[type, str]] = []
    assert list(inspect.signature(test_it).parameters) == ["answer"]
    assert not inspect.iscoroutinefunction(test_it)
    assert (test_it.__name__, test_it.__doc__) == ("test_it", "Do it.")
    test_it(answer="yes")
    assert seen == [(Trial, "yes")]


def test_a_decorated_test_can_be_replayed() -> None:
    """With the options it was given."""

    @lifecycle(deviations=0, ttl=30, **QUICK)
    async def test_it(world: Trial) -> None:
        await run_once(world)
        world.check(world.setting.ttl == 30, "another time")

    assert lifecycle.replay(test_it).setting.ttl == 30
    with pytest.raises(LifecycleError, match="another time"):
        lifecycle.replay(test_it, ttl=40)


@pytest.mark.parametrize("told", ["right", "enum", "object"])
def test_a_service_may_answer_in_several_ways(told: str) -> None:
    """With a status, or with something that has one."""

    async def service(client: Any, thread_id: str, assistant_id: str) -> Any:
        run = await client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
        return run if told == "object" else run.status

    lifecycle.verify(answering(service), deviations=0, **QUICK)


def test_a_service_that_says_something_else_is_not_safe() -> None:
    """In a sentence with both."""

    def service(client: Any, thread_id: str, assistant_id: str) -> str:
        client.beta.threads.runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id)
        return "failed"

    with pytest.raises(LifecycleError) as caught:
        lifecycle.verify(answering(service), deviations=0, **QUICK)
    assert caught.value.report.failure.kind is FailureKind.SAFETY
    assert caught.value.report.failure.says == "the service answered 'failed', but run 1 is completed"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"deviation": 2}, "no option is named 'deviation'; there are deviations, faults, functions"),
        ({"deviations": -1}, "deviations: expected a number, 0 or more"),
        ({"random": True}, "random: expected a number"),
        ({"faults": ["flood"]}, "no fault is named 'flood'; there are lose_response"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], words: str) -> None:
    """Before anything is tried."""
    with pytest.raises(MisuseError, match=words):
        lifecycle(**options)


def test_a_service_that_creates_no_run_proves_nothing() -> None:
    """It used to pass, in one schedule."""

    async def service(client: Any, thread_id: str, assistant_id: str) -> str:
        await client.beta.assistants.retrieve(assistant_id)
        return f"nothing in {thread_id}"

    with pytest.raises(LifecycleError, match="NOTHING WAS TRIED: the service created no run"):
        lifecycle.verify(service, deviations=1, **QUICK)


def test_a_service_may_answer_with_an_error_of_its_own() -> None:
    """If that is said: else it is one that was not meant."""

    async def test(world: Trial) -> None:
        await run_once(world)
        if world.run.status == "failed":
            raise LookupError(world.run.status)

    with pytest.raises(LifecycleError, match="FAILED WITH AN ERROR: the service raised LookupError: failed"):
        lifecycle.verify(test, deviations=1, functions=(), **QUICK)
    assert lifecycle.verify(test, deviations=1, functions=(), raises=LookupError, **QUICK).total == 11


def test_a_story_that_no_longer_fits_is_remarked_on(well: Callable[..., Any]) -> None:
    """A test that keeps it would pass for the wrong reason."""
    story = Schedule(in_progress=[After(1.0), After(1.0, "failed")])

    with pytest.warns(
        RuntimeWarning, match=r"no longer fits.*: in_progress of run 1, the 2nd time; net of call 9"
    ):
        lifecycle.replay(well, story, net={9: Net("lose_response")})


@pytest.mark.parametrize("function", [lambda: None, print, 5])
def test_what_is_no_service_is_refused(function: Any) -> None:
    """By its parameters."""
    with pytest.raises(
        MisuseError, match="expected a function of world, or of client, thread_id, assistant_id"
    ):
        lifecycle.verify(function)


def test_the_test_that_keeps_a_failure_carries_the_fixtures() -> None:
    """As it is printed it used to fail for want of them, and to blame the service."""

    @lifecycle(deviations=0, **QUICK)
    async def test_it(world: Trial, answer: str) -> None:
        await run_once(world)
        world.check(world.run.status == answer)

    with pytest.raises(LifecycleError) as caught:
        test_it(answer="failed")
    code = caught.value.report.test
    assert "def test_it_with_nothing_unusual(answer):" in code
    scope: dict[str, Any] = {"test_it": test_it}
    exec(code, scope)  # noqa: S102  # that is what it is printed for
    with pytest.raises(LifecycleError):
        scope["test_it_with_nothing_unusual"]("failed")
    scope["test_it_with_nothing_unusual"]("completed")


@pytest.mark.parametrize("given", [None, {"answer": "x", "more": 1}])
def test_fixtures_that_do_not_fit_are_misuse(given: dict[str, Any] | None) -> None:
    """And no failure of the service."""

    @lifecycle(deviations=0, **QUICK)
    async def test_it(world: Trial, answer: str) -> None:
        world.check(answer)

    with pytest.raises(MisuseError, match="fixtures: test_it: "):
        lifecycle.replay(test_it, fixtures=given)
    with pytest.raises(MisuseError, match="only a decorated test has them"):
        lifecycle.replay(run_once, fixtures={"answer": "x"})

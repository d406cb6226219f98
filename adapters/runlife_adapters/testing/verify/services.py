"""Services as tests: what is asked of a function that is no test, but a service to be tried.

One of ``client``, ``thread_id`` and ``assistant_id`` works with runs; one of ``client`` and ``request`` with
responses: what it is to ask for is the body of a request. Either returns how it ended: a status, or something
that has one. That must be the truth.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from runlife import MisuseError, RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from runlife_adapters.testing.verify.trial import Trial

__all__ = ["answering", "as_test"]

_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_OF_RUNS = ("client", "thread_id", "assistant_id")
_OF_RESPONSES = ("client", "request")


def as_test(function: Callable[..., Any]) -> Callable[[Trial], Any]:
    """Return a function of ``world``, for one or for a service.

    :raises MisuseError: when it is neither.
    """
    needed = _needed(function)
    if needed == 1:
        return function
    if needed in (len(_OF_RUNS), len(_OF_RESPONSES)):
        return answering(function)
    msg = f"expected a function of world, or of {', '.join(_OF_RUNS)}, or of {', '.join(_OF_RESPONSES)}; "
    raise MisuseError(f"{msg}got {function!r}")


def answering(service: Callable[..., Any]) -> Callable[[Trial], Any]:
    """Return the test of a service that returns the status in which it ended, or something that has one.

    :param service: takes ``client``, ``thread_id`` and ``assistant_id``, or ``client`` and ``request``; async
        or not.
    """
    with_responses = _needed(service) == len(_OF_RESPONSES)
    check = _check_response if with_responses else _check_run

    def given(world: Trial) -> tuple[Any, ...]:
        return (world.request,) if with_responses else (world.thread.id, world.assistant.id)

    if inspect.iscoroutinefunction(service):

        async def test(world: Trial) -> None:
            check(world, await service(world.client, *given(world)))

        test.__name__ = service.__name__
        return test

    def blocking(world: Trial) -> None:
        check(world, service(world.client, *given(world)))

    blocking.__name__ = getattr(service, "__name__", type(service).__name__)
    return blocking


def _needed(function: Callable[..., Any]) -> int | None:
    """Return how many arguments a function needs; None for what is none, or does not tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    empty = inspect.Parameter.empty
    return sum(one.default is empty and one.kind in _BY_PLACE for one in parameters)


def _check_run(world: Trial, answer: Any) -> None:
    told, runs = getattr(answer, "status", answer), world.runs
    if not runs:
        return  # it may have given up before there was one
    # An answer may say which run it is about; else it is the last on the thread that was given.
    about = [run for run in runs if run.id == getattr(answer, "id", None)]
    run = (about or [run for run in runs if run.thread_id == world.thread.id] or list(runs))[-1]
    world.check(told == run.status, f"{_answered(told)}, but {world.name_of(run)} is {run.status.value}")


def _check_response(world: Trial, answer: Any) -> None:
    """Check an answer about a response, or about the run that a chain of them is."""
    told = getattr(answer, "status", answer)
    if not world.runs:
        return
    about = next((one for one in world.responses if one.id == getattr(answer, "id", None)), None)
    if about is not None:
        name, true = world.name_of(about), {about.status.value}
    else:
        run = world.run
        if run.status is RunStatus.REQUIRES_ACTION and told in _LEFT[run.status]:
            world.give_up(world.response)
        name, true = world.name_of(run), {run.status.value, *_LEFT.get(run.status, ())}
    world.check(told in true, f"{_answered(told)}, but {name} is {world.state_of(name)}")


_LEFT = {
    RunStatus.CANCELLED: (RunStatus.EXPIRED,),
    RunStatus.REQUIRES_ACTION: (RunStatus.EXPIRED, RunStatus.CANCELLED),
}
"""What may be said as well of a run behind responses: its clock is the client's, and where none is at work
there is nothing to be cancelled but in its own books."""


def _answered(told: Any) -> str:
    return f"the service answered {getattr(told, 'value', told)!r}"

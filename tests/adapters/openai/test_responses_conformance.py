"""The conformance suite before runs on the Responses API, and what of it does not apply, with the reason.

The service ends a response at once when it is cancelled. A run is ``cancelling`` all the same: while the
cancel has not arrived. So where a case is about that, it is held up on its way until the moment at which the
case wants it to take effect, or until the response has ended by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import openai
import pytest
from attrs import define, evolve, field

from runlife import RunStatus, ToolOutput
from runlife_adapters.backend import Backend, RunView, UnavailableError
from runlife_adapters.conformance import CASES, Blocking, Case, ConformanceError
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.server import serve
from runlife_adapters.memory import NEVER, After, Schedule, World
from runlife_adapters.openai.responses import AsyncResponsesBackend, Mode, ResponsesBackend

if TYPE_CHECKING:
    from collections.abc import Generator


WAYS = ("polled", "streamed", "conversation", "async")
UNSTAMPED = "only a completion is stamped; what has no stamp may have come before the deadline, and counts"
DOES_NOT_APPLY = ("fail@* at expires_at is too late", "cut_short@* at expires_at is too late")
"""What is not so over responses, by the names of the cases."""

OVER_LOOPBACK = ("*>*", "*is refused")
"""The cases for which a socket might make a difference: the calls, but not each moment of each deadline."""


def applicable() -> list[Any]:
    """Return every case; of those that do not apply it is held that they fail."""
    fails = pytest.mark.xfail(raises=ConformanceError, strict=True, reason=UNSTAMPED)
    return [
        pytest.param(case, id=case.name, marks=[fails] if matches(case.name, DOES_NOT_APPLY) else [])
        for case in CASES
    ]


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a name is one of these."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


@define
class LocalHarness:
    """A harness whose assistants and threads are the backend's own."""

    backend: Backend
    world: World
    owner: Any
    """Whoever keeps them."""
    do: Callable[[Any], Any]
    """Gets the answer of a call to the owner."""
    thread_options: dict[str, Any] = field(factory=dict[str, Any])

    @property
    def stage(self) -> Any:
        return self.world

    def assistant(self) -> str:
        function = {"type": "function", "function": {"name": "look_up"}}
        id: str = self.do(self.owner.create_assistant(model="gpt-4o", tools=[function]))
        return id

    def thread(self, *said: str) -> str:
        messages = [{"role": "user", "content": text} for text in said]
        id: str = self.do(self.owner.create_thread(messages=messages, **self.thread_options))
        return id

    def message(self, thread_id: str, said: str) -> None:
        self.do(self.owner.create_message(thread_id, content=said))

    def wait(self, seconds: float) -> object:
        return self.world.advance(seconds)


class HeldUp(LocalHarness):
    """One before a line on which a cancel is held up, for as long as a schedule says of ``cancelling``."""

    def __init__(self, line: Any, *others: Any) -> None:
        super().__init__(*others)
        self.line, self.then, self.due, self.hidden = line, After(NEVER), NEVER, ""
        self.called, self.backend = self.backend, self

    # As a stage

    @property
    def stage(self) -> Any:
        return self

    def script(self, schedule: Schedule) -> None:
        self.then = next(iter(schedule.cancelling), After(NEVER))
        # A round more than the case has: outputs may be on their way when the cancel comes.
        self.world.script(evolve(schedule, queued=(*schedule.queued, After(NEVER))))

    def wait(self, seconds: float) -> object:
        now = self.world.clock.now()
        if self.due > now + seconds:
            return self.world.advance(seconds)
        rest, self.due = now + seconds - self.due, NEVER
        self.world.advance(seconds - rest)
        if self.then.to == RunStatus.CANCELLED:
            self.line.deaf_to = None
        else:
            if self.world.run(self.hidden).status is RunStatus.QUEUED and self.then.to != RunStatus.FAILED:
                self.world.apply(self.hidden, After(0))
            self.world.apply(self.hidden, self.then)
        return self.world.advance(rest)

    # As a backend

    def __getattr__(self, call: str) -> Any:
        return getattr(self.called, call)

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        """Cancel a run; where it waits for outputs, while they are on their way: else nothing is at work."""
        view = self.called.retrieve_run(thread_id, run_id)
        self.line.deaf_to = "/cancel"
        if view.required_action:
            asked = self.owner._runs.cancel_run(thread_id, run_id)
            self.line.meanwhile = lambda: list(asked)
            outputs = [ToolOutput(call.id, "found") for call in view.required_action]
            view = self.called.submit_tool_outputs(thread_id, run_id, outputs)
        else:
            with pytest.raises(UnavailableError):
                self.called.cancel_run(thread_id, run_id)
            view = self.called.retrieve_run(thread_id, run_id)
        self.hidden = self.world.chain(view.raw["responses"][-1])
        self.due = self.world.clock.now() + self.then.delay
        return view


@pytest.fixture(params=WAYS)
def harness(
    request: pytest.FixtureRequest, stands: Callable[..., Any], case: Case
) -> Generator[LocalHarness]:
    """Each way to run, in process."""
    stand = stands()

    def made(*arguments: Any) -> LocalHarness:
        is_held_up = "cancel" in case.name
        return HeldUp(stand.line, *arguments) if is_held_up else LocalHarness(*arguments)

    match request.param:
        case "async":
            backend = stand.async_backend()
            with Blocking(backend) as blocking:
                yield made(blocking, stand.world, backend, blocking._runner.run)
        case way:
            backend = stand.backend(mode="stream" if way == "streamed" else "background")
            options = {"conversation": True} if way == "conversation" else {}
            yield made(backend, stand.world, backend, lambda answer: answer, options)


@pytest.mark.parametrize("case", applicable())
def test_it_conforms(case: Case, harness: LocalHarness) -> None:
    """One case of the suite, before one way to run."""
    case.run(harness)


@pytest.fixture(params=WAYS)
def far_harness(request: pytest.FixtureRequest, stands: Callable[..., Any]) -> Generator[LocalHarness]:
    """Each way to run, over a socket."""
    world: World = stands().world
    with serve(create_app(world)) as server:
        place: dict[str, Any] = {"base_url": server.url, "api_key": "-"}
        if request.param == "async":
            client = openai.AsyncOpenAI(**place)
            patient = AsyncResponsesBackend(client, clock=world.clock)
            with Blocking(patient) as blocking:
                yield LocalHarness(blocking, world, patient, blocking._runner.run)
                blocking._runner.run(client.close())
            return
        mode: Mode = "stream" if request.param == "streamed" else "background"
        options = {"conversation": True} if request.param == "conversation" else {}
        with openai.OpenAI(**place) as client:
            backend = ResponsesBackend(client, clock=world.clock, mode=mode)
            yield LocalHarness(backend, world, backend, lambda answer: answer, options)


@pytest.mark.slow
def test_it_conforms_over_loopback(far_harness: LocalHarness) -> None:
    """The same over a socket, with one server, as far as it may make a difference."""
    cases = [c for c in CASES if matches(c.name, OVER_LOOPBACK) and "cancel" not in c.name]
    for case in cases:
        case.run(far_harness)
    assert len(cases) > 20

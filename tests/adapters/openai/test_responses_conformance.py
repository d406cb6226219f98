"""The conformance suite before runs on the Responses API, and what of it does not apply, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import openai
import pytest
from attrs import define, field

from runlife_adapters.backend import Backend
from runlife_adapters.conformance import CASES, Blocking, Case, ConformanceError, run_conformance
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.server import serve
from runlife_adapters.memory import World
from runlife_adapters.openai.responses import ResponsesBackend

if TYPE_CHECKING:
    from collections.abc import Generator


IMMEDIATE = "a response is cancelled at once: nothing that the service does can come in between"
UNSTAMPED = "only a completion is stamped; what has no stamp may have come before the deadline, and counts"
DOES_NOT_APPLY = {
    "*cancelling*": IMMEDIATE,
    "cancel@* at expires_at-1 is in time": IMMEDIATE,
    "*@cancelled is refused": IMMEDIATE,
    "cancelled frees its thread": IMMEDIATE,
    "fail@* at expires_at is too late": UNSTAMPED,
    "cut_short@* at expires_at is too late": UNSTAMPED,
}
"""What is not so over responses, by the names of the cases."""


def applicable() -> list[Any]:
    """Return every case; of those that do not apply it is held that they fail."""
    marks = {
        name: pytest.mark.xfail(raises=ConformanceError, strict=True, reason=reason)
        for name, reason in DOES_NOT_APPLY.items()
    }
    return [
        pytest.param(
            case,
            id=case.name,
            marks=[mark for name, mark in marks.items() if fnmatchcase(case.name, name)][:1],
        )
        for case in CASES
    ]


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
    def stage(self) -> World:
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


@pytest.fixture(params=["polled", "streamed", "conversation", "async"])
def harness(request: pytest.FixtureRequest, stands: Callable[..., Any]) -> Generator[LocalHarness]:
    """Each way to run, in process."""
    stand = stands()
    match request.param:
        case "async":
            backend = stand.async_backend()
            with Blocking(backend) as blocking:
                yield LocalHarness(blocking, stand.world, backend, blocking._runner.run)
        case way:
            backend = stand.backend(mode="stream" if way == "streamed" else "background")
            options = {"conversation": True} if way == "conversation" else {}
            yield LocalHarness(backend, stand.world, backend, lambda answer: answer, options)


@pytest.mark.parametrize("case", applicable())
def test_it_conforms(case: Case, harness: LocalHarness) -> None:
    """One case of the suite, before one way to run."""
    case.run(harness)


@pytest.mark.slow
def test_it_conforms_over_loopback(stands: Callable[..., Any]) -> None:
    """The same over a socket, all cases that apply with one server."""
    world: World = stands().world
    with serve(create_app(world)) as server, openai.OpenAI(base_url=server.url, api_key="-") as client:
        backend = ResponsesBackend(client, clock=world.clock)
        harness = LocalHarness(backend, world, backend, lambda answer: answer)
        report = run_conformance(lambda: harness)
    failed = {name for name in report.failed if not any(fnmatchcase(name, no) for no in DOES_NOT_APPLY)}
    assert failed == set()
    assert len(report.passed) == len(CASES) - len(report.failed)

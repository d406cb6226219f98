"""One trial: a service under test meets one story, on virtual time, with a world of its own.

A :class:`Trial` is what a test calls ``world``: the official client, an assistant, a thread with a message
in it, the runs that come up, and :meth:`Trial.check`. For a service that uses responses there are instead
what it is to ask for (:attr:`Trial.request`), a conversation, and the responses that come up; behind each
chain of them is a run, so that nothing else is different. Everything the service does goes over the client's
own HTTP stack into a fake in this process; every second it waits is virtual.

Liveness is bounded: when all runs have been over for a grace period and the service still does not come
back, the trial ends. Nothing is learnt from letting it poll on.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn
from zlib import crc32

from attrs import field, frozen

from runlife import MisuseError, RunStatus
from runlife.responses import ResponseStatus
from runlife_adapters.backend import reply_texts
from runlife_adapters.memory import ApiError, Model, World
from runlife_adapters.testing.verify.wire import StuckError, TieClock, Wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from runlife import Clock
    from runlife_adapters.memory import AssistantObject, ConversationObject, ThreadObject
    from runlife_adapters.testing.verify.followed import Followed, Round
    from runlife_adapters.testing.verify.story import Story

__all__ = ["CheckFailedError", "Setting", "StuckError", "Trial", "TrialResponse", "TrialRun"]

_KEY = "sk-virtual"
_PLAIN: Mapping[str, Any] = {
    "type": "function",
    "parameters": {"type": "object", "properties": {}},
    "strict": False,
}
"""What a function is that is described by its name alone, as responses have it."""
_MODEL = "gpt-4o"
_URL = "http://fake.test/v1"
_LOOKS = 3
"""How often, within a grace period, somebody looks whether it is over."""


class CheckFailedError(AssertionError):
    """What a test demanded by :meth:`Trial.check` does not hold."""


def _functions(value: Sequence[str | Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple({"name": one} if isinstance(one, str) else dict(one) for one in value)


def _kinds(value: type[BaseException] | Iterable[type[BaseException]]) -> tuple[type[BaseException], ...]:
    return (value,) if isinstance(value, type) else tuple(value)


@frozen(kw_only=True)
class Setting:
    """What a service is tried in.

    :param ttl: seconds after its creation at which a run expires. The real service's are 600; every second
        is polled, so that fewer are quicker, and nothing else is different.
    :param grace: seconds that a service has to come back once all runs are over.
    :param timeout: seconds that the client waits for an answer; None for the SDK's own, ten minutes.
    :param max_retries: how often the client repeats a call by itself; the SDK's own default is 2.
    :param functions: those of the assistant, by name or as the API describes a function.
    :param message: what the user says in the thread.
    :param model: what takes the turns of the runs; by default an echo.
    :param wall_clock: whether ``time.time()`` and its kin tell virtual time.
    :param outages: whether a service may raise the client's error when the network was at fault.
    :param raises: the kinds of error by which the service answers, for instance that a run has failed.
    """

    ttl: float = 60.0
    grace: float = 45.0
    timeout: float | None = 10.0
    max_retries: int = 2
    functions: tuple[dict[str, Any], ...] = field(default=({"name": "lookup"},), converter=_functions)
    message: str = "Hello, can you help me?"
    model: Model | None = None
    wall_clock: bool = True
    outages: bool = True
    raises: tuple[type[BaseException], ...] = field(default=(), converter=_kinds)

    def __attrs_post_init__(self) -> None:
        for name in ("ttl", "grace"):
            if not getattr(self, name) > 0:
                msg = f"{name}: expected a number of seconds above 0, got {getattr(self, name)!r}"
                raise MisuseError(msg)

    @property
    def budget(self) -> float:
        """Virtual seconds that a trial may take: many lives of a run, for who tries again and again."""
        return 20 * self.ttl + 10 * self.grace


@frozen
class TrialRun:
    """A run as it truly is, whatever the service was told of it; it may be one behind responses."""

    id: str
    thread_id: str
    status: RunStatus
    reply: str | None
    """What its message says; None unless it is completed."""


@frozen
class TrialResponse:
    """A response as it truly is, whatever the service was told of it."""

    id: str
    run_id: str
    """The run of which it is a round; the same for all of a chain."""
    status: ResponseStatus
    asks: bool
    """Whether it completed with calls that nobody has answered yet."""
    reply: str | None
    """What its message says; None unless it completed with one."""


class Trial:
    """The world of one trial: what a test is given.

    :param clock: the virtual clock of the trial.
    """

    def __init__(self, story: Story, setting: Setting, clock: Clock) -> None:
        self.story = story
        self.setting = setting
        ties = TieClock(clock)
        # Ids of its own for each story: what a service keeps from one trial must not fit another by chance.
        self._world = World(ties, run_ttl=setting.ttl, model=setting.model, seed=crc32(repr(story).encode()))
        self._world.script(*story.runs)
        self.wire = Wire(self._world, ties, story)
        self._clock = clock
        self._began = clock.now()
        functions = [{"type": "function", "function": function} for function in setting.functions]
        self.assistant: AssistantObject = self._world.create_assistant(model=_MODEL, tools=functions)
        """An assistant that is there already."""
        self.thread: ThreadObject = self._world.create_thread(
            messages=[{"role": "user", "content": setting.message}]
        )
        """A thread that is there already, with a message of the user."""
        self.wire.thread_id = self.thread.id
        self.client: Any = None
        """The official client: an ``AsyncOpenAI`` for async tests, else an ``OpenAI``."""
        self._conversation: ConversationObject | None = None
        self.given_up: set[str] = set()
        """The responses whose calls the service leaves on purpose, by their ids."""
        self.stuck: str | None = None
        """Who waited for what, if the service did not come back."""

    # What a test asks

    @property
    def now(self) -> float:
        """Seconds since the trial began."""
        return self._clock.now() - self._began

    def seconds(self, moment: float) -> float:
        """Return how long after the beginning of the trial a moment was, which is given in unix seconds."""
        return moment - self._began

    @property
    def request(self) -> dict[str, Any]:
        """What a response is to be asked for with: ``client.responses.create(**world.request)``."""
        tools = [{**_PLAIN, **function} for function in self.setting.functions]
        return {"model": _MODEL, "input": self.setting.message, "tools": tools}

    @property
    def conversation(self) -> ConversationObject:
        """A conversation that is there already, with nothing in it."""
        if self._conversation is None:
            self._conversation = self._world.create_conversation()
            self.wire.conversation_id = self._conversation.id
        return self._conversation

    @property
    def responses(self) -> tuple[TrialResponse, ...]:
        """The responses that were created, in that order."""
        self._world.settle()
        told = [(one, run) for run in self.wire.runs.values() for one in run.rounds or ()]
        ordered = sorted(told, key=lambda pair: pair[0].number)
        return tuple(self._response(one, run) for one, run in ordered if one.id is not None)

    @property
    def response(self) -> TrialResponse:
        """The latest response of the last chain that the service knows of.

        :raises CheckFailedError: when there is none.
        """
        last = self.run
        found = [response for response in self.responses if response.run_id == last.id]
        if not found:
            self._fail("the service created no response")
        return found[-1]

    @property
    def runs(self) -> tuple[TrialRun, ...]:
        """The runs that were created, in that order."""
        self._world.settle()
        return tuple(self._run(run) for run in self.wire.runs.values())

    @property
    def run(self) -> TrialRun:
        """The run that was created last; of those behind responses, the last that the service knows of.

        :raises CheckFailedError: when there is none.
        """
        runs = self.runs
        if not runs:
            self._fail("the service created no run")
        # A creation that came twice has left a run behind that nobody can know of.
        known = [run for run in runs if self.wire.runs[run.id].is_known]
        return (known or runs)[-1]

    def give_up(self, response: TrialResponse) -> None:
        """Say that the service leaves the calls of a response on purpose, and tells its caller so.

        Nothing is at work then, and to a service there is nothing to say. A run is to be cancelled.
        """
        self.given_up.add(response.id)

    def check(self, holds: object, says: str = "") -> None:
        """Demand something.

        :param says: what is wrong when it does not hold.
        :raises CheckFailedError: when it does not.
        """
        __tracebackhide__ = True
        if not holds:
            self._fail(says)

    def _fail(self, says: str) -> NoReturn:
        __tracebackhide__ = True
        truth = ", ".join(f"{run.name} is {run.state}" for run in self.wire.runs.values())
        raise CheckFailedError(
            says or f"what the test demands does not hold, and {truth or 'there is no run'}"
        )

    def has_functions(self, number: int) -> bool:
        """Say whether a run (from 0) has functions that the model may call."""
        run = list(self.wire.runs.values())[number]
        try:
            if run.rounds:
                tools = self._world.retrieve_response(self._world.responses(run.id)[-1]).tools
            else:
                tools = self._world.retrieve_run(run.thread_id, run.id).tools
        except ApiError:  # the service has deleted the thread, or the response
            return False
        return any(tool["type"] == "function" for tool in tools)

    def name_of(self, it: TrialRun | TrialResponse) -> str:
        """Return what reports call a run, or the latest of the responses that it is behind, or a response."""
        names = {id: name for name, id in self.wire.names()}
        return names[it.id] if it.id in names else self.wire.runs[it.id].name

    def state_of(self, name: str) -> str:
        """Return how what has a name in reports stands, in words."""
        for run in self.wire.runs.values():
            if run.name == name:
                return run.state
            for told in run.rounds or ():
                if told.name == name:
                    return told.status.value
        return "not there"

    def _run(self, run: Followed) -> TrialRun:
        reply = None
        if run.rounds:
            reply = self._response(run.rounds[-1], run).reply
        elif run.status is RunStatus.COMPLETED:
            try:
                page = self._world.list_messages(run.thread_id, run_id=run.id, order="asc", limit=100)
                reply = "\n".join(reply_texts((message.to_json() for message in page.data), run.id))
            except ApiError:  # the service has deleted the thread
                reply = None
        return TrialRun(run.id, run.thread_id, run.status, reply)

    def _response(self, told: Round, run: Followed) -> TrialResponse:
        asks = told is (run.rounds or [told])[-1] and run.status is RunStatus.REQUIRES_ACTION
        reply = None
        if told.status is ResponseStatus.COMPLETED and not asks:
            with suppress(ApiError):  # the service has deleted it
                output = self._world.retrieve_response(told.id or "").output
                reply = "\n".join(item_texts(output)) or None
        return TrialResponse(told.id or "", run.id, told.status, asks, reply)

    # How it goes

    @property
    def is_over(self) -> bool:
        """Whether there were runs, and all have been over for the grace period, with no call under way."""
        self._world.settle()
        runs = self.wire.runs.values()
        if not runs or self.wire.at_work or self.wire.open:
            return False
        ended = max(self.wire.waited_until, *(run.at for run in runs))
        return self._clock.now() - ended >= self.setting.grace

    async def perform(self, test: Callable[[Trial], Awaitable[Any]]) -> Any:
        """Let an async service play its part, until it comes back or will not."""
        from openai import AsyncOpenAI  # noqa: PLC0415  # an extra, and not light

        from runlife_adapters.testing.verify.tap import async_http_client  # noqa: PLC0415  # brings its library
        from runlife_adapters.testing.virtual import who_waits  # noqa: PLC0415  # brings asyncio

        loop = asyncio.get_running_loop()
        self.client = AsyncOpenAI(http_client=async_http_client(self.wire), **self._client_options())
        service = loop.create_task(_awaited(test(self)), name="the service")
        given_up = loop.create_future()
        pause = self.setting.grace / _LOOKS + 0.0001  # never at the very moment of a poll

        def look() -> None:
            if self.is_over and not service.done():
                self.stuck = who_waits(loop)
                given_up.set_result(None)
            elif not service.done():
                loop.call_later(pause, look)

        self.wire.on_first_run = lambda: loop.call_later(pause, look)
        await asyncio.wait({service, given_up}, return_when=asyncio.FIRST_COMPLETED)
        if self.stuck is not None:
            raise StuckError
        return service.result()

    def perform_sync(self, test: Callable[[Trial], Any]) -> Any:
        """Let a service without ``async`` play its part; whoever moves the clock calls :meth:`tick`."""
        from openai import OpenAI  # noqa: PLC0415  # an extra, and not light

        from runlife_adapters.testing.verify.tap import sync_http_client  # noqa: PLC0415  # brings its library

        self.client = OpenAI(http_client=sync_http_client(self.wire), **self._client_options())
        self.wire.on_call = self.tick
        return test(self)

    def tick(self) -> None:
        """Look whether a service without ``async`` should have come back.

        :raises StuckError: when it should have; no ``except Exception`` of the service stands in its way.
        """
        if self.is_over or self.now > self.setting.budget:
            self.stuck = self.stuck or ""
            raise StuckError

    def _client_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"api_key": _KEY, "base_url": _URL, "max_retries": self.setting.max_retries}
        if self.setting.timeout is not None:
            options["timeout"] = self.setting.timeout
        return options


def item_texts(output: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what the messages among the items of a response say."""
    said = (part for item in output if item["type"] == "message" for part in item["content"])
    return [part["text"] for part in said if part["type"] == "output_text"]


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result

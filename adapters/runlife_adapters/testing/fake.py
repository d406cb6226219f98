"""The fake service with official clients in front of it, ready for a test.

A :class:`FakeOpenAI` holds everything of one test: a World on a virtual clock, the service around it,
and clients, sync and async, that reach it inside the process. :class:`FakeOpenAIServer` is the same
behind a port of this machine, for code that makes a client of its own, or is not written in Python.
Both are context managers; under pytest, they are the fixtures of
:mod:`runlife_adapters.testing.plugin`::

    with FakeOpenAI(schedule=Schedule(in_progress=[After(1, "failed")])) as fake:
        assert my_service(fake.client) == "sorry"

Unless told otherwise a run makes one move each time it is read, and the clients are told not to wait
between two polls: the SDK's own ``create_and_poll`` is at its end at once, passes through every
status, and no clock is involved. With ``progression="time"`` nothing happens until the test moves the
clock (:meth:`FakeOpenAI.advance`), and ``create_and_poll`` waits for ever unless another thread does.

The clients never retry by themselves, so that a fault of the network is seen where it strikes; where
the retries are what is tested, ``fake.client.with_options(max_retries=2)`` has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from attrs import field, fields, frozen

from runlife import MisuseError, VirtualClock
from runlife_adapters.http import Service, async_client, sync_client
from runlife_adapters.http.faults import FaultPlan
from runlife_adapters.memory import Model, Schedule, World
from runlife_adapters.memory.rules import Rules
from runlife_adapters.policies import policies
from runlife_adapters.testing import sessions

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from runlife_adapters.http.judging import Verdict

__all__ = ["FakeOpenAI", "FakeOpenAIServer", "Setting"]

_KEY = "sk-fake"
_URL = "http://fake.test"
"""Where the clients believe to be: a name that is reserved for tests, and that no resolver knows."""


@frozen(kw_only=True)
class Setting:
    """What a fake is set up with.

    :raises MisuseError: when ``policy`` names what is no policy, or ``rules`` cannot be read.
    """

    progression: Literal["time", "poll", "immediate", "manual"] = "poll"
    """When runs move: ``poll``, ``immediate``, ``manual``, or ``time``, as the clock is moved."""
    policy: Mapping[str, Any] = field(factory=dict[str, Any])
    """Open questions answered otherwise, by name, as ``runlife serve --policy`` has them."""
    schedule: Schedule | None = None
    """What the server does otherwise than usual, with every run that nothing else speaks of."""
    rules: Rules | str | Path | None = None
    """What happens to which run: :class:`~runlife_adapters.memory.rules.Rules`, or the path of a file
    of rules, which may have faults too."""
    faults: FaultPlan | None = None
    """What befalls which call on the network."""
    model: Model | None = None
    """What takes the turns; by default an echo."""
    seed: int = 0
    """What the ids depend on. A plan of faults has a seed of its own."""
    run_ttl: float = 600.0
    """Seconds after its creation at which a run expires."""
    start: float = 1_700_000_000.0
    """Where the clock begins, in unix seconds."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the setting with these fields.

        :raises MisuseError: when there is no field of a name.
        """
        names = [one.name for one in fields(cls)]
        if unknown := [name for name in settings if name not in names]:
            wrong = ", ".join(map(repr, unknown))
            msg = f"no setting of the fake is named {wrong}; there are {', '.join(names)}"
            raise MisuseError(msg)
        return cls(**settings)

    def service(self) -> Service:
        """Return a service with a World of its own."""
        rules, faults = self._rules()
        hurried = {"poll_after_ms": 0} if self.progression in {"poll", "immediate"} else {}
        policy, service_policy = policies({**hurried, **self.policy})
        world = World(
            VirtualClock(self.start),
            policy=policy,
            service_policy=service_policy,
            schedule=self.schedule,
            rules=rules,
            model=self.model,
            seed=self.seed,
            run_ttl=self.run_ttl,
            progression=self.progression,
        )
        return Service(world, faults=self.faults or faults)

    def _rules(self) -> tuple[Rules | None, FaultPlan | None]:
        if not isinstance(self.rules, str | Path):
            return self.rules, None
        from runlife_adapters.http.rulebook import load  # noqa: PLC0415  # only a file needs a reader

        try:
            return load(Path(self.rules).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, MisuseError) as error:
            msg = f"rules {self.rules}: {error}"
            raise MisuseError(msg) from error


class FakeOpenAI:
    """A fake service and its clients, inside this process. A context manager, which closes them.

    :param setting: those of :class:`Setting`.
    :raises MisuseError: when a setting is not what its field says.
    """

    url = f"{_URL}/v1"
    """The ``base_url`` of the clients."""

    def __init__(self, **setting: Any) -> None:
        self.service = Setting.of(setting).service()
        sessions.opened(self.service)
        self._client: OpenAI | None = None
        self._async_client: AsyncOpenAI | None = None

    # What happens

    @property
    def world(self) -> World:
        """The World that is served: what the clients do shows here, and the other way round."""
        return self.service.world

    @property
    def clock(self) -> VirtualClock:
        """The World's clock. To move it, use :meth:`advance`."""
        clock = self.world.clock
        assert isinstance(clock, VirtualClock)
        return clock

    @property
    def rules(self) -> Rules:
        """What happens to which run; may be set at any time, for the runs that are created then."""
        return self.world.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self.world.rules = rules

    def schedule(self, *schedules: Schedule) -> None:
        """Give the runs that are created next a schedule each, in this order.

        :raises MisuseError: when the policy forbids a move that one of them makes.
        """
        self.world.script(*schedules)

    def advance(self, seconds: float) -> float:
        """Move the clock, let everything happen that is due, and return the new time in unix seconds.

        :raises TimeError: when ``seconds`` is negative or not finite.
        """
        return self.world.advance(seconds)

    # Who did what

    @property
    def verdict(self) -> Verdict:
        """What the client did wrong so far."""
        return self.service.verdict

    def check(self) -> None:
        """Assert that the client did nothing wrong so far; the message is the verdict's text."""
        assert not self.verdict.findings(), self.verdict.to_text()

    def calls(self, last: int = 50) -> str:
        """Return the last calls, a line each: number, status, method, path, and what befell them."""
        entries = self.service.log.entries()
        lines: list[str] = []
        for entry in entries[-last:]:
            befallen = f"  ({entry['net']['kind']})" if entry["net"] else ""
            what = f"{entry['status']}  {entry['method']:<6} {entry['path']}"
            lines.append(f"{entry['number']:>4}  {what}{befallen}")
        if earlier := self.service.log.dropped + len(entries) - len(lines):
            lines.insert(0, f"… after {earlier} earlier calls")
        return "\n".join(lines)

    # Clients

    @property
    def client(self) -> OpenAI:
        """The official client; made when it is first asked for, and anew once it was closed."""
        if self._client is None or self._client.is_closed():
            from openai import OpenAI  # noqa: PLC0415  # an extra, and not light

            self._client = OpenAI(api_key=_KEY, base_url=self.url, max_retries=0, **self._way())
        return self._client

    @property
    def async_client(self) -> AsyncOpenAI:
        """The official async client. It need not be closed: between two calls, it holds no connection."""
        if self._async_client is None or self._async_client.is_closed():
            from openai import AsyncOpenAI  # noqa: PLC0415  # the same

            way = self._async_way()
            self._async_client = AsyncOpenAI(api_key=_KEY, base_url=self.url, max_retries=0, **way)
        return self._async_client

    def _way(self) -> dict[str, Any]:
        """Return how the client reaches the service, as arguments for it."""
        return {"http_client": sync_client(self.service)}

    def _async_way(self) -> dict[str, Any]:
        return {"http_client": async_client(self.service)}

    # Life

    def close(self) -> None:
        """Close what is open. The World can still be looked at."""
        if self._client is not None:
            self._client.close()

    def __enter__(self) -> Self:
        """Give itself: it is ready."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close what is open."""
        self.close()


class FakeOpenAIServer(FakeOpenAI):
    """A fake service on a free port of this machine, and clients that reach it there.

    :param setting: those of :class:`Setting`.
    :raises MisuseError: when a setting is not what its field says.
    :raises OSError: when there is no free port.
    """

    def __init__(self, **setting: Any) -> None:
        super().__init__(**setting)
        from runlife_adapters.http.asgi import create_app  # noqa: PLC0415  # the extra may be missing
        from runlife_adapters.http.server import serve  # noqa: PLC0415

        self._serving = serve(create_app(self.service))
        self.url = self._serving.__enter__().url

    def _way(self) -> dict[str, Any]:
        return {}

    def _async_way(self) -> dict[str, Any]:
        # A connection that is kept belongs to the event loop of one test, and only that loop could close it.
        return {"default_headers": {"Connection": "close"}}

    def close(self) -> None:
        """Close the client and the server; streams that are still open are cut."""
        super().close()
        self._serving.__exit__(None, None, None)

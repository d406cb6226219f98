"""Several clients, one thread, one clock, and the real engine: a model that is explored to the end.

Theory of operation. The model is the world in which a run lives. A run stands on a thread, the
server moves it, the clock ticks, and some number of clients make calls. A call has two halves, each
of which takes as long as it likes: its *request* takes effect some time after it was sent, and its
*answer* is received some time after that. So every order in which calls, the server's moves and the
expiry can meet is among the paths that :func:`~runlife.explore.explore` walks. (A client whose
answer is lost is one that no longer waits for it, which is the same step; a request that is lost is
one that never arrives.)

What a call does to a run is not restated here. The engine decides it, through
:class:`~runlife.explore.quotient.RunQuotient`, whose module also says why that is sound.

Bounds. The exploration is exhaustive within: so many clients, each with one call under way; so many
rounds of so many function calls; a lifetime of so many ticks; and, of a second run on the thread,
its birth, so that the clock stops when the first has ended. The last is no loss: a second run is
born with the key that the first one was born with (one of the claims of
:mod:`runlife.explore.lawfulness`), so what
would follow has been explored already.

>>> from runlife.explore.lawfulness import claims
>>> from runlife.explore.search import explore
>>> model = Clients(2, tools=1, rounds=1, ticks=2)
>>> explore(model, *claims(model)).assert_holds()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

from runlife.explore.quotient import TICK, Call, RunKey, RunQuotient
from runlife.explore.search import Model
from runlife.rows import Cause
from runlife.table import RUN, RunStatus

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from runlife.lifecycle import Lifecycle

__all__ = ["POLL", "Clients", "Phase", "State", "Step", "Thread", "Verb"]

POLL = Call("poll")
"""A client reads the run."""

State = tuple[int, ...]
"""The number of a :class:`Thread`, then for each client the number of its :class:`Phase`.

Numbers, because a state is looked up several times for every edge; :meth:`Clients.thread` and
:meth:`Clients.phases` say what they stand for.
"""

Verb = Literal["moves", "sends", "arrives", "receives"]
"""What kind of step: the server or the clock moves the run; a client sends a request; it arrives;
the client receives the answer."""


class Thread(NamedTuple):
    """What stands on the thread: a run, and the one after it once that is created."""

    run: RunKey
    second: RunKey | None = None

    @property
    def runs(self) -> tuple[RunKey, ...]:
        """The runs there are."""
        return (self.run,) if self.second is None else (self.run, self.second)


class Phase(NamedTuple):
    """What a client is about: nothing, a request under way, or an answer under way."""

    half: Literal["idle", "request", "answer"]
    call: Call | None = None
    accepted: bool | None = None
    """Of an answer: whether the call was accepted."""
    saw: RunStatus | None = None
    """Of the answer to a poll: the status that it tells."""


_IDLE = Phase("idle")


class Step(NamedTuple):
    """An action of the model. ``client`` is None for the server's and the clock's."""

    verb: Verb
    client: int | None = None
    call: Call | None = None
    """What is done, or sent. The steps after that follow from the client's phase."""

    def __str__(self) -> str:
        """Return who does what."""
        if self.client is None:
            return str(self.call)
        match self.verb:
            case "arrives":
                return f"the request of client {self.client} arrives"
            case "receives":
                return f"client {self.client} receives its answer"
            case _:
                return f"client {self.client} {self.verb} {self.call}"


T = TypeVar("T", bound="Hashable")


class _Numbering(Generic[T]):
    """Numbers for values, handed out in the order in which they turn up."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[T, int] = {}

    def number(self, value: T) -> int:
        if value not in self._numbers:
            self._numbers[value] = len(self.values)
            self.values.append(value)
        return self._numbers[value]


class Clients(Model[State, Step]):
    """So many clients and one server around one thread.

    :param clients: how many clients.
    :param lifecycle: the lifecycle of a run, under the policy to be explored.
    :param ticks: how long a run lives, in ticks of the clock.
    :param tools: at most so many function calls in a round.
    :param rounds: at most so many rounds of function calls.
    """

    def __init__(
        self,
        clients: int = 2,
        *,
        lifecycle: Lifecycle[RunStatus] = RUN,
        ticks: int = 10,
        tools: int = 3,
        rounds: int = 3,
    ) -> None:
        self.clients = clients
        self.lifecycle = lifecycle
        self.quotient = RunQuotient(lifecycle, ticks=ticks, tools=tools, rounds=rounds)
        self._creations = [Call(row.event) for row in lifecycle.creations]
        self._threads: _Numbering[Thread] = _Numbering()
        self._phases: _Numbering[Phase] = _Numbering()
        # What is known so far: the steps to try, and where each leads.
        self._offers: dict[tuple[int, int, int], Sequence[Step]] = {}
        self._leads: dict[tuple[int, int, Step], tuple[int, int] | None] = {}

    def thread(self, state: State) -> Thread:
        """Return what stands on the thread."""
        return self._threads.values[state[0]]

    def phases(self, state: State) -> tuple[Phase, ...]:
        """Return what each client is about."""
        return tuple(self._phases.values[number] for number in state[1:])

    def describe(self, state: State) -> str:
        """Return a state in words: the runs, and the answers that are under way."""
        words = [" and then ".join(map(str, self.thread(state).runs))]
        for client, phase in enumerate(self.phases(state)):
            if phase.half == "answer":
                outcome = phase.saw or ("accepted" if phase.accepted else "refused")
                words.append(f"answer to client {client}: {outcome}")
        return "; ".join(words)

    def initial_states(self) -> tuple[State]:
        """Return the state with a run that was just created, and idle clients."""
        thread = self._threads.number(Thread(self.quotient.newborn))
        return ((thread, *([self._phases.number(_IDLE)] * self.clients)),)

    def actions(self, state: State) -> Iterator[Step]:
        """Yield what the server and the clock can do, and then each client."""
        for client, number in enumerate((-1, *state[1:]), -1):
            where = (state[0], number, client)
            if where not in self._offers:
                self._offers[where] = self._offered(*where)
            yield from self._offers[where]

    def next_state(self, state: State, action: Step) -> State | None:
        """Return where a step leads, or None when it is not possible.

        To be refused is possible for a client's call: the client gets a refusal for an answer. What
        the server tries and the engine refuses does not happen.
        """
        client = action.client
        if client is not None and not 0 <= client < self.clients:
            return None
        place = 0 if client is None else client + 1
        where = (state[0], state[place], action)
        if where not in self._leads:
            self._leads[where] = self._lead(*where)
        lead = self._leads[where]
        if lead is None:
            return None
        after = list(state)
        after[place] = lead[1]
        after[0] = lead[0]
        return tuple(after)

    def _offered(self, thread: int, number: int, client: int) -> Sequence[Step]:
        run = self._threads.values[thread].run
        if client < 0:
            calls = (TICK, *self.quotient.calls(Cause.SERVER, run))
            steps = [Step("moves", None, call) for call in calls]
            return [step for step in steps if self._lead(thread, thread, step)]
        match self._phases.values[number].half:
            case "request":
                return [Step("arrives", client)]
            case "answer":
                return [Step("receives", client)]
            case _:
                return [Step("sends", client, call) for call in self._sendable(run)]

    def _sendable(self, run: RunKey) -> tuple[Call, ...]:
        return (POLL, *self._creations, *self.quotient.calls(Cause.CLIENT, run))

    def _lead(self, thread_number: int, number: int, step: Step) -> tuple[int, int] | None:
        """Return the numbers of the thread and of the client's phase after a step."""
        thread = self._threads.values[thread_number]
        if step.client is None:
            after = self._moved(thread, step)
            if after is None:
                return None
            thread_number = self._threads.number(after)
            return thread_number, thread_number
        phase = self._phases.values[number]
        match step.verb, phase.half:
            case "sends", "idle" if step.call in self._sendable(thread.run):
                phase = Phase("request", step.call)
            case "arrives", "request" if phase.call is not None:
                thread, accepted = self._heard(thread, phase.call)
                # Of an answer nobody asks how many outputs were submitted: that halves the states.
                call = phase.call._replace(tools=0)
                phase = Phase("answer", call, accepted, thread.run.status if call == POLL else None)
            case "receives", "answer":
                phase = _IDLE
            case _:
                return None
        return self._threads.number(thread), self._phases.number(phase)

    def _moved(self, thread: Thread, step: Step) -> Thread | None:
        """Return the thread after the server or the clock moved its run."""
        call = step.call
        if step.verb != "moves" or call is None:
            return None
        if call != TICK and call not in self.quotient.calls(Cause.SERVER, thread.run):
            return None
        after = self.quotient.after(thread.run, call)
        return None if after is None else thread._replace(run=after)

    def _heard(self, thread: Thread, call: Call) -> tuple[Thread, bool]:
        """Return the thread after a client's request arrived, and whether it was accepted."""
        if call == POLL:
            return thread, True
        if call in self._creations:
            born = self.quotient.born_beside(*thread.runs)
            return (thread, False) if born is None else (thread._replace(second=born), True)
        after = self.quotient.after(thread.run, call)
        return (thread, False) if after is None else (thread._replace(run=after), True)

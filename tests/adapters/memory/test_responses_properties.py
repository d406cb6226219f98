"""Whatever clients do with responses, and whenever: what they see is lawful, and nothing breaks."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlife import VirtualClock
from runlife.responses import RESPONSE, Response, ResponseStatus
from runlife_adapters.memory import NEVER, After, ApiError, Schedule, World
from runlife_adapters.memory.responses.records import AMOUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRIES = st.sampled_from(
    [
        After(1),
        After(0),
        After(NEVER),
        After(2, "requires_action", tools=1),
        After(1, "requires_action", tools=2),
        After(1, "failed"),
        After(3, "incomplete", text="Half of it"),
        After(5, text="one two three"),
    ]
)
QUEUES = st.sampled_from([After(1), After(0), After(1, "failed"), After(NEVER)])
SCHEDULES = st.builds(
    Schedule, queued=st.lists(QUEUES, max_size=2), in_progress=st.lists(ENTRIES, max_size=4)
)
ACTS = st.tuples(
    st.sampled_from(["create", "stream", "answer", "again", "retrieve", "cancel", "delete", "items", "wait"]),
    st.integers(0, 5),
    st.booleans(),
)


def reachable(source: ResponseStatus) -> Iterator[ResponseStatus]:
    """Give the statuses that a response can be seen in after this one."""
    seen, todo = {source}, [source]
    while todo:
        for rows in RESPONSE.moves[todo.pop()].values():
            todo += [row.target for row in rows if row.target not in seen]
            seen.update(todo)
    yield from seen


class Clients:
    """Several clients of one World, who look at all that they have made after each thing they do."""

    def __init__(self, schedule: Schedule, **options: Any) -> None:
        self.world = World(VirtualClock(1_700_000_000.0), schedule=schedule, **options)
        self.talk = self.world.create_conversation().id
        self.known: dict[str, ResponseStatus] = {}
        self.deleted: set[str] = set()

    def act(self, act: str, which: int, flag: bool) -> None:
        """Do one thing; the World may refuse it, and do nothing else."""
        with suppress(ApiError):
            self._act(act, which, background=flag)
        for id in self.known.keys() - self.deleted:
            self.see(self.world.retrieve_response(id))

    def _act(self, act: str, which: int, *, background: bool) -> None:
        world, said = self.world, {"model": "m", "background": background}
        ids = list(self.known)
        id = ids[which % len(ids)] if ids else "resp_x"
        match act:
            case "create":
                self.see(world.create_response(input="Hello", **said, **self._place(which)))
            case "stream":
                stream = world.stream_response(input="Hello", **said, **self._place(which))
                self.see(world.retrieve_response(stream.response_id))
            case "answer" | "again":
                response = world.retrieve_response(id)
                calls = [i["call_id"] for i in response.output if i["type"] == "function_call"]
                given = [{"type": "function_call_output", "call_id": call, "output": "1"} for call in calls]
                more = [{"role": "user", "content": "And?"}] if act == "again" else []
                previous: Any = {"previous_response_id": id}
                self.see(world.create_response(input=[*given, *more], **said, **previous))
            case "retrieve":
                self.see(world.retrieve_response(id))
            case "cancel":
                self.see(world.cancel_response(id))
            case "delete":
                world.delete_response(id)
                self.deleted.add(id)
            case "items":
                world.list_input_items(id)
                world.list_conversation_items(self.talk)
            case _:
                world.advance(which / 2)

    def _place(self, which: int) -> Any:
        return {"conversation": self.talk} if which % 3 == 0 else {}

    def see(self, response: Any) -> None:
        """Look at a response: it has come from where it was by the table."""
        before = self.known.get(response.id)
        starts = [ResponseStatus.QUEUED if response.background else ResponseStatus.IN_PROGRESS]
        assert response.status in set(reachable(before or starts[0]))
        assert (response.usage is None) or response.status in RESPONSE.terminal
        self.known[response.id] = response.status


@pytest.mark.slow
@given(SCHEDULES, st.lists(ACTS, max_size=20), st.sampled_from(["time", "poll", "immediate", "manual"]))
def test_every_response_is_lawful_whatever_is_done(
    schedule: Schedule, acts: list[tuple[str, int, bool]], progression: Any
) -> None:
    """Each is seen on a path of its table; its journal replays; and nothing but refusals is raised."""
    clients = Clients(schedule, progression=progression)
    for act in acts:
        clients.act(*act)

    book = clients.world._store.book
    for record in book.responses.values():
        journal = record.response.journal
        assert Response.replay(journal).status is clients.world.response(record.response.id).status
        assert journal[0].at == record.response.created_at
        # Its run is where the response says that it is, as long as nobody has gone on with it.
        if record.run.witness is record:
            assert record.response.is_terminal is (
                record.run.run.is_terminal or record.run.run.required_action is not None
            )


def test_every_end_of_a_round_amounts_to_an_end_of_a_response() -> None:
    """The mapping is the engine's, read backwards: every event but the creation stands in it."""
    ends = {row.event for row in RESPONSE.rows if row.source is not None}

    assert set(AMOUNTS.values()) == ends


@pytest.mark.slow
@given(SCHEDULES, st.lists(ACTS, max_size=40))
def test_a_world_that_forgets_is_as_lawful(schedule: Schedule, acts: list[tuple[str, int, bool]]) -> None:
    """What somebody may still come for is there, whatever was forgotten."""
    clients = Clients(schedule, keep=50)
    for act in acts:
        clients.act(*act)

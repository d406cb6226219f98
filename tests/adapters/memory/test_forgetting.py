"""What a World with a bound forgets, and what it does not: nobody is to be surprised by it."""

from __future__ import annotations

from typing import Any

import pytest

from runlife import RunStatus, VirtualClock
from runlife_adapters.memory import NEVER, After, ApiError, RunObject, Schedule, Upload, World

THREAD: Any = {"messages": [{"role": "user", "content": "Hello"}]}
TEXT = Upload("a.txt", b"words")


class Bounded:
    """A bounded World with an assistant, and a client that does this and that."""

    def __init__(self, keep: int, **options: Any) -> None:
        self.world = World(VirtualClock(), keep=keep, run_ttl=10_000, **options)
        self.assistant = self.world.create_assistant(model="m").id

    def start(self) -> RunObject:
        """Start a run on a thread of its own."""
        return self.world.create_thread_and_run(assistant_id=self.assistant, thread=THREAD)

    def live(self) -> RunObject:
        """Start a run, and look at it when it is over."""
        run = self.start()
        self.world.advance(5)
        return self.world.retrieve_run(run.thread_id, run.id)

    def there(self, thread_id: str) -> bool:
        """Say whether a thread is there, without asking for it, which would make a difference."""
        return thread_id in self.world._store.threads


def test_what_is_done_with_is_forgotten_but_for_the_newest() -> None:
    """At least the newest threads stay, an active run is never forgotten, and the rest is bounded."""
    world = World(VirtualClock(), keep=2, run_ttl=10_000)
    assistant = world.create_assistant(model="gpt-4o")
    world.script(Schedule(in_progress=[After(1, "requires_action", tools=1)]))
    active = world.create_thread_and_run(assistant_id=assistant.id, thread=THREAD)
    threads: list[str] = []
    for _ in range(100):
        assistant = world.create_assistant(model="gpt-4o")
        thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}])
        run = world.create_run(thread.id, assistant_id=assistant.id)
        threads.append(thread.id)
        world.advance(5)
        world.retrieve_run(thread.id, run.id)
    store = world._store
    assert world.retrieve_run(active.thread_id, active.id).status is RunStatus.REQUIRES_ACTION
    assert all(world.retrieve_thread(thread) for thread in threads[-2:])
    assert len(store.threads) + len(store.runs) < 60
    assert len(store.assistants) < 60


def test_files_that_nothing_names_any_more_are_forgotten() -> None:
    """They used to stay for ever; what an assistant, a thread, a run or a message still names, does."""
    world = World(VirtualClock(), keep=2, run_ttl=10_000)

    def upload() -> str:
        return world.create_file(file=TEXT, purpose="assistants").id

    named = {what: upload() for what in ("assistant", "store", "run", "thread", "attached", "shown")}
    store = world.create_vector_store(file_ids=[named["store"]])
    interpreter = {what: {"code_interpreter": {"file_ids": [id]}} for what, id in named.items()}
    search = {"file_search": {"vector_store_ids": [store.id]}}
    assistant = world.create_assistant(model="m", tool_resources={**interpreter["assistant"], **search})
    said: Any = [
        {"role": "user", "content": "Hello", "attachments": [{"file_id": named["attached"]}]},
        {"role": "user", "content": [{"type": "image_file", "image_file": {"file_id": named["shown"]}}]},
    ]
    world.script(Schedule(in_progress=[After(NEVER)]))
    world.create_thread_and_run(
        assistant_id=assistant.id,
        tool_resources=interpreter["run"],
        thread={"messages": said, "tool_resources": interpreter["thread"]},
    )
    for _ in range(150):
        newest = [upload() for _ in range(2)]
        thread = world.create_thread(
            messages=[{"role": "user", "content": "Hello"}],
            tool_resources={"file_search": {"vector_stores": [{"file_ids": newest[:1]}]}},
        )
        run = world.create_run(thread.id, assistant_id=assistant.id)
        world.advance(5)
        world.retrieve_run(thread.id, run.id)

    assert all(world.retrieve_file(id) for id in (*named.values(), *newest))
    assert world.retrieve_vector_store(store.id).file_counts["total"] == 1
    assert len(world._store.vector_stores) < 75
    assert len(world._store.files) < 100


@pytest.mark.parametrize("parallel", [8, 15])
def test_a_client_that_runs_many_in_parallel_reads_the_end_of_each(parallel: int) -> None:
    """With a bound of two it used to be told that there is no such run, of ends that it had never read."""
    client = Bounded(keep=2)
    for _ in range(5):
        client.live()
    runs: list[RunObject] = []
    for _ in range(parallel):
        runs.append(client.start())
        client.world.advance(5)

    ends = {client.world.retrieve_run(run.thread_id, run.id).status for run in runs}
    assert ends == {RunStatus.COMPLETED}


def test_what_was_made_and_not_yet_used_waits_for_its_user() -> None:
    """A thread without a run, an assistant and a file used to go as if they had been done with."""
    client = Bounded(keep=2)
    thread = client.world.create_thread()
    assistant = client.world.create_assistant(model="m")
    file = client.world.create_file(file=TEXT, purpose="assistants")
    store = client.world.create_vector_store()
    for _ in range(100):
        client.live()

    assert client.world.retrieve_thread(thread.id).id == thread.id
    assert client.world.retrieve_assistant(assistant.id) == assistant
    assert client.world.retrieve_file(file.id) == file
    assert client.world.retrieve_vector_store(store.id).id == store.id


def test_a_thread_that_somebody_asks_about_outlives_newer_ones() -> None:
    """Of what is done with, not the oldest goes, but what nobody has asked about for the longest time."""
    client = Bounded(keep=2)
    old = client.live()
    others: list[RunObject] = []
    for _ in range(30):
        others.append(client.live())
        client.world.list_messages(old.thread_id)

    assert client.there(old.thread_id)
    assert not client.there(others[0].thread_id)


def test_the_end_of_a_stream_is_an_end_that_was_read() -> None:
    """Whoever has taken all of it is done with the run; whoever has left it may still come back."""
    client = Bounded(keep=1)
    taken, left = (
        client.world.stream_thread_and_run(assistant_id=client.assistant, thread=THREAD) for _ in range(2)
    )
    left.close()
    client.world.advance(5)
    taken.take()
    for _ in range(15):
        client.live()

    assert taken.over
    assert not client.there(taken.thread_id)
    assert client.there(left.thread_id)


def test_ends_that_nobody_reads_are_bounded_too() -> None:
    """Else a client that starts runs and leaves would fill the memory."""
    client = Bounded(keep=2)
    for _ in range(100):
        client.start()
        client.world.create_thread()
        client.world.advance(5)

    assert len(client.world._store.threads) < 100
    assert len(client.world._store.runs) < 100


def test_a_client_that_only_uploads_is_bounded() -> None:
    """Nothing used to be forgotten before the next run was created."""
    client = Bounded(keep=5)
    newest = [client.world.create_file(file=TEXT, purpose="assistants").id for _ in range(1_000)][-50:]

    assert all(client.world.retrieve_file(id) for id in newest)
    assert len(client.world._store.files) < 150


def test_runs_of_deleted_threads_are_forgotten_but_for_the_newest() -> None:
    """Their journals outlive the thread for a while."""
    client = Bounded(keep=2)
    runs = [client.live() for _ in range(2)]
    for run in runs:
        client.world.delete_thread(run.thread_id)
    client.start()
    assert all(client.world.journal(run.id) for run in runs)

    for _ in range(50):
        client.world.delete_thread(client.live().thread_id)
    with pytest.raises(ApiError, match="No run found"):
        client.world.journal(runs[0].id)


def test_a_long_thread_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every few creations, all the messages of all threads used to be looked through."""
    client = Bounded(keep=1)
    long = client.world.create_thread(messages=[{"role": "user", "content": "Hello"}] * 500)
    client.world.script(Schedule(in_progress=[After(NEVER)]))
    client.world.create_run(long.id, assistant_id=client.assistant)
    client.world.advance(5)
    messages = client.world._store.threads[long.id].messages
    looked: list[str] = []

    class Watched(dict[str, Any]):
        """Messages that tell when they are gone through."""

        def values(self) -> Any:
            looked.append("values")
            return super().values()

    client.world._store.threads[long.id].messages = Watched(messages)
    for _ in range(50):
        client.live()

    assert looked == []


def test_a_file_that_a_thread_is_about_to_name_is_not_forgotten_under_its_hands() -> None:
    """Forgetting used to come between the creation of a run and that of its thread."""
    client = Bounded(keep=1)
    client.world._store._pause = 100
    file, *_ = [client.world.create_file(file=TEXT, purpose="assistants").id for _ in range(11)]
    said: Any = [{"role": "user", "content": "x", "attachments": [{"file_id": file}]}]
    client.world._store._pause = 0  # so that it is this call which forgets
    client.world.create_thread_and_run(assistant_id=client.assistant, thread={"messages": said})

    assert client.world.retrieve_file(file).id == file

"""What is put into a World is checked as strictly as what is asked of it."""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from runlife import MisuseError, VirtualClock
from runlife_adapters.memory import After, FileSearch, Found, Schedule, Upload, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = 1_700_000_000.0
LATER = int(NOW) + 10**9
ZZZ = {"type": "zzz"}


def answers() -> list[dict[str, Any]]:
    """Return wire objects of every kind, as a World has answered them."""
    world = World(VirtualClock(NOW - 100))
    file = world.create_file(file=Upload("a.txt", b"some words"), purpose="assistants")
    store = world.create_vector_store(
        file_ids=[file.id], expires_after={"anchor": "last_active_at", "days": 1}, metadata={"a": "b"}
    )
    batch = world.create_vector_store_file_batch(store.id, file_ids=[file.id])
    tools = [{"type": "function", "function": {"name": "weather"}}, {"type": "file_search"}]
    resources = {"file_search": {"vector_store_ids": [store.id]}}
    assistant = world.create_assistant(model="m", name="n", tools=tools, tool_resources=resources)
    world.script(
        Schedule(
            in_progress=[
                After(1, "requires_action", tools=1, steps=[FileSearch([Found(file.id, "a.txt")])]),
                After(1, text="Sunny."),
            ]
        ),
        Schedule(in_progress=[After(1, "requires_action", tools=2)]),
    )
    attached = [{"file_id": file.id, "tools": [{"type": "code_interpreter"}]}]
    thread = world.create_thread(
        messages=[{"role": "user", "content": "Weather?", "attachments": attached}], metadata={"c": "d"}
    )
    run = world.create_run(thread.id, assistant_id=assistant.id, metadata={"e": "f"})
    world.advance(3)
    action = world.retrieve_run(thread.id, run.id).required_action
    assert action is not None
    outputs = [{"tool_call_id": call.id, "output": "sunny"} for call in action.tool_calls]
    world.submit_tool_outputs(thread.id, run.id, tool_outputs=outputs)
    world.advance(5)
    waiting = world.create_run(thread.id, assistant_id=assistant.id, max_prompt_tokens=9999)
    world.advance(5)
    steps = [
        step for id in (run.id, waiting.id) for step in world.list_run_steps(thread.id, id, order="asc").data
    ]
    things = [
        file,
        world.retrieve_vector_store(store.id),
        world.retrieve_vector_store_file_batch(store.id, batch.id),
        assistant,
        world.retrieve_thread(thread.id),
        *world.list_runs(thread.id, order="asc").data,
        *world.list_messages(thread.id, order="asc").data,
        *steps,
    ]
    objects = [thing.to_json() for thing in things]
    objects[1]["file_ids"] = objects[2]["file_ids"] = [file.id]
    return objects


ANSWERS = answers()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path to everything within a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*path, name)
        yield from places(item, (*path, name))


PLACES = list(places(ANSWERS))
JUNK: list[Any] = [
    None, True, 0, -1, 1, 2.5, 1e300, 10**30, 7, "", "x", "auto", "\ud800", "a" * 600, [], [None], ["x"], [5],
    [[]], {}, {"type": "x"}, [{"type": "x"}], {"type": "function"}, {"": {}}, {"a": 5}, {"days": "x"},
    LATER, str(LATER),
]  # fmt: skip
changes = st.tuples(
    st.sampled_from(PLACES),
    st.sampled_from(["replace", "remove", "add", "swap"]),
    st.sampled_from(JUNK),
    st.sampled_from(PLACES),
)


def within(objects: Any, path: tuple[Any, ...]) -> Any:
    """Return what is at a path."""
    for name in path:
        objects = objects[name]
    return objects


def changed(objects: list[Any], change: tuple[Any, str, Any, Any]) -> None:
    """Change objects at one place, if it is still there."""
    path, way, junk, other = change
    try:
        parent, value = within(objects, path[:-1]), within(objects, path)
        if way == "replace":
            parent[path[-1]] = deepcopy(junk)
        elif way == "remove":
            del parent[path[-1]]
        elif way == "swap":
            parent[path[-1]] = deepcopy(within(objects, other))
        elif isinstance(value, list):
            value.append(deepcopy(junk))
        elif isinstance(value, dict):
            value["more"] = deepcopy(junk)
    except (KeyError, IndexError, TypeError):
        return  # an earlier change took it away


def look_around(world: World) -> list[Any]:
    """Read everything that the seeds are about, as a client would; what is missing is refused."""
    ids: dict[str, list[dict[str, Any]]] = {}
    for said in ANSWERS:
        ids.setdefault(said["object"], []).append(said)
    (assistant,), (thread,), (store,) = (ids[kind] for kind in ("assistant", "thread", "vector_store"))
    calls: list[Callable[[], Any]] = [
        world.list_assistants,
        world.list_files,
        world.list_vector_stores,
        partial(world.search_vector_store, store["id"], query="words"),
        partial(world.list_vector_store_files, store["id"]),
        partial(world.retrieve_vector_store_file_batch, store["id"], ids["vector_store.file_batch"][0]["id"]),
        partial(world.retrieve_thread, thread["id"]),
        partial(world.list_messages, thread["id"]),
        partial(world.list_runs, thread["id"]),
        *(partial(world.list_run_steps, run["thread_id"], run["id"]) for run in ids["thread.run"]),
        *(partial(world.cancel_run, run["thread_id"], run["id"]) for run in ids["thread.run"]),
        partial(world.create_message, thread["id"], role="user", content="weather"),
        partial(world.create_run, thread["id"], assistant_id=assistant["id"]),
    ]
    read: list[Any] = []
    for call in calls:
        try:
            read.append(call().to_json())
        except MisuseError:
            continue
        finally:
            world.advance(7)
    return read


def test_what_a_world_has_answered_another_takes() -> None:
    """As long as nothing is changed, there is nothing to complain of."""
    assert len(World(VirtualClock(NOW)).seed(ANSWERS)) == len(ANSWERS)


@pytest.mark.slow
@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(changes, min_size=1, max_size=3))
def test_whatever_is_wrong_with_a_seed_is_refused_or_does_no_harm(chosen: list[Any]) -> None:
    """`expires_after: "auto"` used to be an AttributeError, and there was no telling what else was."""
    objects = deepcopy(ANSWERS)
    for change in chosen:
        changed(objects, change)
    world = World(VirtualClock(NOW))
    try:
        world.seed(objects)
    except MisuseError:
        event("refused")
        return
    event("taken")
    assert json.dumps(look_around(world))


@pytest.mark.parametrize(
    ("kind", "said", "complaint"),
    [
        ("vector_store", {"expires_after": "auto"}, "expires_after: expected an object with a number"),
        ("vector_store", {"expires_after": {"days": 0}}, "expires_after: expected an object with a n"),
        ("vector_store", {"file_ids": 5}, "file_ids: expected an array"),
        ("vector_store", {"last_active_at": LATER}, "last_active_at: .* has not come yet"),
        ("assistant", {"tools": [ZZZ]}, "tools: expected one of the types 'function', "),
        ("assistant", {"tools": [{"type": "function", "function": {"name": 5}}]}, "tools: .*, got 5"),
        ("assistant", {"tools": [{"type": "file_search"}] * 129}, "tools: expected at most 128 of them"),
        ("assistant", {"tool_resources": {"browser": {}}}, "tool_resources: .*unknown 'browser'"),
        ("assistant", {"response_format": ZZZ}, "response_format: expected one of the types 'text', "),
        ("assistant", {"temperature": 3}, "temperature: expected a number from 0 to 2"),
        ("assistant", {"metadata": {str(n): "" for n in range(17)}}, "metadata: expected at most 16"),
        ("assistant", {"created_at": LATER}, "created_at: .* has not come yet"),
        ("thread", {"created_at": LATER}, "created_at: .* has not come yet"),
        ("thread", {"tool_resources": {"code_interpreter": {"file_ids": "f"}}}, "expected an array"),
        ("file", {"created_at": LATER}, "created_at: .* has not come yet"),
        ("file", {"purpose": "fun"}, "purpose: expected 'fine-tune' or "),
        ("thread.run", {"tool_choice": "sometimes"}, "tool_choice: expected 'none' or 'auto' or "),
        ("thread.run", {"tool_choice": ZZZ}, "tool_choice: expected one of the types 'function', "),
        ("thread.run", {"truncation_strategy": {"type": "first"}}, "truncation_strategy: expected one"),
        ("thread.run", {"truncation_strategy": {"type": "auto", "last_messages": 0}}, "not below 1, got 0"),
        ("thread.message", {"thread_id": "t", "content": [ZZZ]}, "content: expected one of the types"),
        ("thread.message", {"thread_id": "t", "attachments": [{"tools": [ZZZ]}]}, "attachments: expect"),
    ],
)
def test_what_no_request_can_say_no_seed_can(kind: str, said: dict[str, Any], complaint: str) -> None:
    """Tools of types that there are not, and times to come, used to be taken as they were."""
    with pytest.raises(MisuseError, match=complaint):
        World(VirtualClock(NOW)).seed([{"object": kind, **said}])


def test_a_seeded_file_of_which_only_the_size_is_said_takes_no_room() -> None:
    """Its blanks used to be kept: five kilobytes of seeds took half a gigabyte."""
    world = World(VirtualClock(NOW))
    files = world.seed([{"object": "file", "purpose": "vision", "bytes": 8_000_000}] * 100)

    assert world.retrieve_file(files[0].id).bytes == 8_000_000
    assert world.retrieve_file_content(files[-1].id) == b" " * 8_000_000
    assert sys.getsizeof(world._store.files[files[0].id]._content) < 100

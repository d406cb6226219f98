"""Putting wire objects into a World, and taking everything out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from runlife import RUN, Cause, FieldState, MisuseError, Policy, Run, VirtualClock
from runlife_adapters.memory import After, ApiError, Schedule, World
from runlife_adapters.memory.rules import Rule, Rules, When

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = 1_700_000_000.5
BEFORE = 1_699_999_900
FUNCTION = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}, "strict": False},
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
WAITS = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}}
ACTIVE = [status.value for status in RUN.live]
TIMED = {row.target.value for row in RUN.transitions if row.cause is Cause.TIMER}


@pytest.fixture
def world() -> World:
    """Give a World that has been there for a while."""
    return World(VirtualClock(NOW))


def run_of(**said: Any) -> dict[str, Any]:
    """Return a run as somebody might write it down."""
    return {"object": "thread.run", "id": "run_id", "thread_id": "thread_id", **said}


def of_kind(kind: str, **said: Any) -> dict[str, Any]:
    """Return an object of a kind."""
    return {"object": kind, **said}


def everything(world: World) -> list[Any]:
    """Return what a World holds, and which ids it gives next, as far as anybody can tell."""
    assistants = world.list_assistants(limit=100).to_json()
    threads = [run.to_json() for id in ("thread_id", "thread_2") for run in runs_on(world, id)]
    return [assistants, threads, world.list_files().to_json(), world.create_thread().id]


def runs_on(world: World, thread_id: str) -> list[Any]:
    """Return the runs on a thread; none when there is no such thread."""
    try:
        return list(world.list_runs(thread_id).data)
    except ApiError:
        return []


# What was seeded is what there is

usages = st.builds(
    lambda prompt, completion: {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_token_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    },
    st.integers(0, 99),
    st.integers(0, 99),
)
errors = st.builds(
    lambda code: {"code": code, "message": "Sorry."}, st.sampled_from(["server_error", "other"])
)
names = st.text(max_size=8)
metadata = st.dictionaries(names, names, max_size=2)


@st.composite
def whole_runs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a run as the service answers it, whole: its status, and what the table says that means."""
    status = draw(st.sampled_from(sorted(RUN.statuses)))
    states = RUN.field_states()[status]
    moment = BEFORE
    facts: dict[str, Any] = {}
    for name in ("started_at", "completed_at", "failed_at", "cancelled_at"):
        is_set = states[name] is FieldState.SET or (states[name] is FieldState.EITHER and draw(st.booleans()))
        moment += draw(st.integers(0, 20)) if is_set else 0
        facts[name] = moment if is_set else None
    usage = draw(usages)
    if status in TIMED and facts["started_at"] is None:  # it never spoke
        usage = {**usage, "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    values: Mapping[str, Any] = {
        "expires_at": BEFORE + draw(st.integers(101, 600)),
        "required_action": WAITS,
        "last_error": draw(errors),
        "incomplete_details": {"reason": "max_prompt_tokens"},
        "usage": usage,
    }
    facts |= {name: value if states[name] is FieldState.SET else None for name, value in values.items()}
    return {
        "id": draw(st.sampled_from(["run_1", "run_id", "x"])),
        "object": "thread.run",
        "created_at": BEFORE,
        "assistant_id": "asst_1",
        "thread_id": "thread_id",
        "status": status,
        **facts,
        "model": draw(names),
        "instructions": draw(st.none() | names),
        "tools": draw(st.sampled_from([[], [FUNCTION]])),
        "tool_resources": {},
        "metadata": draw(metadata),
        "temperature": draw(st.sampled_from([None, 0.5])),
        "top_p": draw(st.sampled_from([None, 1.0])),
        "reasoning_effort": draw(st.sampled_from([None, "low"])),
        "max_completion_tokens": draw(st.none() | st.integers(1, 999)),
        "max_prompt_tokens": draw(st.none() | st.integers(1, 999)),
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "response_format": "auto",
        "tool_choice": draw(st.sampled_from(["auto", "required"])),
        "parallel_tool_calls": draw(st.booleans()),
    }


@pytest.mark.slow
@given(whole_runs())
def test_a_run_in_any_status_is_retrieved_as_it_was_seeded(said: dict[str, Any]) -> None:
    """Field by field, whatever the table allows; and its journal is a life that the table allows."""
    event(said["status"])
    world = World(VirtualClock(NOW))
    seeded = world.seed([said])

    assert seeded[0].to_json() == said
    assert world.retrieve_run("thread_id", said["id"]).to_json() == said
    run = world.run(said["id"])
    assert Run.replay(run.journal).facts() == run.facts()


ASSISTANT = {
    "id": "asst_1",
    "object": "assistant",
    "created_at": BEFORE,
    "name": "Clerk",
    "description": None,
    "model": "gpt-4o",
    "instructions": None,
    "tools": [FUNCTION],
    "top_p": 1.0,
    "temperature": None,
    "reasoning_effort": None,
    "tool_resources": {},
    "metadata": {"k": "v"},
    "response_format": "auto",
}
THREAD = {
    "id": "thread_id",
    "object": "thread",
    "created_at": BEFORE,
    "metadata": {},
    "tool_resources": {"code_interpreter": {"file_ids": ["file-1"]}},
}
ASKED = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": BEFORE,
    "assistant_id": None,
    "thread_id": "thread_id",
    "run_id": None,
    "role": "user",
    "attachments": [],
    "metadata": {},
    "content": [{"type": "text", "text": {"value": "Hello", "annotations": []}}],
}
ANSWERED = {
    "id": "msg_2",
    "object": "thread.message",
    "created_at": BEFORE + 2,
    "assistant_id": "asst_1",
    "thread_id": "thread_id",
    "run_id": "run_id",
    "role": "assistant",
    "attachments": [],
    "metadata": {},
    "content": [{"type": "text", "text": {"value": "Hi", "annotations": []}}],
}
COMPLETED = run_of(
    assistant_id="asst_1", status="completed", created_at=BEFORE, started_at=BEFORE, completed_at=BEFORE + 9
)


def step_of(id: str, details: Any, **said: Any) -> dict[str, Any]:
    """Return a completed step as the service answers it."""
    return {
        "id": id,
        "object": "thread.run.step",
        "created_at": BEFORE + 1,
        "run_id": "run_id",
        "assistant_id": "asst_1",
        "thread_id": "thread_id",
        "type": details["type"],
        "status": "completed",
        "cancelled_at": None,
        "completed_at": BEFORE + 3,
        "expires_at": None,
        "failed_at": None,
        "last_error": None,
        "step_details": details,
        "usage": None,
        **said,
    }


STEPS = [
    step_of(
        "step_1",
        {
            "type": "tool_calls",
            "tool_calls": [{**CALL, "function": {"name": "weather", "arguments": "{}", "output": "sunny"}}],
        },
    ),
    step_of(
        "step_2",
        {
            "type": "tool_calls",
            "tool_calls": [
                {
                    "id": "call_2",
                    "type": "code_interpreter",
                    "code_interpreter": {
                        "input": "print(1)",
                        "outputs": [
                            {"type": "logs", "logs": "1"},
                            {"type": "image", "image": {"file_id": "f"}},
                        ],
                    },
                }
            ],
        },
    ),
    step_of(
        "step_3",
        {
            "type": "tool_calls",
            "tool_calls": [
                {
                    "id": "call_3",
                    "type": "file_search",
                    "file_search": {
                        "ranking_options": {"ranker": "auto", "score_threshold": 0.5},
                        "results": [{"file_id": "f", "file_name": "f.txt", "score": 0.9, "attributes": {}}],
                    },
                }
            ],
        },
    ),
    step_of("step_4", {"type": "message_creation", "message_creation": {"message_id": "msg_2"}}),
    step_of(
        "step_5",
        {"type": "tool_calls", "tool_calls": []},
        status="failed",
        completed_at=None,
        failed_at=BEFORE + 4,
        last_error={"code": "server_error", "message": "Sorry."},
    ),
]
FILE = {
    "id": "file-1",
    "object": "file",
    "purpose": "assistants",
    "filename": "a.txt",
    "bytes": 12,
    "created_at": BEFORE,
    "expires_at": None,
    "status": "processed",
    "status_details": None,
}
STORE = {
    "id": "vs_1",
    "object": "vector_store",
    "created_at": BEFORE,
    "name": "Books",
    "description": None,
    "usage_bytes": 12,
    "status": "completed",
    "expires_after": {"anchor": "last_active_at", "days": 1},
    "expires_at": BEFORE + 86_400,
    "last_active_at": BEFORE,
    "metadata": {},
    "file_counts": {"in_progress": 0, "completed": 1, "failed": 0, "cancelled": 0, "total": 1},
}
BATCH = {
    "id": "batch_id",
    "object": "vector_store.file_batch",
    "created_at": BEFORE,
    "vector_store_id": "vs_1",
    "status": "completed",
    "file_counts": STORE["file_counts"],
}
SCENE = [
    ASSISTANT,
    THREAD,
    ASKED,
    COMPLETED,
    ANSWERED,
    *STEPS,
    FILE,
    {**STORE, "file_ids": ["file-1"]},
    {**BATCH, "file_ids": ["file-1"]},
]


@pytest.mark.parametrize("turned", [False, True])
def test_objects_of_every_kind_are_as_they_were_seeded(world: World, turned: bool) -> None:
    """In whatever order they come: a message may come before its thread, a step before its run."""
    scene = SCENE[::-1] if turned else SCENE
    seeded = [made.to_json() for made in world.seed(scene)]

    for said, made in zip(scene, seeded, strict=True):
        assert {name: made[name] for name in said if name != "file_ids"} == {
            name: value for name, value in said.items() if name != "file_ids"
        }
    assert world.retrieve_assistant("asst_1").to_json() == ASSISTANT
    assert world.retrieve_thread("thread_id").to_json() == THREAD
    assert world.retrieve_message("thread_id", "msg_2").to_json() == ANSWERED
    assert world.retrieve_file("file-1").to_json() == FILE
    assert world.retrieve_vector_store("vs_1").to_json() == STORE
    assert world.retrieve_vector_store_file_batch("vs_1", "batch_id").to_json() == BATCH
    steps = [step.to_json() for step in world.list_run_steps("thread_id", "run_id", order="asc").data]
    assert sorted(steps, key=lambda step: step["id"]) == STEPS


def test_a_batch_of_files_may_be_all_that_fills_its_store(world: World) -> None:
    """There used to be no way to seed one. Its store may say what that comes to without naming the files."""
    world.seed([FILE, STORE, {**BATCH, "file_ids": ["file-1", "file-1"]}])
    (entry,) = world.list_vector_store_file_batch_files("vs_1", "batch_id").data

    assert (entry.id, entry.status, entry.created_at) == ("file-1", "completed", BEFORE)
    assert world.retrieve_vector_store("vs_1").to_json() == STORE


def test_a_batch_joins_a_store_that_is_there(world: World) -> None:
    """Its files come into the store, by their age; what is in a batch of before stays in it."""
    files = [{**FILE, "id": id} for id in ("file-1", "file-2")]
    older = of_kind("vector_store.file_batch", id="b0", vector_store_id="string", file_ids=["file-1"])
    world.seed([*files, of_kind("vector_store", id="string"), older])
    before = world.retrieve_vector_store_file_batch("string", "b0")
    world.seed([{**BATCH, "vector_store_id": "string", "file_ids": ["file-2"]}])

    assert [entry.id for entry in world.list_vector_store_files("string", order="asc").data] == [
        "file-2",
        "file-1",
    ]
    assert world.retrieve_vector_store_file_batch("string", "batch_id").file_counts["total"] == 1
    assert world.retrieve_vector_store_file_batch("string", "b0") == before


@pytest.mark.parametrize(
    ("status", "later"),
    [("in_progress", "completed"), ("cancelled", "cancelled"), ("completed", "completed")],
)
def test_a_batch_goes_on_from_its_status(world: World, status: str, later: str) -> None:
    """One in progress is completed when somebody looks, as any is; one that was cancelled stays so."""
    (*_, made) = world.seed([FILE, of_kind("vector_store", id="s"), {**BATCH_OF_S, "status": status}])

    assert made.to_json()["status"] == status
    batch = world.retrieve_vector_store_file_batch("s", "b")
    assert (batch.status, batch.file_counts[later]) == (later, 1)


BATCH_OF_S: dict[str, Any] = of_kind(
    "vector_store.file_batch", id="b", vector_store_id="s", file_ids=["file-1"]
)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"vector_store_id": None}, "vector_store_id: a batch belongs to a vector store; there is no None"),
        ({"vector_store_id": "x"}, "vector_store_id: a batch belongs to a vector store; there is no 'x'"),
        ({"file_ids": ["file-2"]}, "file_ids: there is no file 'file-2'"),
        ({"file_ids": ["file-3"]}, "file_ids: 'file-3' belongs to the batch 'b0'"),
        ({"file_ids": 5}, "file_ids: expected an array"),
        ({"status": "failed"}, "status: expected 'in_progress' or 'completed' or 'cancelled', got 'failed'"),
        ({"file_counts": {"total": 2}}, "file_counts: expected .*'total': 0}, by the rest of what is said"),
        ({"created_at": int(NOW) + 1}, "created_at: .* has not come yet"),
        ({"purpose": "x"}, "unknown 'purpose'"),
        ({"id": "b0"}, "id: is there already"),
    ],
)
def test_what_a_batch_cannot_be_is_refused_and_its_store_is_as_it_was(
    world: World, said: dict[str, Any], complaint: str
) -> None:
    """The store gets its files only when everything can be put in."""
    there = {**BATCH_OF_S, "id": "b0", "file_ids": ["file-3"]}
    world.seed([FILE, {**FILE, "id": "file-3"}, of_kind("vector_store", id="s"), there])
    before = world.list_vector_store_files("s")
    with pytest.raises(MisuseError, match=complaint):
        world.seed([{**BATCH_OF_S, "id": "good"}, {**BATCH_OF_S, "file_ids": [], **said}])

    assert world.list_vector_store_files("s") == before
    with pytest.raises(ApiError):
        world.retrieve_vector_store_file_batch("s", "good")


def test_a_store_agrees_with_its_batches(world: World) -> None:
    """One that is completed has no batch in progress."""
    with pytest.raises(MisuseError, match=r"'vs_1': file_counts: expected .*'in_progress': 1"):
        world.seed(
            [
                FILE,
                STORE,
                {
                    "object": BATCH["object"],
                    "vector_store_id": "vs_1",
                    "status": "in_progress",
                    "file_ids": ["file-1"],
                },
            ]
        )


def test_a_seeded_run_has_the_tool_that_it_is_told_to_use(world: World) -> None:
    """What no request can bring about used to be taken, and then the run called what it did not have."""
    choice = {"type": "function", "function": {"name": "weather"}}
    with pytest.raises(MisuseError, match="'run_id': tool_choice: Tool choice 'weather' not found"):
        world.seed([run_of(tool_choice=choice)])
    assert world.seed([run_of(tool_choice=choice, tools=[FUNCTION])])


def test_lists_are_in_the_order_of_creation_whatever_the_order_of_the_seed(world: World) -> None:
    """What is of the same second stays in the order in which it was given."""
    said = [("c", 2), ("a", 1), ("b", 1)]
    world.seed([{**ASKED, "id": id, "created_at": BEFORE + at} for id, at in said])
    world.seed([{**ASKED, "id": "first", "created_at": BEFORE}])

    assert [m.id for m in world.list_messages("thread_id", order="asc").data] == ["first", "a", "b", "c"]


# What is left out is filled in


def test_what_is_missing_is_filled_in_as_the_service_does(world: World) -> None:
    """A run brings its thread and its assistant along, with its own model and tools."""
    (run,) = world.seed([run_of(assistant_id="asst_1", model="o3", tools=[FUNCTION])])
    assistant = world.retrieve_assistant("asst_1")

    assert run.to_json()["status"] == "queued"
    assert run.to_json()["created_at"] == int(NOW)
    assert run.to_json()["expires_at"] == int(NOW) + 600
    assert (assistant.model, list(assistant.tools)) == ("o3", [FUNCTION])
    assert world.retrieve_thread("thread_id").metadata == {}


def test_what_has_no_id_gets_the_next_one_and_later_ids_differ(world: World) -> None:
    """It used to be that an id which the same seed had given in another World was given a second time."""
    (made,) = world.seed([of_kind("thread")])
    again = World(VirtualClock(NOW))
    again.seed([of_kind("thread", id=made.id)])

    assert made.id == World(VirtualClock(NOW)).create_thread().id
    assert again.create_thread().id != made.id


def test_a_message_may_be_a_text_or_parts_of_a_request(world: World) -> None:
    """Whoever writes one down by hand need not know how it looks on the wire."""
    image = {"type": "image_url", "image_url": {"url": "http://a"}}
    said = of_kind("thread.message", thread_id="thread_id")
    one, two, three = world.seed(
        [
            {**said, "content": "Hello"},
            {**said, "content": [{"type": "text", "text": "Hello"}, image]},
            {**said, "content": [{"type": "refusal", "refusal": "No."}], "role": "assistant"},
        ]
    )
    text = {"type": "text", "text": {"value": "Hello", "annotations": []}}

    assert one.to_json()["content"] == [text]
    assert two.to_json()["content"] == [
        text,
        {"type": "image_url", "image_url": {"detail": "auto", "url": "http://a"}},
    ]
    assert three.to_json()["content"] == [{"type": "refusal", "refusal": "No."}]


def test_a_file_has_the_content_that_was_given(world: World) -> None:
    """Its size follows from that, and where only the size is given it is as large."""
    said = of_kind("file", purpose="batch")
    world.seed([{**said, "id": "f", "content": "é"}, {**said, "id": "g", "bytes": 3}])

    assert world.retrieve_file_content("f") == "é".encode()
    assert len(world.retrieve_file_content("g")) == 3


def test_an_expired_run_was_created_a_lifetime_ago(world: World) -> None:
    """Nothing else is possible when it is over now; and where it says when it started, it was active then."""
    (run,) = world.seed([run_of(status="expired")])
    (other,) = world.seed([run_of(id="run_2", thread_id="thread_2", status="expired", started_at=BEFORE)])

    assert run.to_json()["created_at"] == int(NOW) - 600
    assert world.journal("run_id")[-1].at <= NOW
    assert other.to_json()["created_at"] == BEFORE
    assert world.journal("run_2")[-1].at == NOW


def test_a_message_of_a_run_is_by_its_assistant_and_may_be_incomplete(world: World) -> None:
    """It is put where its run is, with what its run says."""
    world.seed(
        [
            run_of(status="incomplete", assistant_id="asst_1", created_at=BEFORE),
            of_kind(
                "thread.message", id="m", run_id="run_id", content="Hel", incomplete_details={"reason": "x"}
            ),
        ]
    )
    message = world.retrieve_message("thread_id", "m")

    assert (message.role, message.assistant_id) == ("assistant", "asst_1")
    assert [m.id for m in world.list_messages("thread_id", run_id="run_id").data] == ["m"]


# It goes on living


def test_a_seeded_run_goes_on_by_the_rules(world: World) -> None:
    """From its status, at the pace and to the end that the rules say for it; a script waits for others."""
    slow = Rule(When(message="Hello"), Schedule(in_progress=[After(5, "failed")]))
    world.rules = Rules([slow])
    world.script(Schedule(in_progress=[After(1, "incomplete")]))
    world.seed([run_of(), ASKED])
    world.advance(2)
    assert world.retrieve_run("thread_id", "run_id").status == "in_progress"
    world.advance(10)

    assert world.retrieve_run("thread_id", "run_id").status == "failed"


def test_a_seeded_run_takes_outputs_and_answers(world: World) -> None:
    """One that requires action has the step that waits, whether that was seeded or not."""
    world.seed([run_of(status="requires_action", tools=[FUNCTION]), ASKED])
    action = world.run("run_id").required_action
    assert action is not None
    (call,) = action.tool_calls
    (step,) = world.list_run_steps("thread_id", "run_id").data
    assert (call.name, step.step_details["tool_calls"][0]["id"]) == ("weather", call.id)
    outputs = [{"tool_call_id": call.id, "output": "sunny"}]
    world.submit_tool_outputs("thread_id", "run_id", tool_outputs=outputs)
    world.advance(10)

    assert world.retrieve_run("thread_id", "run_id").status == "completed"
    assert world.retrieve_run_step("thread_id", "run_id", step.id).status == "completed"
    assert world.list_messages("thread_id").data[0].content[0]["text"]["value"] == "sunny"


def test_the_open_step_of_a_run_may_be_seeded_with_it(world: World) -> None:
    """Then the run waits for its calls."""
    details = {"type": "tool_calls", "tool_calls": [CALL]}
    step = of_kind("thread.run.step", id="step_1", run_id="run_id", step_details=details)
    world.seed([step, run_of(status="requires_action", created_at=BEFORE)])
    (seen,) = world.list_run_steps("thread_id", "run_id").data
    action = world.run("run_id").required_action

    assert (seen.id, seen.status) == ("step_1", "in_progress")
    assert action is not None
    assert action.call_ids == {"call_1"}


@pytest.mark.parametrize("status", ACTIVE)
def test_a_seeded_run_that_is_active_locks_its_thread_until_it_expires(world: World, status: str) -> None:
    """Its time is that of any run, counted from when it says it was created."""
    world.rules = Rules(default=Schedule(**{s: [After.from_json({"delay": "never"})] for s in ACTIVE}))
    world.seed([run_of(status=status, created_at=BEFORE)])
    with pytest.raises(ApiError, match="while a run run_id is active"):
        world.create_message("thread_id", role="user", content="Hello")
    world.advance(BEFORE + 600 - NOW)

    assert world.retrieve_run("thread_id", "run_id").status == "expired"


def test_listeners_hear_what_happens_after_a_seed_and_not_before(world: World) -> None:
    """The life that a seeded run has behind it never happened here."""
    heard: list[str] = []
    world.listen(lambda happened: heard.append(happened.record.event))
    world.seed([run_of(status="cancelling")])
    assert heard == []
    world.advance(5)

    assert heard == ["confirm_cancel"]


def test_a_model_that_misbehaves_hinders_no_other_seeded_run() -> None:
    """Its misuse comes out of the seed, as of any operation, when all of it is in."""

    class Meddler:
        def turn(self, context: Any) -> Any:
            raise MisuseError(context.model)

    world = World(VirtualClock(NOW), model=Meddler())
    runs = [run_of(id=f"run_{n}", thread_id=f"t_{n}", status="in_progress", model=f"m{n}") for n in (1, 2)]
    with pytest.raises(MisuseError, match="m1"):
        world.seed(runs)

    assert [world.run(f"run_{n}").status for n in (1, 2)] == ["failed", "failed"]


# What cannot be is refused, and nothing has changed


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"status": "done"}, "status: expected one of 'queued', "),
        ({"status": "completed", "expires_at": BEFORE}, "expires_at: is always null in status 'completed'"),
        ({"status": "completed", "usage": None}, "usage: is never null in status 'completed'"),
        ({"status": "queued", "completed_at": BEFORE}, "completed_at: is always null in status 'queued'"),
        ({"status": "in_progress", "started_at": None}, "started_at: is never null"),
        ({"status": "failed", "last_error": {}}, "last_error: not as it is on the wire"),
        ({"status": "failed", "started_at": BEFORE, "failed_at": BEFORE - 1}, "failed_at: no life ends in"),
        (
            {"status": "in_progress", "created_at": 5},
            "expires_at: a run that is 'in_progress' and was created",
        ),
        ({"status": "queued", "expires_at": BEFORE}, "expires_at: a run that is 'queued'"),
        ({"status": "expired", "created_at": int(NOW) + 1}, "created_at: .* has not come yet"),
        ({"status": "expired", "started_at": int(NOW)}, None),
        ({"created_at": 0.5}, "created_at: expected whole unix seconds"),
        ({"created_at": "now"}, "created_at: expected whole unix seconds"),
        ({"usage": {"prompt_tokens": 1, "total_tokens": 5}, "status": "failed"}, "total_tokens is the sum"),
        ({"status": "requires_action", "required_action": {}}, "required_action: not as it is on the wire"),
        ({"temperature": "hot"}, "temperature: expected a number from 0 to 2, got 'hot'"),
        ({"metadata": {"a": 1}}, "metadata: of the wrong type"),
        ({"tools": [{"type": "function"}]}, "thread.run 'run_id': tools: a tool: 'function' must be given"),
        ({"max_prompt_tokens": -1}, "'max_prompt_tokens': must be above 0"),
        ({"color": "red"}, "unknown 'color'"),
        ({"thread_id": 5}, "thread_id: expected a string"),
        ({"id": ""}, r"objects\[1\].id: expected a string that is not empty"),
        ({"id": "there"}, "thread.run 'there': id: is there already"),
        ({"object": "ship"}, r"objects\[1\].object: expected one of 'file', "),
    ],
)
def test_what_contradicts_the_table_or_itself_is_refused_by_its_field(
    said: Any, complaint: str | None
) -> None:
    """And the World is as it was, down to the ids that it gives next."""
    world, untouched = (World(VirtualClock(NOW)) for _ in range(2))
    for each in (world, untouched):
        each.seed([run_of(id="there", thread_id="thread_2", status="completed")])
    if complaint is None:
        world.seed([run_of(**said)])
        return
    with pytest.raises(MisuseError, match=complaint):
        world.seed([of_kind("file", content="x"), run_of(**said)])

    assert everything(world) == everything(untouched)


@pytest.mark.parametrize(
    ("objects", "complaint"),
    [
        ([5], r"objects\[0\]: expected an object"),
        ([of_kind("thread.message", content="x")], "thread_id: a message belongs to a thread"),
        ([{**ASKED, "role": "system"}], "role: expected 'user' or 'assistant', got 'system'"),
        ([{**ASKED, "content": [{"type": "text"}]}], "content: a part: 'text' must be given"),
        ([{**ASKED, "status": "in_progress"}], "status: a message that is being written"),
        ([COMPLETED, {**ANSWERED, "thread_id": "t"}], "thread_id: its run is on 'thread_id', got 't'"),
        ([STEPS[0]], "run_id: a step belongs to a run; there is no 'run_id'"),
        ([COMPLETED, STEPS[3]], "step_details: its run wrote no message 'msg_2'"),
        ([COMPLETED, {**STEPS[4], "thread_id": "t"}], "thread_id: expected 'thread_id', by the rest"),
        ([COMPLETED, {**STEPS[4], "expires_at": 5}], "expires_at: expected None, by the rest"),
        ([COMPLETED, {**STEPS[4], "created_at": 5}], "created_at: its run was created at"),
        ([COMPLETED, {**STEPS[4], "type": "dance"}], "type: expected 'message_creation' or 'tool_calls'"),
        ([COMPLETED, {**STEPS[4], "metadata": {"a": "b"}}], "metadata: a step has none on the wire"),
        ([COMPLETED, {**STEPS[4], "step_details": 5}], "step_details: expected an object"),
        ([COMPLETED, {**STEPS[4], "status": "in_progress"}], "status: a step is open while its run waits"),
        ([COMPLETED, {**STEPS[4], "status": "completed"}], "completed_at: is never null"),
        ([FILE, {**FILE, "filename": "b"}], "id: is there already"),
        ([{**FILE, "bytes": 10**9}], "bytes: expected 0 to"),
        ([{**FILE, "expires_at": BEFORE}], "expires_at: it would be gone"),
        ([{**FILE, "status": "error"}], "status: expected 'processed', by the rest"),
        ([STORE], "file_counts: expected"),
        ([{**STORE, "file_ids": ["f"]}], "file_ids: there is no file 'f'"),
        (
            [{**STORE, "expires_after": {"days": "x"}}],
            "expires_after: expected an object with a number of days",
        ),
        ([{**ASSISTANT, "tools": 5}], "tools: expected an array, got 5"),
        ([run_of(), run_of(id="other")], "one run at a time locks a thread"),
        ([run_of(created_at=BEFORE), {**COMPLETED, "id": "later"}], "was still active"),
    ],
)
def test_objects_that_do_not_fit_together_are_refused(objects: list[Any], complaint: str) -> None:
    """The first complaint names the object and the field; nothing is put in."""
    world, untouched = (World(VirtualClock(NOW)) for _ in range(2))
    with pytest.raises(MisuseError, match=complaint):
        world.seed(objects)

    assert everything(world) == everything(untouched)


def test_runs_one_after_the_other_on_a_thread_are_no_contradiction(world: World) -> None:
    """The latest may be active, whether the others were seeded with it or are there."""
    world.seed([COMPLETED])
    world.seed([run_of(id="later", created_at=BEFORE + 9)])
    with pytest.raises(MisuseError, match="'later' was still active"):
        world.seed([run_of(id="third")])

    assert [run.id for run in world.list_runs("thread_id").data] == ["later", "run_id"]


def test_a_seed_obeys_the_policy_of_its_world() -> None:
    """Where a cancel always wins, nothing that is cancelled was completed before it started."""
    strict = World(VirtualClock(NOW), policy=Policy(cancel_may_lose=False))
    with pytest.raises(MisuseError, match="started_at"):
        strict.seed([run_of(status="completed", started_at=None)])

    World(VirtualClock(NOW)).seed([run_of(status="completed", started_at=None)])


# And everything goes


def test_a_reset_world_is_as_it_was_made_but_for_its_clock_rules_and_listeners(world: World) -> None:
    """Ids begin again, scripts are gone, streams have ended, and what was pending never happens."""
    heard: list[str] = []
    world.rules = rules = Rules(default=Schedule(queued=[After(3)]))
    world.listen(lambda happened: heard.append(happened.run_id))
    world.script(Schedule(in_progress=[After(1, "failed")]))
    first = world.create_thread(messages=[{"role": "user", "content": "Hello"}])
    assistant = world.create_assistant(model="m")
    world.seed([run_of(status="in_progress")])
    stream = world.stream_run(first.id, assistant_id=assistant.id)
    stream.take()
    world.advance(1)
    heard.clear()
    world.reset()
    world.advance(50)
    stream.take()  # what had happened before

    assert stream.over
    assert heard == []
    assert world.next_event() is None
    assert world.rules is rules
    assert world.now() == NOW + 51
    with pytest.raises(ApiError, match="No run found"):
        world.run("run_id")
    assert world.create_thread(messages=[{"role": "user", "content": "Hello"}]).id == first.id
    assert world.create_assistant(model="m").id == assistant.id
    run = world.create_run(first.id, assistant_id=assistant.id)
    world.advance(60)
    assert world.retrieve_run(first.id, run.id).status == "completed"
    assert set(heard) == {run.id}

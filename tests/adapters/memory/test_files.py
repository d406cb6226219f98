"""Files, and how assistants, threads and messages use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError, VirtualClock
from runlife_adapters.memory import ApiError, Upload, World
from runlife_adapters.memory.filing.store import MAXIMUM_TOOL_FILES, FileStore
from runlife_adapters.memory.ids import Ids, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Scene

HOUR = 3600
DAY = 24 * HOUR
SEARCH, INTERPRETER = {"type": "file_search"}, {"type": "code_interpreter"}


@pytest.fixture
def world() -> World:
    """Give a World in which nothing is yet."""
    return World(VirtualClock(1_700_000_000.0))


def upload(world: World, name: str = "notes.txt", purpose: str = "assistants") -> str:
    """Upload a small file; return its id."""
    return world.create_file(file=Upload(name, b"words"), purpose=purpose).id


def refusal(call: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[int, str, str | None]:
    """Return how a call is refused: status, message and param."""
    with pytest.raises(ApiError) as raised:
        call(*arguments, **options)
    return raised.value.status, raised.value.message, raised.value.param


def message(*attachments: tuple[str, dict[str, str]]) -> Any:
    """Return a message with files attached, each for a tool."""
    attached = [{"file_id": file_id, "tools": [tool]} for file_id, tool in attachments]
    return {"role": "user", "content": "Read.", "attachments": attached}


def test_a_file_has_the_fields_of_the_wire(world: World) -> None:
    """It is processed at once, and its id has a dash."""
    said = world.create_file(file=Upload("notes.txt", b"words"), purpose="assistants").to_json()
    file_id = said.pop("id")

    assert (file_id[:5], len(file_id)) == ("file-", 29)
    assert said == {
        "object": "file",
        "purpose": "assistants",
        "filename": "notes.txt",
        "bytes": 5,
        "created_at": 1_700_000_000,
        "expires_at": None,
        "status": "processed",
        "status_details": None,
    }
    assert world.retrieve_file(file_id).to_json() == {"id": file_id, **said}


def test_a_seed_gives_the_same_ids_everywhere_and_always() -> None:
    """Each kind has a sequence of its own, and tests may hold on to what it gives."""
    ids = Ids(0)

    assert [ids.new(kind) for kind in (Kind.RUN, Kind.THREAD)] == [
        "run_er2fhPY4B6ytQaN8xxVPyWrA",
        "thread_xFn09cGSA0WePDHs4Rk7BvKh",
    ]


def test_a_deleted_file_is_gone(world: World) -> None:
    """Twice is once too often, and the answer is called `file`."""
    file_id = upload(world)

    assert world.delete_file(file_id).to_json() == {"id": file_id, "object": "file", "deleted": True}
    for call in (world.retrieve_file, world.delete_file, world.retrieve_file_content):
        assert refusal(call, file_id) == (404, f"No such File object: {file_id}", "id")
    assert world.list_files().data == ()


def test_files_are_listed_a_page_at_a_time(world: World) -> None:
    """Newest first, all of them unless told otherwise, by purpose if wanted."""
    files = [upload(world, purpose=purpose) for purpose in ("vision", "assistants", "vision")]
    ids = [file.id for file in world.list_files().data]
    page = world.list_files(limit=1, order="asc", after=files[0])

    assert ids == files[::-1]
    assert [file.id for file in page.data] == [files[1]]
    assert page.has_more
    assert [file.id for file in world.list_files(purpose="vision").data] == [files[2], files[0]]
    assert refusal(world.list_files, after="file-x") == (404, "No such File object: file-x", "id")
    assert refusal(world.list_files, limit=10_001)[0] == 400


@pytest.mark.parametrize("purpose", ["assistants", "user_data"])
def test_the_content_of_some_files_is_not_given_away(world: World, purpose: str) -> None:
    """As at the service: what was uploaded for assistants cannot be downloaded, images can."""
    kept, given = upload(world, purpose=purpose), upload(world, purpose="vision")

    assert refusal(world.retrieve_file_content, kept) == (
        400,
        f"Not allowed to download files of purpose: {purpose}",
        None,
    )
    assert world.retrieve_file_content(given) == b"words"


def test_files_expire_on_the_clock(world: World) -> None:
    """When they are told to, and those for batches after thirty days anyway; then they are gone."""
    hour: Any = {"anchor": "created_at", "seconds": HOUR}
    told = world.create_file(file=Upload("a.txt", b""), purpose="vision", expires_after=hour)
    batch, kept = upload(world, purpose="batch"), upload(world)
    store = world.create_vector_store(file_ids=[told.id, kept])
    assert told.expires_at == told.created_at + HOUR
    world.advance(HOUR - 1)
    assert world.retrieve_file(told.id) == told
    world.advance(1)
    assert [file.id for file in world.list_files().data] == [kept, batch]
    assert refusal(world.retrieve_file, told.id)[0] == 404
    assert world.retrieve_vector_store(store.id).file_counts["total"] == 1
    world.advance(30 * DAY)

    assert [file.id for file in world.list_files().data] == [kept]


@pytest.mark.parametrize(
    "options",
    [
        {"file": b"words", "purpose": "vision"},
        {"file": Upload("a", b""), "purpose": None},
        {"file": Upload("a", b""), "purpose": "vision", "expires_after": {"seconds": 1}},
        {
            "file": Upload("a", b""),
            "purpose": "vision",
            "expires_after": {"anchor": "created_at", "seconds": "1"},
        },
    ],
)
def test_what_is_no_file_is_misuse(world: World, options: Any) -> None:
    """Whoever calls the World from Python hears of it before anything is kept."""
    with pytest.raises(MisuseError):
        world.create_file(**options)
    assert world.list_files().data == ()


# Tool resources


def test_an_assistant_gets_the_files_and_stores_that_it_names(world: World) -> None:
    """They come back as they were said; what was left out stays out."""
    file_id, store = upload(world), world.create_vector_store()
    resources = {
        "code_interpreter": {"file_ids": [file_id]},
        "file_search": {"vector_store_ids": [store.id]},
    }
    assistant = world.create_assistant(model="m", tool_resources=resources)
    plain = world.create_assistant(model="m")

    assert assistant.tool_resources == resources
    assert plain.tool_resources == {}
    assert world.modify_assistant(assistant.id, name="n").tool_resources == resources
    assert world.modify_assistant(plain.id, tool_resources=resources).tool_resources == resources


def test_tool_resources_name_what_there_is(world: World) -> None:
    """Unknown files and stores are refused wherever they are named, and nothing changes."""
    assistant = world.create_assistant(model="m", instructions="Read.")
    thread = world.create_thread()
    files = {"code_interpreter": {"file_ids": ["file-a", upload(world), "file-b"]}}
    stores = {"file_search": {"vector_store_ids": ["vs_a"]}}
    described = {"file_search": {"vector_stores": [{"file_ids": ["file-a"]}]}}
    for calls, resources, expected in (
        ("all", files, (404, "Files [file-a, file-b] were not found", None)),
        ("all", stores, (404, "No vector store found with id 'vs_a'.", None)),
        ("new", described, (404, "Files [file-a] were not found", None)),
    ):
        assert refusal(world.create_assistant, model="m", tool_resources=resources) == expected
        assert refusal(world.create_thread, tool_resources=resources) == expected
        run = {"assistant_id": assistant.id, "thread": {"tool_resources": resources}}
        assert refusal(world.create_thread_and_run, **run) == expected
        if calls == "all":
            run = {"assistant_id": assistant.id, "tool_resources": resources}
            assert refusal(world.create_thread_and_run, **run) == expected
            assert refusal(world.modify_assistant, assistant.id, tool_resources=resources) == expected
            assert refusal(world.modify_thread, thread.id, tool_resources=resources) == expected

    assert world.list_assistants().data == (assistant,)
    assert world.list_vector_stores().data == ()
    assert world.retrieve_thread(thread.id).tool_resources == {"code_interpreter": {"file_ids": []}}


def test_there_is_a_limit_to_tool_resources(world: World) -> None:
    """Twenty files for the code interpreter, one vector store."""
    files = [upload(world) for _ in range(MAXIMUM_TOOL_FILES + 1)]
    stores = [world.create_vector_store().id for _ in range(2)]
    world.create_thread(tool_resources={"code_interpreter": {"file_ids": files[1:]}})

    for resources in (
        {"code_interpreter": {"file_ids": files}},
        {"file_search": {"vector_store_ids": stores}},
        {"file_search": {"vector_store_ids": stores[:1], "vector_stores": [{}]}},
    ):
        assert refusal(world.create_thread, tool_resources=resources)[0] == 400


def test_unknown_names_in_tool_resources_are_misuse(world: World) -> None:
    """A misspelt name does not go unnoticed."""
    for resources in ({"search": {}}, {"file_search": {"ids": []}}, {"code_interpreter": {"files": []}}):
        with pytest.raises(MisuseError, match="unknown"):
            world.create_thread(tool_resources=resources)


def test_a_thread_can_describe_its_vector_store(world: World) -> None:
    """It is made with the thread, and expires seven days after it was last used; an assistant's does not."""
    file_id = upload(world)
    described = {"file_search": {"vector_stores": [{"file_ids": [file_id], "metadata": {"k": "v"}}]}}
    thread = world.create_thread(tool_resources=described)
    assistant = world.create_assistant(model="m", tool_resources=described)
    (of_thread,) = thread.tool_resources["file_search"]["vector_store_ids"]
    (of_assistant,) = assistant.tool_resources["file_search"]["vector_store_ids"]
    store = world.retrieve_vector_store(of_thread)

    assert (store.file_counts["completed"], store.metadata) == (1, {"k": "v"})
    assert store.expires_after == {"anchor": "last_active_at", "days": 7}
    assert world.retrieve_vector_store(of_assistant).expires_after is None
    assert of_thread != of_assistant


def test_a_run_shows_the_tool_resources_that_it_was_given(world: World) -> None:
    """And only those."""
    assistant = world.create_assistant(model="m", instructions="Read.")
    resources = {"code_interpreter": {"file_ids": [upload(world)]}}

    assert world.create_thread_and_run(assistant_id=assistant.id).tool_resources == {}
    run = world.create_thread_and_run(assistant_id=assistant.id, tool_resources=resources)
    assert run.tool_resources == resources


# Attachments


def test_what_is_attached_goes_to_the_tools_of_the_thread(world: World) -> None:
    """To the code interpreter's files, and into the vector store, which is made with the first."""
    first, second, third = (upload(world) for _ in range(3))
    thread = world.create_thread(messages=[message((first, SEARCH), (first, INTERPRETER))])
    (store_id,) = thread.tool_resources["file_search"]["vector_store_ids"]
    assert thread.tool_resources["code_interpreter"] == {"file_ids": [first]}
    attached = world.create_message(thread.id, **message((second, SEARCH), (third, INTERPRETER)))
    world.create_message(thread.id, **message((second, SEARCH), (first, INTERPRETER)))

    assert attached.attachments == (
        {"file_id": second, "tools": [SEARCH]},
        {"file_id": third, "tools": [INTERPRETER]},
    )
    assert world.retrieve_thread(thread.id).tool_resources == {
        "code_interpreter": {"file_ids": [first, third]},
        "file_search": {"vector_store_ids": [store_id]},
    }
    entries = world.list_vector_store_files(store_id, order="asc").data
    assert [entry.id for entry in entries] == [first, second]
    assert world.retrieve_vector_store(store_id).expires_after == {"anchor": "last_active_at", "days": 7}


def test_an_attachment_without_tools_or_file_changes_nothing(world: World) -> None:
    """It only has to exist."""
    bare: Any = {
        "role": "user",
        "content": "Hi",
        "attachments": [{"file_id": upload(world)}, {"tools": [SEARCH]}],
    }

    assert world.create_thread(messages=[bare]).tool_resources == {}


def test_messages_name_files_that_there_are(scene: Scene) -> None:
    """In attachments and as images; else nothing is kept, of the run neither."""
    world = scene.world
    missing = message(("file-a", SEARCH))
    image: Any = {"role": "user", "content": [{"type": "image_file", "image_file": {"file_id": "file-a"}}]}
    for said in (missing, image):
        expected = (404, "Files [file-a] were not found", None)
        assert refusal(world.create_message, scene.thread_id, **said) == expected
        assert refusal(world.create_thread, messages=[said]) == expected
        assert refusal(scene.start, additional_messages=[said]) == expected

    assert scene.texts() == ["Hello"]
    assert world.list_runs(scene.thread_id).data == ()
    assert world.list_vector_stores().data == ()


def test_file_search_takes_some_kinds_of_files_only(world: World) -> None:
    """In the service's words; the code interpreter takes all."""
    table, nameless = upload(world, "Table.CSV"), upload(world, "table")
    says = (
        "Files with extensions [{}] are not supported for retrieval. "
        "See https://platform.openai.com/docs/assistants/tools/file-search/supported-files"
    )
    searched = [message((table, SEARCH), (nameless, SEARCH))]

    assert refusal(world.create_thread, messages=searched)[:2] == (400, says.format(".csv, none"))
    assert refusal(world.create_vector_store, file_ids=[table]) == (400, says.format(".csv"), "file_ids")
    interpreted = [message((table, INTERPRETER))]
    assert world.create_thread(messages=interpreted).tool_resources == {
        "code_interpreter": {"file_ids": [table]}
    }


def test_messages_attach_all_their_files_or_none(scene: Scene) -> None:
    """Two messages may have too many files together: then the run does not begin, and nothing is attached."""
    files = [upload(scene.world) for _ in range(MAXIMUM_TOOL_FILES + 1)]
    halves = [message(*((file, INTERPRETER) for file in part)) for part in (files[:10], files[10:])]

    assert refusal(scene.start, additional_messages=halves)[0] == 400
    assert scene.texts() == ["Hello"]
    assert scene.world.list_runs(scene.thread_id).data == ()
    scene.start(additional_messages=halves[:1])
    kept = scene.world.retrieve_thread(scene.thread_id).tool_resources
    assert kept == {"code_interpreter": {"file_ids": files[:10]}}


def test_a_thread_that_does_not_come_to_be_leaves_no_vector_store(world: World) -> None:
    """Its run is refused, so that there is neither; formerly what it described would have stayed behind."""
    assistant = world.create_assistant(model="m")
    thread: Any = {"tool_resources": {"file_search": {"vector_stores": [{"file_ids": [upload(world)]}]}}}

    assert refusal(world.create_thread_and_run, assistant_id=assistant.id, thread=thread)[0] == 400
    assert world.list_vector_stores().data == ()


def test_who_says_nothing_of_files_has_none_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every message and every run used to look through all files that expire, for none of them."""
    world = World(VirtualClock(1000.0))
    assistant = world.create_assistant(model="m")
    monkeypatch.setattr(FileStore, "files_at", None)  # to look would be an error
    thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}])
    world.create_message(thread.id, role="user", content="Hello")

    assert world.create_run(thread.id, assistant_id=assistant.id).status == "queued"

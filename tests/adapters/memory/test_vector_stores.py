"""Vector stores, the files in them, and batches of those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runlife import MisuseError, VirtualClock
from runlife_adapters.memory import ApiError, Upload, World

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 24 * 60 * 60
START = 1_700_000_000
NONE = {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
WEEK = {"anchor": "last_active_at", "days": 7}


@pytest.fixture
def world() -> World:
    """Give a World in which nothing is yet."""
    return World(VirtualClock(float(START)))


def upload(world: World, content: bytes = b"words") -> str:
    """Upload a file; return its id."""
    return world.create_file(file=Upload("notes.txt", content), purpose="assistants").id


def refusal(call: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[int, str]:
    """Return how a call is refused: status and message."""
    with pytest.raises(ApiError) as raised:
        call(*arguments, **options)
    return raised.value.status, raised.value.message


def test_a_vector_store_has_the_fields_of_the_wire(world: World) -> None:
    """Without files it is completed from the start."""
    said = world.create_vector_store().to_json()
    store_id = said.pop("id")

    assert (store_id[:3], len(store_id)) == ("vs_", 27)
    assert said == {
        "object": "vector_store",
        "created_at": START,
        "name": None,
        "description": None,
        "usage_bytes": 0,
        "file_counts": NONE,
        "status": "completed",
        "expires_after": None,
        "expires_at": None,
        "last_active_at": START,
        "metadata": {},
    }
    assert world.retrieve_vector_store(store_id).to_json() == {"id": store_id, **said}


def test_files_are_processed_by_the_time_somebody_looks(world: World) -> None:
    """The answer to the creation says in_progress, every later one completed: who polls it ends."""
    created = world.create_vector_store(file_ids=[upload(world), upload(world, b"more words")])
    read = world.retrieve_vector_store(created.id)

    assert (created.status, created.usage_bytes) == ("in_progress", 0)
    assert created.file_counts == {**NONE, "in_progress": 2, "total": 2}
    assert (read.status, read.usage_bytes) == ("completed", 15)
    assert read.file_counts == {**NONE, "completed": 2, "total": 2}


def test_a_vector_store_can_be_modified_and_deleted(world: World) -> None:
    """What is not given stays; the files stay when it goes; twice is once too often."""
    file_id = upload(world)
    store = world.create_vector_store(name="a", file_ids=[file_id], metadata={"k": "v"})
    changed = world.modify_vector_store(store.id, name="b", expires_after=WEEK)
    again = world.modify_vector_store(store.id, metadata={})

    assert (changed.name, changed.metadata, changed.expires_at) == ("b", {"k": "v"}, START + 7 * DAY)
    assert (again.name, again.metadata, again.expires_after) == ("b", {}, WEEK)
    assert world.delete_vector_store(store.id).to_json() == {
        "id": store.id,
        "object": "vector_store.deleted",
        "deleted": True,
    }
    expected = (404, f"No vector store found with id '{store.id}'.")
    for call in (
        world.retrieve_vector_store,
        world.delete_vector_store,
        world.modify_vector_store,
        world.list_vector_store_files,
        world.create_vector_store_file_batch,
    ):
        options: Any = {"file_ids": [file_id]} if call == world.create_vector_store_file_batch else {}
        assert refusal(call, store.id, **options) == expected
    assert world.retrieve_file(file_id).id == file_id


def test_vector_stores_are_listed_a_page_at_a_time(world: World) -> None:
    """With the usual cursors."""
    ids = [world.create_vector_store().id for _ in range(3)]
    page = world.list_vector_stores(limit=2)

    assert [store.id for store in page.data] == [ids[2], ids[1]]
    assert page.has_more
    assert [store.id for store in world.list_vector_stores(after=ids[1]).data] == [ids[0]]
    assert [store.id for store in world.list_vector_stores(before=ids[1]).data] == [ids[2]]
    assert refusal(world.list_vector_stores, after="vs_x") == (404, "No vector store found with id 'vs_x'.")


def test_a_vector_store_expires_after_its_last_use(world: World) -> None:
    """A file or a run counts as use; once expired it can be read, and takes and serves nothing more."""
    file_id = upload(world)
    store_id = world.create_vector_store(expires_after=WEEK).id
    resources = {"file_search": {"vector_store_ids": [store_id]}}
    assistant = world.create_assistant(model="m", instructions="Read.", tool_resources=resources)
    world.advance(6 * DAY)
    world.create_vector_store_file(store_id, file_id=file_id)
    world.advance(6 * DAY)
    world.create_thread_and_run(assistant_id=assistant.id)
    used = world.retrieve_vector_store(store_id)
    assert (used.last_active_at, used.expires_at) == (START + 12 * DAY, START + 19 * DAY)
    world.advance(7 * DAY - 1)
    assert world.retrieve_vector_store(store_id).status == "completed"
    world.advance(1)
    assert world.retrieve_vector_store(store_id).status == "expired"

    expected = (400, f"Vector store '{store_id}' has expired.")
    thread = world.create_thread()
    assert refusal(world.create_vector_store_file, store_id, file_id=file_id) == expected
    assert refusal(world.create_vector_store_file_batch, store_id, file_ids=[file_id]) == expected
    assert refusal(world.create_thread, tool_resources=resources) == expected
    assert refusal(world.modify_thread, thread.id, tool_resources=resources) == expected
    assert refusal(world.create_thread_and_run, assistant_id=assistant.id) == expected
    assert refusal(world.create_run, thread.id, assistant_id=assistant.id) == expected
    assert world.list_runs(thread.id).data == ()


def test_a_run_passes_over_a_vector_store_that_was_deleted(world: World) -> None:
    """An assistant may outlive its store."""
    store = world.create_vector_store()
    resources = {"file_search": {"vector_store_ids": [store.id]}}
    assistant = world.create_assistant(model="m", instructions="Read.", tool_resources=resources)
    world.delete_vector_store(store.id)

    assert world.create_thread_and_run(assistant_id=assistant.id).status == "queued"


# The files in a store


def test_a_file_in_a_store_has_the_fields_of_the_wire(world: World) -> None:
    """It is cut as usual unless it is said how."""
    file_id, store_id = upload(world), world.create_vector_store().id
    created = world.create_vector_store_file(store_id, file_id=file_id, attributes={"page": 1, "draft": True})

    assert world.retrieve_vector_store_file(store_id, file_id).to_json() == {
        "id": file_id,
        "object": "vector_store.file",
        "usage_bytes": 5,
        "created_at": START,
        "vector_store_id": store_id,
        "status": "completed",
        "last_error": None,
        "chunking_strategy": {
            "type": "static",
            "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
        },
        "attributes": {"page": 1, "draft": True},
    }
    assert (created.status, created.usage_bytes) == ("in_progress", 0)


def test_a_file_can_be_cut_otherwise(world: World) -> None:
    """Static sizes are kept; auto is the usual ones."""
    store_id = world.create_vector_store().id
    sizes = {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 10}
    static = {"type": "static", "static": sizes}
    cut = world.create_vector_store_file(store_id, file_id=upload(world), chunking_strategy=static)
    auto = world.create_vector_store_file(store_id, file_id=upload(world), chunking_strategy={"type": "auto"})

    assert cut.chunking_strategy == static
    assert auto.chunking_strategy["static"]["max_chunk_size_tokens"] == 800


def test_a_file_is_in_a_store_once(world: World) -> None:
    """Added again it begins anew, with what is said then."""
    file_id = upload(world)
    store_id = world.create_vector_store(file_ids=[file_id]).id
    world.create_vector_store_file(store_id, file_id=file_id, attributes={"k": "v"})
    (entry,) = world.list_vector_store_files(store_id).data

    assert (entry.id, entry.attributes) == (file_id, {"k": "v"})
    assert world.modify_vector_store_file(store_id, file_id, attributes={"k": 2}).attributes == {"k": 2}
    assert world.modify_vector_store_file(store_id, file_id).attributes == {}


def test_a_file_can_be_taken_out_of_a_store(world: World) -> None:
    """The file itself stays; twice is once too often."""
    file_id = upload(world)
    store_id = world.create_vector_store(file_ids=[file_id]).id

    assert world.delete_vector_store_file(store_id, file_id).to_json() == {
        "id": file_id,
        "object": "vector_store.file.deleted",
        "deleted": True,
    }
    expected = (404, f"No file found with id '{file_id}' in vector store '{store_id}'.")
    for call in (
        world.retrieve_vector_store_file,
        world.delete_vector_store_file,
        world.modify_vector_store_file,
    ):
        assert refusal(call, store_id, file_id) == expected
    assert world.retrieve_file(file_id).id == file_id


def test_a_deleted_file_leaves_all_stores(world: World) -> None:
    """What it took up is free again."""
    file_id, other = upload(world), upload(world)
    stores = [world.create_vector_store(file_ids=[file_id, other]).id for _ in range(2)]
    world.delete_file(file_id)

    for store_id in stores:
        assert [entry.id for entry in world.list_vector_store_files(store_id).data] == [other]
        assert world.retrieve_vector_store(store_id).usage_bytes == 5
    expected = (404, f"Files [{file_id}] were not found")
    assert refusal(world.create_vector_store_file, stores[0], file_id=file_id) == expected


def test_files_in_a_store_are_listed_by_status(world: World) -> None:
    """With the usual cursors."""
    files = [upload(world) for _ in range(3)]
    store_id = world.create_vector_store(file_ids=files).id
    page = world.list_vector_store_files(store_id, limit=1, after=files[2], filter="completed")

    assert [entry.id for entry in page.data] == [files[1]]
    assert page.has_more
    assert world.list_vector_store_files(store_id, filter="failed").data == ()
    assert refusal(world.list_vector_store_files, store_id, after="file-x")[0] == 404


# Batches


def test_a_batch_adds_files_together(world: World) -> None:
    """By their ids, or each with what is said of it; the store has them all."""
    store_id, files = world.create_vector_store().id, [upload(world) for _ in range(3)]
    shared = world.create_vector_store_file_batch(store_id, file_ids=files[:2], attributes={"k": "v"})
    single = world.create_vector_store_file_batch(
        store_id, files=[{"file_id": files[2], "attributes": {"k": "w"}}]
    )
    said = world.retrieve_vector_store_file_batch(store_id, shared.id).to_json()

    assert (shared.status, shared.file_counts["in_progress"]) == ("in_progress", 2)
    assert shared.id.startswith("vsfb_")
    assert said == {
        "id": shared.id,
        "object": "vector_store.file_batch",
        "created_at": START,
        "vector_store_id": store_id,
        "status": "completed",
        "file_counts": {**NONE, "completed": 2, "total": 2},
    }
    of_batch = world.list_vector_store_file_batch_files(store_id, shared.id, order="asc").data
    assert [(entry.id, entry.attributes) for entry in of_batch] == [(id, {"k": "v"}) for id in files[:2]]
    (entry,) = world.list_vector_store_file_batch_files(store_id, single.id).data
    assert entry.attributes == {"k": "w"}
    assert world.retrieve_vector_store(store_id).file_counts["total"] == 3


def test_a_batch_can_be_cancelled_until_somebody_looks(world: World) -> None:
    """Then its files stay unprocessed; a batch that is over cannot be cancelled, nor twice."""
    store_id = world.create_vector_store().id
    first = world.create_vector_store_file_batch(store_id, file_ids=[upload(world), upload(world)])
    cancelled = world.cancel_vector_store_file_batch(store_id, first.id)
    second = world.create_vector_store_file_batch(store_id, file_ids=[upload(world)])
    world.retrieve_vector_store_file_batch(store_id, second.id)

    assert (cancelled.status, cancelled.file_counts["cancelled"]) == ("cancelled", 2)
    assert world.retrieve_vector_store_file_batch(store_id, first.id) == cancelled
    assert world.retrieve_vector_store(store_id).usage_bytes == 5
    for batch, status in ((first, "cancelled"), (second, "completed")):
        expected = (400, f"Cannot cancel vector store file batch with status '{status}'.")
        assert refusal(world.cancel_vector_store_file_batch, store_id, batch.id) == expected


def test_a_batch_is_of_ids_or_of_files_and_of_what_there_is(world: World) -> None:
    """Else nothing is added."""
    store_id, file_id = world.create_vector_store().id, upload(world)
    create = world.create_vector_store_file_batch

    assert refusal(create, store_id)[0] == 400
    assert refusal(create, store_id, file_ids=[file_id], files=[{"file_id": file_id}])[0] == 400
    assert refusal(create, store_id, file_ids=[file_id, "file-x"]) == (404, "Files [file-x] were not found")
    with pytest.raises(MisuseError, match="must be given"):
        create(store_id, files=[{"attributes": {}}])
    expected = (404, "No vector store file batch found with id 'vsfb_x'.")
    assert refusal(world.retrieve_vector_store_file_batch, store_id, "vsfb_x") == expected
    assert refusal(world.cancel_vector_store_file_batch, store_id, "vsfb_x") == expected
    assert world.list_vector_store_files(store_id).data == ()

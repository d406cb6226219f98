"""Files and vector stores over HTTP: the official client's calls and helpers, forms, and what is refused."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError

from runlife import MisuseError, VirtualClock
from runlife_adapters.http import Request, Service, async_client
from runlife_adapters.http.multipart import MOST_PARTS, parse
from runlife_adapters.memory import ApiError, Upload, World

if TYPE_CHECKING:
    from openai import OpenAI

    from .conftest import Bench

FORM = "multipart/form-data; boundary=b"
NOT_PARSED = (
    "We could not parse the multipart form of your request. (HINT: This likely means you aren't using your "
    "HTTP library correctly.)"
)
NOTES = ("notes.txt", b"Line one\r\n--b\r\n\x00\xff", "text/plain")


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    """Return a part of a form."""
    named = "" if filename is None else f'; filename="{filename}"'
    head = f'Content-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return b"--b\r\n" + head.encode() + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    """Return a form of parts."""
    return b"".join((*parts, b"--b--\r\n"))


def post(bench: Bench, body: bytes, content_type: str = FORM) -> tuple[int, dict[str, Any]]:
    """Send a form to /files; return status and JSON."""
    headers = {"content-type": content_type}
    answer = bench.service.handle(Request("POST", "/v1/files", "", headers, body))
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)


# The official client


def test_the_client_uploads_reads_and_deletes_files(client: OpenAI) -> None:
    """Every call on files, with the bytes unharmed."""
    file = client.files.create(file=NOTES, purpose="vision")
    kept = client.files.create(
        file=("a.md", b"#"), purpose="assistants", expires_after={"anchor": "created_at", "seconds": 3600}
    )

    assert (file.object, file.status, file.filename, file.bytes) == (
        "file",
        "processed",
        "notes.txt",
        len(NOTES[1]),
    )
    assert client.files.wait_for_processing(file.id) == client.files.retrieve(file.id) == file
    assert client.files.content(file.id).read() == NOTES[1]
    assert kept.expires_at == kept.created_at + 3600
    assert [found.id for found in client.files.list()] == [kept.id, file.id]
    assert [found.id for found in client.files.list(limit=1)] == [kept.id, file.id]
    assert [found.id for found in client.files.list(purpose="vision", order="asc")] == [file.id]
    deleted = client.files.delete(file.id)
    assert (deleted.object, deleted.deleted) == ("file", True)
    with pytest.raises(NotFoundError, match=f"No such File object: {file.id}"):
        client.files.retrieve(file.id)
    with pytest.raises(BadRequestError, match="Not allowed to download files of purpose: assistants"):
        client.files.content(kept.id)


def test_the_client_fills_vector_stores(client: OpenAI) -> None:
    """Every call on vector stores, and each helper that polls comes to an end."""
    stores, files = client.vector_stores, client.vector_stores.files
    ids = [client.files.create(file=NOTES, purpose="assistants").id for _ in range(3)]
    store = stores.create(name="s", file_ids=ids[:1], expires_after={"anchor": "last_active_at", "days": 1})
    assert (store.status, stores.retrieve(store.id).status) == ("in_progress", "completed")
    assert stores.update(store.id, name="t", metadata={"k": "v"}).name == "t"
    assert [found.id for found in stores.list()] == [store.id]

    added = files.create_and_poll(ids[1], vector_store_id=store.id, attributes={"page": 1})
    assert (added.status, added.attributes) == ("completed", {"page": 1})
    uploaded = files.upload_and_poll(vector_store_id=store.id, file=NOTES)
    assert files.retrieve(uploaded.id, vector_store_id=store.id) == uploaded
    assert files.poll(uploaded.id, vector_store_id=store.id) == uploaded
    changed = files.update(uploaded.id, vector_store_id=store.id, attributes={"x": "y"})
    assert changed.attributes == {"x": "y"}
    assert files.delete(uploaded.id, vector_store_id=store.id).deleted
    listed = [file.id for file in files.list(store.id, order="asc", filter="completed")]
    assert listed == ids[:2]

    batches = stores.file_batches
    batch = batches.create_and_poll(store.id, file_ids=ids[2:])
    assert (batch.status, batch.file_counts.completed) == ("completed", 1)
    assert batches.retrieve(batch.id, vector_store_id=store.id) == batch
    found = batches.list_files(batch.id, vector_store_id=store.id, filter="completed")
    assert [file.id for file in found] == ids[2:]
    sent = batches.upload_and_poll(store.id, files=[NOTES, NOTES])
    assert sent.file_counts.completed == 2
    fresh = batches.create(store.id, files=[{"file_id": ids[0], "attributes": {"k": "v"}}])
    assert batches.cancel(fresh.id, vector_store_id=store.id).status == "cancelled"

    assert stores.delete(store.id).deleted
    with pytest.raises(NotFoundError, match="No vector store found"):
        stores.retrieve(store.id)


def test_the_client_searches_a_vector_store_and_reads_what_is_in_it(client: OpenAI) -> None:
    """With a filter, a threshold and several queries; the file itself stays closed."""
    stores = client.vector_stores
    store = stores.create()
    texts = {"tea": "Tea is hot.", "ice": "Ice is cold."}
    for topic, text in texts.items():
        file = client.files.create(file=(f"{topic}.txt", text.encode()), purpose="assistants")
        stores.files.create(store.id, file_id=file.id, attributes={"topic": topic})
    page = stores.search(
        store.id, query=["hot tea", "what is cold"], ranking_options={"score_threshold": 0.5}
    )
    (iced,) = stores.search(
        store.id,
        query="is",
        max_num_results=5,
        rewrite_query=True,
        filters={"type": "or", "filters": [{"type": "eq", "key": "topic", "value": "ice"}]},
    )

    assert page.object == "vector_store.search_results.page"
    assert [(one.filename, one.score) for one in page] == [("tea.txt", 1.0), ("ice.txt", 2 / 3)]
    assert (iced.attributes, [part.text for part in iced.content]) == ({"topic": "ice"}, [texts["ice"]])
    content = stores.files.content(iced.file_id, vector_store_id=store.id)
    assert content.object == "vector_store.file_content.page"
    assert [(part.type, part.text) for part in content] == [("text", texts["ice"])]


@pytest.mark.slow
def test_the_client_gives_files_to_assistants_and_threads(client: OpenAI) -> None:
    """In tool resources by id or described, and attached to messages."""
    file = client.files.create(file=NOTES, purpose="assistants")
    assistant = client.beta.assistants.create(
        model="m",
        instructions="Read.",
        tools=[{"type": "file_search"}],
        tool_resources={
            "file_search": {"vector_stores": [{"file_ids": [file.id], "chunking_strategy": {"type": "auto"}}]}
        },
    )
    assert assistant.tool_resources is not None
    assert assistant.tool_resources.file_search is not None
    (store_id,) = assistant.tool_resources.file_search.vector_store_ids or []
    assert client.vector_stores.retrieve(store_id).file_counts.completed == 1

    attachment: Any = {"file_id": file.id, "tools": [{"type": "code_interpreter"}]}
    thread = client.beta.threads.create(
        messages=[{"role": "user", "content": "Hi", "attachments": [attachment]}]
    )
    assert thread.tool_resources is not None
    assert thread.tool_resources.code_interpreter is not None
    assert thread.tool_resources.code_interpreter.file_ids == [file.id]
    with pytest.raises(NotFoundError, match=r"Files \[file-x\] were not found"):
        client.beta.threads.messages.create(
            thread.id, role="user", content="Hi", attachments=[{**attachment, "file_id": "file-x"}]
        )


def test_the_async_client_uploads_as_well() -> None:
    """Its forms are read like the sync client's."""

    async def tell() -> tuple[bytes, str]:
        service = Service(World(VirtualClock()))
        async with AsyncOpenAI(api_key="sk-none", http_client=async_client(service)) as client:
            file = await client.files.create(file=NOTES, purpose="vision")
            content = await client.files.content(file.id)
            store = await client.vector_stores.create()
            added = await client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id)
            return content.read(), added.status

    assert asyncio.run(tell()) == (NOTES[1], "completed")


# What is refused


@pytest.mark.parametrize("path", ["/files", "/vector_stores"])
def test_files_and_vector_stores_need_no_beta_header(bench: Bench, path: str) -> None:
    """They are no longer part of what was in beta."""
    assert bench.send("GET", path, headers={})[0] == 200


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([part("purpose", b"vision")], "Missing required parameter: 'file'."),
        ([part("file", b"x", "a.txt")], "Missing required parameter: 'purpose'."),
        (
            [part("file", b"x"), part("purpose", b"vision")],
            "Invalid type for 'file': expected a file, but got a string instead.",
        ),
        (
            [part("file", b"x", "a"), part("purpose", b"x", "b")],
            "Invalid type for 'purpose': expected a string, but got a file instead.",
        ),
        (
            [part("file", b"x", "a"), part("purpose", b"play")],
            (
                "Invalid value: 'play'. Supported values are: 'fine-tune', 'assistants', 'batch', "
                "'user_data', 'vision', and 'evals'."
            ),
        ),
        (
            [part("file", b"x", "a"), part("purpose", b"vision"), part("expires_after[seconds]", b"5")],
            (
                "Invalid 'expires_after.seconds': integer below minimum value. Expected a value >= 3600, "
                "but got 5 instead."
            ),
        ),
        ([part("file", b"x", "a"), part("purpose", b"vision"), part("k", b"v")], "Unknown parameter: 'k'."),
    ],
)
def test_forms_are_checked_like_other_bodies(bench: Bench, parts: list[bytes], message: str) -> None:
    """What is missing, too much, or of the wrong kind is named."""
    status, answer = post(bench, form(*parts))

    assert (status, answer["error"]["message"]) == (400, message)
    assert bench.world.list_files().data == ()


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (
            "/vector_stores",
            {"file_ids": "file-1"},
            "Invalid type for 'file_ids': expected an array of strings",
        ),
        (
            "/vector_stores",
            {"expires_after": {"anchor": "created_at", "days": 1}},
            "Invalid value: 'created_at'.",
        ),
        (
            "/vector_stores",
            {"expires_after": {"anchor": "last_active_at", "days": 0}},
            "Invalid 'expires_after.days'",
        ),
        (
            "/vector_stores",
            {"chunking_strategy": {"type": "static"}},
            "Missing required parameter: 'chunking_",
        ),
        ("/vector_stores", {"color": "red"}, "Unknown parameter: 'color'."),
        ("/vector_stores/vs_1", {"file_ids": []}, "Unknown parameter: 'file_ids'."),
        ("/vector_stores/vs_1/files", {}, "Missing required parameter: 'file_id'."),
        (
            "/vector_stores/vs_1/files",
            {"file_id": "file-1", "attributes": {"k": []}},
            "Invalid type for 'attributes.k'",
        ),
        (
            "/vector_stores/vs_1/files/file-1",
            {"attributes": {str(n): n for n in range(17)}},
            "Invalid 'attributes': too many properties.",
        ),
        ("/vector_stores/vs_1/file_batches", {"file_ids": []}, "Invalid 'file_ids': empty array."),
        ("/vector_stores/vs_1/file_batches", {}, "Expected either 'file_ids' or 'files', but not both."),
        (
            "/vector_stores/store",
            {},
            "Invalid 'vector_store_id': 'store'. Expected an ID that begins with 'vs'.",
        ),
        (
            "/vector_stores/vs_1/file_batches/b/cancel",
            {},
            "Invalid 'batch_id': 'b'. Expected an ID that begins",
        ),
    ],
)
def test_bodies_about_vector_stores_are_checked(bench: Bench, path: str, body: Any, message: str) -> None:
    """With a 400 that names the place, before anybody looks whether the store exists."""
    status, said, _, _ = bench.error("POST", path, body)

    assert status == 400
    assert said.startswith(message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing required parameter: 'query'."),
        ({"query": []}, "Invalid 'query': empty array."),
        ({"query": 1}, "Invalid type for 'query': expected one of a string or array of strings, but got"),
        ({"query": "x", "max_num_results": 51}, "Invalid 'max_num_results': integer above maximum value."),
        ({"query": "x", "ranking_options": {"ranker": "best"}}, "Invalid value: 'best'."),
        ({"query": "x", "ranking_options": {"score_threshold": 2}}, "Invalid 'ranking_options.score_thr"),
        ({"query": "x", "filters": {"type": "like"}}, "Invalid value: 'like'. Supported values are: 'eq', "),
        (
            {"query": "x", "filters": {"type": "in", "key": "k", "value": 1}},
            "Invalid type for 'filters.value'",
        ),
        (
            {"query": "x", "filters": {"type": "and", "filters": [{"type": "eq", "key": "k", "value": []}]}},
            "Invalid type for 'filters.filters[0].value': expected a string, but got an array instead.",
        ),
    ],
)
def test_a_search_is_checked(bench: Bench, body: Any, message: str) -> None:
    """Filters at any depth, before anybody looks whether the store exists."""
    status, said, _, _ = bench.error("POST", "/vector_stores/vs_1/search", body)

    assert status == 400
    assert said.startswith(message)


def test_an_id_that_is_none_of_a_file_names_no_file(bench: Bench) -> None:
    """It used to be refused for its shape, with a 400, which the service does with other ids only."""
    expected = (404, "No such File object: foo", "id", None)

    assert bench.error("GET", "/files/foo") == expected
    assert bench.error("DELETE", "/files/foo") == expected
    assert bench.error("GET", "/files/foo/content") == expected
    store = bench.world.create_vector_store()
    status, message, _, _ = bench.error("GET", f"/vector_stores/{store.id}/files/foo")
    assert (status, message) == (404, f"No file found with id 'foo' in vector store '{store.id}'.")


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"search": {}}, "Unknown parameter: 'tool_resources.search'."),
        (
            {"code_interpreter": {"file_ids": ["f"] * 21}},
            "Invalid 'tool_resources.code_interpreter.file_ids': array",
        ),
        (
            {"file_search": {"vector_store_ids": ["vs_1"] * 2}},
            "Invalid 'tool_resources.file_search.vector_store_ids'",
        ),
        (
            {"file_search": {"vector_store_ids": ["x"]}},
            "Invalid 'tool_resources.file_search.vector_store_ids[0]'",
        ),
        (
            {"file_search": {"vector_stores": [{"name": "n"}]}},
            "Unknown parameter: 'tool_resources.file_search.",
        ),
    ],
)
def test_tool_resources_are_checked(bench: Bench, resources: Any, message: str) -> None:
    """Wherever they may be given; formerly anything was taken."""
    for path, body in (("/assistants", {"model": "m"}), ("/threads", {}), ("/threads/thread_1", {})):
        status, said, _, _ = bench.error("POST", path, {**body, "tool_resources": resources})
        assert status == 400
        assert said.startswith((message, "Unknown parameter: 'tool_resources.file_search.vector_stores'."))


def test_only_a_creation_describes_a_vector_store(bench: Bench) -> None:
    """A modification names one."""
    described = {"tool_resources": {"file_search": {"vector_stores": [{}]}}}

    assert bench.send("POST", "/threads", described)[0] == 200
    status, message, _, _ = bench.error("POST", "/threads/thread_1", described)
    assert (status, message) == (400, "Unknown parameter: 'tool_resources.file_search.vector_stores'.")


# Forms


def test_a_form_is_read_as_it_was_sent() -> None:
    """Files with their names and bytes, nested names as objects, of two of a name the later."""
    body = form(
        part("file", NOTES[1][:3] + b"\r\n-\xff", "Ä.txt"),
        part("purpose", b"vision"),
        part("purpose", b"batch"),
        part("expires_after[anchor]", b"created_at"),
        part("expires_after[seconds]", b"3600"),
        part("number", b"3600"),
    )

    assert parse(FORM, body) == {
        "file": Upload("Ä.txt", b"Lin\r\n-\xff"),
        "purpose": "batch",
        "expires_after": {"anchor": "created_at", "seconds": 3600},
        "number": "3600",
    }


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b""),
        (FORM, b"junk"),
        (FORM, form(part("file", b"x", "a"))[:-4]),
        (FORM, form(part("file", b"x", "a"))[:20]),
        (FORM, form(b"--b\r\nX: y\r\n\r\nz\r\n")),
        (FORM, form(part("a", b"x"), part("a[b]", b"x"))),
        (FORM, form(*(part(f"a{n}", b"x") for n in range(MOST_PARTS + 1)))),
        ("multipart/form-data", form(part("a", b"x"))),
        ("multipart/form-data; boundary=other", form(part("a", b"x"))),
    ],
)
def test_a_broken_form_is_refused(content_type: str, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Also one that was cut off, which the library takes without a word."""
    caplog.set_level(logging.CRITICAL)
    with pytest.raises(ApiError) as raised:
        parse(content_type, body)

    assert (raised.value.status, raised.value.message) == (400, NOT_PARSED)


def test_what_is_no_form_is_refused(bench: Bench) -> None:
    """A body in JSON, for instance."""
    status, answer = post(bench, b"{}", "application/json")

    assert status == 400
    assert answer["error"]["message"] == (
        "Invalid Content-Type header (application/json), expected multipart/form-data."
    )


def test_an_upload_without_the_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else needs it."""
    monkeypatch.setitem(sys.modules, "python_multipart", None)

    with pytest.raises(MisuseError, match=r"runlife\[server\]"):
        parse(FORM, form(part("a", b"x")))

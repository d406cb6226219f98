"""Our OpenAPI document: it says all that is served, and what it says is so.

What Schemathesis does with such a document is done here by hand, so that no test depends on it: requests
are drawn from the document, lawful ones and broken ones, and every answer is held against what the
document declares for it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from attrs import field, frozen
from hypothesis import event, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runlife import VirtualClock
from runlife_adapters.http import OPERATIONS, Request, Service
from runlife_adapters.http.openapi import REFUSALS, document, schema_of
from runlife_adapters.memory import World

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = document()
COMPONENTS = {"components": DOCUMENT["components"]}
FUNCTION = {"type": "function", "function": {"name": "f"}}
SCENE = [
    {"object": "assistant", "id": "asst_1", "instructions": "Speak.", "tools": [FUNCTION]},
    {"object": "thread", "id": "thread_1"},
    {"object": "thread.run", "id": "run_1", "thread_id": "thread_1", "status": "requires_action"},
    {"object": "thread.message", "id": "msg_1", "thread_id": "thread_2", "run_id": "run_2", "content": "Hi"},
    {"object": "thread.run", "id": "run_2", "thread_id": "thread_2", "status": "completed"},
    {"object": "thread.run.step", "id": "step_1", "run_id": "run_2"},
    {"object": "thread.message", "id": "msg_2", "thread_id": "thread_3", "content": "Hello"},
    {"object": "file", "id": "file-1", "purpose": "batch", "content": "abc"},
    {"object": "vector_store", "id": "vs_1", "file_ids": ["file-1"]},
]


def scene() -> tuple[World, dict[str, list[str]]]:
    """Give a World in which there is something of every kind, and the ids of responses and the like."""
    world = World(VirtualClock(1_700_000_000.0))
    world.seed(SCENE)
    talk = world.create_conversation(items=[{"role": "user", "content": "I am Ada."}]).id
    item = world.list_conversation_items(talk).data[0]["id"]
    said: dict[str, Any] = {"model": "m", "input": "Hello", "background": True}
    asked = [world.create_response(**said, conversation=talk).id, world.create_response(**said).id]
    streamed = world.stream_response(**said).response_id
    ids = {"response_id": [*asked, streamed], "conversation_id": [talk], "item_id": [item]}
    return world, {**ids, "previous_response_id": ids["response_id"]}


IDS = {
    **scene()[1],
    "assistant_id": ["asst_1"],
    "thread_id": ["thread_1", "thread_2", "thread_3"],
    "step_id": ["step_1"],
    "run_id": ["run_1", "run_2"],
    "message_id": ["msg_1", "msg_2"],
    "file_id": ["file-1"],
    "vector_store_id": ["vs_1"],
    "batch_id": ["vsfb_1"],
    "after": ["msg_2"],
    "tool_call_id": ["call_1"],
}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give every operation of the document: method, path, and what is said of it."""
    for path, methods in DOCUMENT["paths"].items():
        for method, said in methods.items():
            yield method.upper(), path, said


def schemas(data: Any) -> Iterator[Any]:
    """Give everything in the document that is a schema."""
    if isinstance(data, dict):
        if "schema" in data:
            yield data["schema"]
        for item in data.values():
            yield from schemas(item)
    elif isinstance(data, list):
        for item in data:
            yield from schemas(item)


# What it says


def test_every_operation_that_is_served_is_declared_and_no_other() -> None:
    """By its name in the World, which is its own, with how it answers and how it may refuse."""
    declared = {(method, path, said["operationId"]) for method, path, said in operations()}

    assert declared == {(o.method, o.path, o.call) for o in OPERATIONS}
    assert len({name for *_, name in declared}) == len(declared)
    for _, _, said in operations():
        assert set(said["responses"]) == {"200", *map(str, REFUSALS)}
        assert said["summary"].endswith(".")


def test_every_id_in_a_path_is_a_parameter() -> None:
    """With the beginning that ids of its kind have, and it is required."""
    for _, path, said in operations():
        named = [p for p in said.get("parameters", ()) if p["in"] == "path"]
        assert [p["name"] for p in named] == [s.strip("{}") for s in path.split("/") if s.startswith("{")]
        assert all(p["required"] and p["schema"]["pattern"].startswith("^") for p in named)


def test_the_beta_header_is_demanded_where_the_service_demands_it() -> None:
    """Of the Assistants API, and not of files and vector stores."""
    for operation in OPERATIONS:
        parameters = DOCUMENT["paths"][operation.path][operation.method.lower()].get("parameters", ())
        assert any(p["name"] == "OpenAI-Beta" for p in parameters) is operation.beta


def test_streams_forms_and_files_are_declared_by_their_types() -> None:
    """What may be streamed is also an event stream; an upload is a form; a file's content is bytes."""
    for operation in OPERATIONS:
        said = DOCUMENT["paths"][operation.path][operation.method.lower()]
        content = said["responses"]["200"]["content"]
        assert ("text/event-stream" in content) is (operation.stream is not None)
        assert ("multipart/form-data" in said.get("requestBody", {}).get("content", {})) is operation.form
    file = DOCUMENT["paths"]["/files/{file_id}/content"]["get"]["responses"]["200"]["content"]
    assert list(file) == ["application/octet-stream"]


@pytest.mark.slow
def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    """By the meta-schema of the dialect that OpenAPI 3.1 speaks."""
    for schema in [*schemas(DOCUMENT), *DOCUMENT["components"]["schemas"].values()]:
        Draft202012Validator.check_schema(schema)
    used = set(json.dumps(DOCUMENT).split("#/components/schemas/")[1:])
    assert {name.split('"')[0] for name in used} == set(DOCUMENT["components"]["schemas"])


def test_the_document_names_the_place_it_is_given() -> None:
    """By default the place is left to whoever fetched it."""
    assert DOCUMENT["servers"] == [{"url": "/v1"}]
    assert document("http://127.0.0.1:4010/v1")["servers"] == [{"url": "http://127.0.0.1:4010/v1"}]


def test_a_schema_of_another_class_is_not_guessed() -> None:
    """Whoever adds one has to say what it is in JSON."""
    with pytest.raises(NotImplementedError, match="no JSON schema is known"):
        schema_of(object())  # type: ignore[arg-type]  # that is the point


# Requests, drawn from it

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def drawn(schema: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
    """Draw what fits a schema, as far as our own document uses the language."""
    if "$ref" in schema:
        named = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return st.deferred(lambda: drawn(named))
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return st.one_of([drawn(one, name) for one in schema[union]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    if name in IDS:
        return st.sampled_from(IDS[name])
    if schema.get("type") == "array":
        items = drawn(schema["items"], name.removesuffix("s"))
        return st.lists(items, min_size=schema.get("minItems", 0), max_size=2)
    if schema.get("type") == "object":
        return objects(schema)
    return plain(schema)


def objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Draw an object: of known fields, of pairs of one kind, or open."""
    if "properties" in schema:
        fields = {n: drawn(inner, n) for n, inner in schema["properties"].items()}
        required = schema.get("required", [])
        optional = {n: field for n, field in fields.items() if n not in required}
        return st.fixed_dictionaries({n: fields[n] for n in required}, optional=optional)
    pairs = schema.get("additionalProperties")
    return st.dictionaries(st.text(max_size=5), drawn(pairs) if pairs else anything, max_size=2)


def plain(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Draw a text, a number and so on."""
    start = schema.get("pattern", "").removeprefix("^")
    text = st.text(min_size=schema.get("minLength", 0), max_size=5).map(lambda text: start + text)
    kinds: dict[str | None, st.SearchStrategy[Any]] = {
        "string": text,
        "integer": st.integers(schema.get("minimum", -99), schema.get("maximum", 99_999)),
        "number": st.floats(schema.get("minimum", -9), schema.get("maximum", 9)),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return kinds.get(schema.get("type"), anything)


@frozen
class Asked:
    """A request that was drawn."""

    said: dict[str, Any] = field(repr=False)
    request: Request


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """Draw a request to any operation; some are broken in one place."""
    method, path, said = draw(st.sampled_from(list(operations())))
    broken = draw(st.sampled_from(["nothing", "nothing", "body", "path", "query", "header"]))
    headers, query = {"content-type": "application/json"}, list[tuple[str, str]]()
    for parameter in said.get("parameters", ()):
        name, place = parameter["name"], parameter["in"]
        known = drawn(parameter["schema"], name)
        if place == "path":
            value = draw(st.text(min_size=1, max_size=5) if broken == "path" else known)
            path = path.replace(f"{{{name}}}", quote(value, safe="", errors="replace"))
        elif place == "header" and broken != "header":
            headers[name.lower()] = draw(known)
        elif place == "query" and draw(st.booleans()):
            value = draw(anything if broken == "query" else known)
            query += [(name, str(item)) for item in (value if isinstance(value, list) else [value])]
    body = b""
    content = said.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        fitting = drawn(content["application/json"]["schema"])
        body = json.dumps(draw(anything | fitting.map(spoil) if broken == "body" else fitting)).encode()
    elif content:
        headers["content-type"] = "multipart/form-data; boundary=x"
        body = draw(st.sampled_from([b"", FORM, FORM[:-20]]))
    written = urlencode(query, errors="replace")
    return Asked(said, Request(method, f"/v1{path}", written, headers, body))


FORM = (
    b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n--x\r\n'
    b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc\r\n--x--\r\n'
)


def spoil(data: Any) -> Any:
    """Return an object with what nobody knows in it."""
    return {**data, "unheard_of": 1} if isinstance(data, dict) else data


@pytest.mark.slow
@given(st.lists(requests(), min_size=1, max_size=8))
def test_every_answer_is_one_that_the_document_declares(asked: list[Asked]) -> None:
    """Its status, its type of content and each field of it; and the server never fails."""
    world, _ = scene()
    service = Service(world)
    for one in asked:
        answer = service.handle(one.request)
        event(f"{one.said['operationId']}: {answer.status}")
        declared = one.said["responses"][str(answer.status)]["content"]
        kind = answer.headers["content-type"].partition(";")[0]
        assert answer.status < 500
        assert kind in declared
        if kind == "application/json":
            schema = {**declared[kind]["schema"], **COMPONENTS}
            if not isinstance(answer.body, bytes):
                world.advance(10)  # it comes when a response in the foreground has ended
            body = answer.body if isinstance(answer.body, bytes) else answer.body.take()
            Draft202012Validator(schema).validate(json.loads(body))
        elif not isinstance(answer.body, bytes):
            answer.body.close()
        world.advance(1.5)


def test_null_leaves_the_model_of_an_assistant_as_it_is() -> None:
    """It used to become null, which no assistant's model is: the test above found it."""
    world = World(VirtualClock(0.0))
    assistant = world.create_assistant(model="m")
    wanted: Any = {"model": None, "name": "Clerk"}

    assert world.modify_assistant(assistant.id, **wanted).model == "m"

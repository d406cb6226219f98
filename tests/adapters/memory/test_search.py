"""The search in a vector store: what is found, in which order, and what a filter lets through."""

from __future__ import annotations

from typing import Any

import pytest

from runlife import MisuseError, VirtualClock
from runlife_adapters.memory import ApiError, Upload, World

START = 1_700_000_000
DAY = 24 * 60 * 60


@pytest.fixture
def world() -> World:
    """Give a World in which nothing is yet."""
    return World(VirtualClock(float(START)))


def upload(world: World, text: str, name: str = "notes.txt") -> str:
    """Upload a file; return its id."""
    return world.create_file(file=Upload(name, text.encode()), purpose="assistants").id


def store_of(world: World, *texts: str) -> tuple[str, list[str]]:
    """Create a vector store of such files; return its id and theirs."""
    ids = [upload(world, text) for text in texts]
    return world.create_vector_store(file_ids=ids).id, ids


def found(world: World, store_id: str, query: Any, **options: Any) -> list[tuple[str, float]]:
    """Search; return the files that are found, with their scores."""
    page = world.search_vector_store(store_id, query=query, **options)
    return [(result.file_id, result.score) for result in page.data]


def test_a_search_has_the_fields_of_the_wire(world: World) -> None:
    """Of the store's files, as they are then; there is never another page."""
    file_id = upload(world, "The weather is fine.", "weather.md")
    store_id = world.create_vector_store().id
    world.create_vector_store_file(store_id, file_id=file_id, attributes={"city": "Paris", "page": 1})

    assert world.search_vector_store(store_id, query="Weather?").to_json() == {
        "object": "vector_store.search_results.page",
        "search_query": ["Weather?"],
        "data": [
            {
                "file_id": file_id,
                "filename": "weather.md",
                "score": 1.0,
                "attributes": {"city": "Paris", "page": 1},
                "content": [{"type": "text", "text": "The weather is fine."}],
            }
        ],
        "has_more": False,
        "next_page": None,
    }


def test_files_are_ranked_by_how_many_words_of_the_query_they_have(world: World) -> None:
    """Of the same score, the first that was added comes first; what shares no word is not found."""
    store_id, (one, none, two, other) = store_of(
        world, "red apples", "blue sky", "RED, green!", "green pears"
    )

    assert found(world, store_id, "red green") == [(two, 1.0), (one, 0.5), (other, 0.5)]
    assert found(world, store_id, ["red apples", "sky"]) == [(one, 1.0), (none, 1.0), (two, 0.5)]
    assert found(world, store_id, "red green", max_num_results=1) == [(two, 1.0)]
    assert found(world, store_id, "red green", ranking_options={"score_threshold": 0.6}) == [(two, 1.0)]
    assert found(world, store_id, "?!") == []


def test_a_text_without_spaces_is_found_by_its_characters(world: World) -> None:
    """Chinese and Japanese do not part their words."""
    store_id, (order, _) = store_of(world, "订单价格是五十九元", "天气很好")

    assert found(world, store_id, "价格") == [(order, 1.0)]


def test_what_is_found_are_the_passages_that_a_file_was_cut_into(world: World) -> None:
    """The best first; each as long as was said, with an overlap."""
    words = " ".join(f"w{number}" for number in range(250))
    cut = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}
    store_id = world.create_vector_store(file_ids=[upload(world, words)], chunking_strategy=cut).id
    (result,) = world.search_vector_store(store_id, query="w60 w120").data

    assert [(part.text.split()[0], part.text.split()[-1]) for part in result.content] == [
        ("w50", "w149"),
        ("w0", "w99"),
        ("w100", "w199"),
    ]
    assert result.score == 1.0


def test_only_what_was_processed_is_searched_and_read(world: World) -> None:
    """The files of a batch that was cancelled are in the store, and nothing is known of their text."""
    store_id, file_id = world.create_vector_store().id, upload(world, "red")
    batch = world.create_vector_store_file_batch(store_id, file_ids=[file_id])
    world.cancel_vector_store_file_batch(store_id, batch.id)

    assert found(world, store_id, "red") == []
    assert world.retrieve_vector_store_file_content(store_id, file_id).data == ()


def test_the_text_of_a_file_in_a_store_can_be_read(world: World) -> None:
    """Although the file itself may not be downloaded; what is no UTF-8 is replaced."""
    file_id = world.create_file(file=Upload("a.txt", b"caf\xc3\xa9 \xff"), purpose="assistants").id
    store_id = world.create_vector_store(file_ids=[file_id]).id

    assert world.retrieve_vector_store_file_content(store_id, file_id).to_json() == {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": "café \ufffd"}],
        "has_more": False,
        "next_page": None,
    }
    with pytest.raises(ApiError, match="No file found with id 'file-x' in vector store"):
        world.retrieve_vector_store_file_content(store_id, "file-x")


def test_a_search_is_a_use(world: World) -> None:
    """It puts off the end of a store; one that has expired is not searched."""
    store = world.create_vector_store(expires_after={"anchor": "last_active_at", "days": 1})
    world.advance(DAY - 1)
    world.search_vector_store(store.id, query="x")
    assert world.retrieve_vector_store(store.id).expires_at == START + 2 * DAY - 1
    world.advance(DAY)
    with pytest.raises(ApiError, match="has expired"):
        world.search_vector_store(store.id, query="x")


# Filters


def simple(type: str, key: str, value: Any) -> dict[str, Any]:
    """Return a filter of one attribute."""
    return {"type": type, "key": key, "value": value}


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        (simple("eq", "page", 2), "b"),
        (simple("ne", "page", 2), "acd"),
        (simple("gt", "page", 1), "b"),
        (simple("gte", "page", 1), "ab"),
        (simple("lt", "page", 2.0), "a"),
        (simple("lte", "page", 2), "ab"),
        (simple("in", "page", [1, 2, 3]), "ab"),
        (simple("nin", "page", [1]), "bcd"),
        (simple("gt", "city", "Oslo"), "a"),
        (simple("gt", "city", 1), ""),
        (simple("eq", "draft", True), "c"),
        (simple("eq", "draft", 1), ""),
        (simple("eq", "page", True), ""),
        ({"type": "and", "filters": [simple("gte", "page", 1), simple("eq", "city", "Paris")]}, "a"),
        (
            {
                "type": "or",
                "filters": [
                    simple("eq", "draft", True),
                    {"type": "and", "filters": [simple("eq", "page", 2), simple("ne", "city", "Rome")]},
                ],
            },
            "bc",
        ),
        ({"type": "and", "filters": []}, "abcd"),
        ({"type": "or", "filters": []}, ""),
    ],
)
def test_a_filter_lets_through_by_attributes(world: World, filters: Any, passes: str) -> None:
    """Kinds do not mix, and what a file does not have is unlike anything."""
    store_id = world.create_vector_store().id
    files: dict[str, dict[str, Any]] = {
        "a": {"page": 1, "city": "Paris"},
        "b": {"page": 2, "city": "Oslo"},
        "c": {"draft": True},
        "d": {},
    }
    for name, attributes in files.items():
        id = upload(world, "word", f"{name}.txt")
        world.create_vector_store_file(store_id, file_id=id, attributes=attributes)
    page = world.search_vector_store(store_id, query="word", filters=filters)

    assert "".join(result.filename[0] for result in page.data) == passes


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ({"type": "like", "key": "k", "value": 1}, "got 'like'"),
        ({"type": "eq", "key": "k"}, "'value' must be given"),
        ({"type": "or", "filters": [{"key": "k"}]}, "'type' must be given"),
        ({"type": "or", "filters": [], "key": "k"}, "unknown 'key'"),
        ({"type": "eq", "key": "k", "value": 1, "filters": []}, "unknown 'filters'"),
    ],
)
def test_a_filter_that_is_none_is_misuse(world: World, filters: Any, says: str) -> None:
    """At any depth; over HTTP it never comes so far."""
    store_id, _ = store_of(world)
    with pytest.raises(MisuseError, match=says):
        world.search_vector_store(store_id, query="x", filters=filters)


@pytest.mark.parametrize(("number", "says"), [(0, ">= 1"), (51, "<= 50")])
def test_the_number_of_results_is_bounded(world: World, number: int, says: str) -> None:
    """From 1 to 50, and 10 when nothing is said."""
    store_id, ids = store_of(world, *["word"] * 12)

    assert [id for id, _ in found(world, store_id, "word")] == ids[:10]
    with pytest.raises(ApiError, match=f"Invalid 'max_num_results': .*Expected a value {says}"):
        found(world, store_id, "word", max_num_results=number)

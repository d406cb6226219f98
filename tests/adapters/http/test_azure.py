"""The shapes in which Azure's clients know the API: under ``/openai``, and at the root for agents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from openai import AuthenticationError, AzureOpenAI

from runlife_adapters.http import sync_client
from runlife_adapters.http.inprocess import sync_transport

if TYPE_CHECKING:
    from .conftest import Bench

VERSION = "api-version=v1"
NOT_FOUND = {"error": {"code": "404", "message": "Resource not found"}}


def azure(bench: Bench, api_key: str = "secret") -> AzureOpenAI:
    """Return Azure's official client before a bench."""
    return AzureOpenAI(
        azure_endpoint="https://desk.openai.azure.com",
        api_version="2024-05-01-preview",
        api_key=api_key,
        max_retries=0,
        http_client=sync_client(bench.service),
    )


@pytest.mark.slow
def test_azures_official_client_is_served(make_bench: type[Bench]) -> None:
    """Its key comes in a header of its own, and a run is streamed to its end."""
    bench = make_bench.of(api_key="secret")
    with azure(bench) as client:
        assistant = client.beta.assistants.create(model="gpt-4o", instructions="Speak.")
        with client.beta.threads.create_and_run_stream(assistant_id=assistant.id) as stream:
            names = [event.event for event in stream]
    assert names[-1] == "thread.run.completed"
    assert {entry["path"].split("/")[1] for entry in bench.service.log.entries()} == {"openai"}

    with (
        azure(bench, "wrong") as client,
        pytest.raises(AuthenticationError, match="invalid subscription key"),
    ):
        client.beta.assistants.list()


@pytest.mark.parametrize("base", ["", "/api/projects/desk", "/openai"])
@pytest.mark.parametrize("key", [{"authorization": "Bearer secret"}, {"api-key": "secret"}])
def test_agents_clients_are_served(make_bench: type[Bench], base: str, key: dict[str, str]) -> None:
    """Agents live under /assistants at the root; a token or a key lets in, and no beta header is needed."""
    bench = make_bench.of(api_key="secret")
    with httpx.Client(
        transport=sync_transport(bench.service, httpx),
        base_url=f"https://desk.services.ai.azure.com{base}",
        headers=key,
        params={"api-version": "v1"},
    ) as client:
        agent = client.post("/assistants", json={"model": "gpt-4o"}).raise_for_status().json()
        body = {"assistant_id": agent["id"], "thread": {"messages": [{"role": "user", "content": "Hi"}]}}
        run = client.post("/threads/runs", json=body).raise_for_status().json()
        bench.world.advance(30)
        path = f"/threads/{run['thread_id']}/runs/{run['id']}"
        assert client.get(path).raise_for_status().json()["status"] == "completed"
        assert client.get("/vector_stores").raise_for_status().json()["data"] == []
        assert client.get("/files").raise_for_status().json()["data"] == []


@pytest.mark.parametrize("path", ["/openai/threads", "/threads", "/assistants", "/files", "/vector_stores"])
@pytest.mark.parametrize("query", ["", "api-version=", "limit=1"])
def test_the_version_is_needed(bench: Bench, path: str, query: str) -> None:
    """Without it, nothing is found there, in Azure's own envelope."""
    answer = bench.ask("POST", path, {}, query=query)

    assert isinstance(answer.body, bytes)
    assert (answer.status, json.loads(answer.body)) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/openai/nothing"), ("PUT", "/openai/threads"), ("GET", "/threads"), ("GET", "/api/projects/x")],
)
def test_what_azure_does_not_have_is_not_found(bench: Bench, method: str, path: str) -> None:
    """The path and the method alike."""
    answer = bench.ask(method, path, query=VERSION)

    assert isinstance(answer.body, bytes)
    assert (answer.status, json.loads(answer.body)) == (404, NOT_FOUND)


def test_the_plain_shape_needs_no_version(bench: Bench) -> None:
    """Under /openai/v1 paths are OpenAI's, and no beta header is asked for."""
    assert bench.ask("POST", "/openai/v1/threads", headers={}).status == 200
    assert bench.ask("POST", "/openai/v1/nothing", headers={}).status == 404


def test_refusals_by_the_api_are_in_its_words(bench: Bench) -> None:
    """Only what stands before it speaks Azure's."""
    answer = bench.ask("GET", "/openai/threads/thread_X", query=VERSION, headers={})
    said: Any = answer.body

    assert json.loads(said)["error"] == {
        "message": "No thread found with id 'thread_X'.",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }

"""Responses over plain HTTP: who is served, what is refused, how one waits, and what befalls calls."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from runlife import RunStatus, VirtualClock
from runlife_adapters.clock import SystemClock
from runlife_adapters.http import Request, Service, async_client, sync_client
from runlife_adapters.http.asgi import create_app
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.http.server import serve
from runlife_adapters.memory import After, Call, Net, Schedule, ServicePolicy, World
from runlife_adapters.testing.virtual import LoopClock, SyncTime, run

if TYPE_CHECKING:
    from runlife_adapters.http import Response

START = 1_700_000_000.0
HELLO: dict[str, Any] = {"model": "m", "input": "Hello"}
ASKS = Schedule(in_progress=[After(1, "requires_action", tools=[Call("f")])])
URL = "http://fake/v1/responses"


class Desk:
    """A service in virtual time, and plain requests to it."""

    def __init__(self, schedule: Schedule | None = None, *rules: FaultRule, **options: Any) -> None:
        self.world = World(VirtualClock(START), schedule=schedule, **options)
        self.service = Service(self.world, faults=FaultPlan(rules))

    def ask(self, method: str, path: str, body: Any = None, query: str = "") -> Response:
        """Send a request."""
        raw = b"" if body is None else json.dumps(body).encode()
        return self.service.handle(Request(method, path, query, {}, raw))

    def send(self, method: str, path: str, body: Any = None, query: str = "") -> tuple[int, Any]:
        """Send a request to a path under ``/v1``; return status and JSON of the answer, when it has come."""
        answer = self.ask(method, f"/v1{path}", body, query)
        if isinstance(answer.body, bytes):
            return answer.status, json.loads(answer.body)
        return answer.status, json.loads(self.drain(answer.body))

    def drain(self, stream: Any) -> bytes:
        """Return all that comes, letting time pass as it needs."""
        read = stream.take()
        while not stream.over:
            self.world.advance(max(stream.due() - self.world.now(), 0))
            read += stream.take()
        return read

    def error(self, body: Any, path: str = "/responses", query: str = "", method: str = "POST") -> Any:
        """Send a request that is refused; return status, param and code."""
        status, answer = self.send(method, path, body, query)
        assert list(answer["error"]) == ["message", "type", "param", "code"]
        return status, answer["error"]["param"], answer["error"]["code"]

    def begin(self, **more: Any) -> Any:
        """Create a background response."""
        return self.send("POST", "/responses", {**HELLO, "background": True, **more})[1]


# Who is served


def test_no_beta_header_is_demanded_and_the_end_of_assistants_is_not_theirs() -> None:
    """The Assistants API may have been shut down; Responses live on."""
    desk = Desk(service_policy=ServicePolicy(shut_down=True))

    assert desk.send("POST", "/threads", {})[0] == 404
    assert desk.send("POST", "/responses", HELLO)[1]["status"] == "completed"
    assert desk.send("POST", "/conversations", {})[0] == 200


@pytest.mark.parametrize("path", ["/openai/v1/responses", "/openai/responses"])
def test_azure_serves_them_as_well(path: str) -> None:
    """Below its own bases."""
    desk = Desk()

    assert desk.ask("POST", path, {**HELLO, "background": True}, "api-version=preview").status == 200


def test_both_apis_are_served_together() -> None:
    """From one World, at one time."""
    desk = Desk()
    assistant = desk.world.create_assistant(model="m")
    run = desk.world.create_thread_and_run(
        assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "Hello"}]}
    )
    response = desk.begin()
    desk.world.advance(2)

    assert desk.world.retrieve_run(run.thread_id, run.id).status is RunStatus.COMPLETED
    assert desk.send("GET", f"/responses/{response['id']}")[1]["status"] == "completed"


def test_the_log_shows_calls_about_responses() -> None:
    """By the World's names."""
    desk = Desk()
    response = desk.begin()
    desk.send("POST", f"/responses/{response['id']}/cancel")

    assert [entry["operation"] for entry in desk.service.log.entries()] == [
        "create_response",
        "cancel_response",
    ]


def test_the_doors_know_a_run_by_its_response() -> None:
    """Moves by hand, and the transitions."""
    desk = Desk(progression="manual")
    response = desk.begin()
    events: Any = desk.ask("GET", "/_runlife/events").body
    door = f"/_runlife/runs/{response['id']}"
    assert desk.ask("POST", f"{door}/step").status == 200
    move = json.dumps({"to": "requires_action", "tools": 1}).encode()
    asked = Request("POST", f"{door}/apply", "", {"content-type": "application/json"}, move)

    assert desk.service.handle(asked).status == 200
    assert desk.send("GET", f"/responses/{response['id']}")[1]["output"][0]["type"] == "function_call"
    assert desk.world.chain(response["id"]) in events.take().decode()
    assert desk.ask("POST", "/_runlife/runs/resp_x/step").status == 404


# What is refused


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({"modle": "m"}, ("modle", "unknown_parameter")),
        ({"input": 5}, ("input", "invalid_type")),
        ({"input": [{"role": "robot", "content": "x"}]}, ("input[0].role", "invalid_value")),
        ({"input": [{"role": "user"}]}, ("input[0].content", "missing_required_parameter")),
        ({"input": [{"type": "song"}]}, ("input[0].type", "invalid_value")),
        (
            {"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]},
            ("input[0].content[0].type", "invalid_value"),
        ),
        ({"max_output_tokens": 5}, ("max_output_tokens", "integer_below_min_value")),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            ("tools[0].function", "unknown_parameter"),
        ),
        ({"tools": [{"type": "function"}]}, ("tools[0].name", "missing_required_parameter")),
        ({"tool_choice": "maybe"}, ("tool_choice", "invalid_value")),
        ({"previous_response_id": "run_1"}, ("previous_response_id", "invalid_value")),
        ({"conversation": {"id": "thread_1"}}, ("conversation.id", "invalid_value")),
        ({"metadata": {"k": 1}}, ("metadata.k", "invalid_type")),
        (
            {"text": {"format": {"type": "json_schema", "name": "n"}}},
            ("text.format.schema", "missing_required_parameter"),
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(said: Any, refused: Any) -> None:
    """In the words of all the service's refusals; nothing has begun then."""
    desk = Desk()

    assert desk.error({**HELLO, **said}) == (400, *refused)
    assert desk.world.next_event() is None


def test_a_query_is_read_strictly() -> None:
    """What is no boolean and no number is refused, and so is an id that is none."""
    desk = Desk()
    path = f"/responses/{desk.begin(stream=False)['id']}"

    assert desk.error(None, path, "stream=maybe", "GET") == (400, "stream", "invalid_type")
    assert desk.error(None, path, "starting_after=x", "GET") == (400, "starting_after", "invalid_type")
    assert desk.error(None, path, "starting_after=1", "GET")[1] == "starting_after"
    assert desk.error(None, path, "stream=true", "GET")[0] == 404
    assert desk.error(None, "/responses/run_1", "", "GET") == (400, "response_id", "invalid_value")
    assert desk.send("GET", path, None, "stream=false&include[]=file_search_call.results")[0] == 200


# How one waits


def test_a_foreground_response_comes_when_it_has_ended() -> None:
    """The head of the answer is there at once, and its body is plain JSON."""
    desk = Desk()
    answer = desk.ask("POST", "/v1/responses", HELLO)
    assert not isinstance(answer.body, bytes)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert (answer.body.take(), answer.body.over, answer.body.due()) == (b"", False, START + 1)
    body = json.loads(desk.drain(answer.body))

    assert (body["status"], body["background"]) == ("completed", False)
    assert answer.body.take() == b""


def test_what_is_over_at_once_needs_no_waiting() -> None:
    """Where the server makes no delays."""
    desk = Desk(progression="immediate")

    assert isinstance(desk.ask("POST", "/v1/responses", HELLO).body, bytes)


def test_a_foreground_response_that_fails_says_so_itself() -> None:
    """The status of the answer has long been sent (inferred: nobody has recorded one)."""
    desk = Desk(Schedule(in_progress=[After(1, "failed")]))
    status, answer = desk.send("POST", "/responses", HELLO)

    assert (status, answer["status"], answer["error"]["code"]) == (200, "failed", "server_error")


def test_an_emptied_world_answers_who_still_waits() -> None:
    """With an error, since there is nothing else to say; a stream ends in one."""
    desk = Desk(Schedule(in_progress=[After(100)]))
    waiting: Any = desk.ask("POST", "/v1/responses", HELLO).body
    streams: list[Any] = [desk.ask("POST", "/v1/responses", {**HELLO, "stream": True}).body]
    streams[0].take()
    desk.world.reset()

    assert json.loads(waiting.take())["error"]["type"] == "server_error"
    event, data = streams[0].take().decode().split("\n")[:2]
    error = json.loads(data.removeprefix("data: "))
    assert event == "event: error"
    assert (error["type"], error["sequence_number"], error["error"]["type"]) == ("error", 2, "server_error")


def test_an_error_in_a_stream_may_be_flat() -> None:
    """As it is documented; nested is as it was observed."""
    desk = Desk(service_policy=ServicePolicy(error_event="flat"))
    stream: Any = desk.ask("POST", "/v1/responses", {**HELLO, "stream": True}).body
    stream.take()
    desk.world.reset()
    data = json.loads(stream.take().decode().split("\n")[1].removeprefix("data: "))

    assert set(data) == {"type", "message", "param", "code", "sequence_number"}
    assert data["type"] == "error"


def test_a_loop_in_virtual_time_waits_for_a_foreground_response() -> None:
    """And others go on meanwhile."""

    async def main() -> tuple[str, list[float]]:
        loop: Any = asyncio.get_running_loop()
        world = World(LoopClock(loop), schedule=Schedule(in_progress=[After(30)]))
        ticks: list[float] = []

        async def tick() -> None:
            while True:
                ticks.append(loop.time())
                await asyncio.sleep(10)

        ticking = asyncio.create_task(tick())
        async with async_client(Service(world)) as client:
            answer = await client.post(URL, json=HELLO, timeout=60)
        ticking.cancel()
        return answer.json()["status"], ticks

    assert run(main()) == ("completed", [0.0, 10.0, 20.0, 30.0])


def test_blocking_code_in_virtual_time_waits_for_a_foreground_response() -> None:
    """Its clock is where the response ended."""
    clock = VirtualClock(START)
    world = World(clock, schedule=Schedule(in_progress=[After(30)]))
    with SyncTime(clock), sync_client(Service(world)) as client:
        assert client.post(URL, json=HELLO, timeout=60).json()["status"] == "completed"

    assert clock.now() == START + 31


@pytest.mark.slow
def test_a_socket_waits_for_a_foreground_response_in_real_time() -> None:
    """As any HTTP client does; another's call is answered meanwhile."""
    quick = Schedule(queued=[After(0.02)], in_progress=[After(0.1, text="Late.")])
    world = World(SystemClock(), schedule=quick)
    with serve(create_app(world)) as served, library().Client(base_url=served.url) as client:
        answer = client.post("/responses", json=HELLO)
        text = client.post("/responses", json={**HELLO, "stream": True, "background": True}).text

    assert answer.json()["output"][0]["content"][0]["text"] == "Late."
    assert text.rstrip().splitlines()[-2] == "event: response.completed"


def library() -> Any:
    """Return an HTTP library."""
    return pytest.importorskip("httpx")


# What befalls calls


def test_calls_about_a_response_are_calls_about_the_run_behind_it() -> None:
    """Its schedule says what befalls the fourth: here it is the response that brings the outputs."""
    net = {2: Net("delay", seconds=1), 4: Net("refuse", status=503)}
    desk = Desk(Schedule(in_progress=ASKS.in_progress, net=net))
    first = desk.begin()
    path = f"/responses/{first['id']}"
    assert desk.ask("GET", f"/v1{path}").net == net[2]
    desk.world.advance(2)
    (call,) = desk.send("GET", path)[1]["output"]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "1"}
    said = {"model": "m", "input": [output], "previous_response_id": first["id"], "background": True}
    run_id = desk.world.chain(first["id"])

    assert desk.send("POST", "/responses", said)[0] == 503
    assert desk.world.run(run_id).status is RunStatus.REQUIRES_ACTION  # it was prevented
    assert desk.send("POST", "/responses", said)[0] == 200
    assert desk.world.run(run_id).status is RunStatus.QUEUED


@pytest.mark.parametrize(
    ("kind", "began"), [("reset_before", 0), ("lose_request", 0), ("reset_after", 1), ("lose_response", 1)]
)
def test_a_creation_may_be_lost(kind: Any, began: int) -> None:
    """Before it has any effect, or after."""
    desk = Desk(None, FaultRule(Net(kind), operation="create_response"))
    begun: list[str] = []
    desk.world.listen(lambda happened: begun.append(happened.run_id))
    answer = desk.ask("POST", "/v1/responses", HELLO)

    assert answer.net == Net(kind)
    assert len(begun) == began


def test_a_creation_that_arrives_twice_makes_two() -> None:
    """The client gets the answer of the first."""
    desk = Desk(None, FaultRule(Net("duplicate"), operation="create_response"))
    response = desk.begin()
    begun = list(desk.world._store.book.responses)

    assert len(begun) == 2
    assert begun[0] == response["id"]


def test_a_late_body_may_be_malformed() -> None:
    """It is half of one then; what befalls streams only does not befall it."""
    desk = Desk(None, FaultRule(Net("malformed"), nth=1), FaultRule(Net("cut_stream"), nth=2))
    body: Any = desk.ask("POST", "/v1/responses", HELLO).body
    whole = desk.ask("POST", "/v1/responses", HELLO)

    with pytest.raises(json.JSONDecodeError):
        json.loads(desk.drain(body))
    assert whole.net is None
    assert json.loads(desk.drain(whole.body))["status"] == "completed"


def test_a_client_that_leaves_lets_its_response_go_on() -> None:
    """In the foreground as well (inferred)."""
    desk = Desk()
    body: Any = desk.ask("POST", "/v1/responses", HELLO).body
    body.close()
    (response_id,) = desk.world._store.book.responses
    desk.world.advance(2)

    assert (body.over, body.take(), body.due()) == (True, b"", None)
    assert desk.send("GET", f"/responses/{response_id}")[1]["status"] == "completed"


@pytest.mark.parametrize("kind", ["cut_stream", "stall_stream"])
def test_a_foreground_stream_may_break_off(kind: Any) -> None:
    """After so many events; it cannot be taken up again, but the response can be looked at."""
    desk = Desk(None, FaultRule(Net(kind, events=3), operation="create_response"))
    with (
        sync_client(desk.service) as client,
        client.stream("POST", URL, json={**HELLO, "stream": True}) as answer,
    ):
        lines = list[str]()
        with pytest.raises(Exception, match=r"incomplete chunked read|timed out"):
            lines.extend(line for line in answer.iter_lines() if line.startswith("event: "))
    (response_id,) = desk.world._store.book.responses
    desk.world.advance(5)

    assert desk.error(None, f"/responses/{response_id}", "stream=true", "GET")[0] == 404
    assert desk.send("GET", f"/responses/{response_id}")[1]["status"] == "completed"

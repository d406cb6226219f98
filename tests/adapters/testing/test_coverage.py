"""What of the lifecycle a test session has exercised."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, get_args

import openai
import pytest

from runlife import RUN, Cause, MisuseError, Policy, VirtualClock
from runlife.paths import illegal_events, n_switch, suite
from runlife_adapters.conformance import WorldHarness
from runlife_adapters.http import Service, sync_client
from runlife_adapters.http.faults import FaultPlan, FaultRule
from runlife_adapters.memory import After, ApiError, Net, Schedule, World
from runlife_adapters.memory.errors import NOT_UPDATABLE, REFUSALS
from runlife_adapters.memory.net import NetKind
from runlife_adapters.openai import OpenAIBackend
from runlife_adapters.testing.coverage import (
    METRICS,
    LifecycleCoverage,
    Line,
    Metric,
    Requirement,
    items,
    requirements,
)
from runlife_adapters.testing.coverage.inventory import read_refusal
from runlife_adapters.testing.generated import cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START = 1_700_000_000
FUNCTION = {"type": "function", "function": {"name": "look_up"}}
POLITE = {"create", "submit_tool_outputs", "retrieve"}
"""The calls of a service that never cancels, and does not stream."""


def names(metric: Metric) -> set[str]:
    """Return the names of everything there is of a metric."""
    return {item.name for item in items(RUN)[metric]}


class Watched:
    """A World behind a service that is watched, with the official client in front."""

    def __init__(self, **options: Any) -> None:
        self.world = World(VirtualClock(START))
        self.service = Service(self.world, **options)
        self.client = openai.OpenAI(
            base_url="http://fake/v1", api_key="-", max_retries=0, http_client=sync_client(self.service)
        )
        self.runs = self.client.beta.threads.runs
        self.seen = LifecycleCoverage()
        self.stop = self.seen.watch_service(self.service)
        self.assistant_id = self.world.create_assistant(model="gpt-4o", tools=[FUNCTION]).id
        self.thread_id = self.new_thread()

    def new_thread(self) -> str:
        """Return the id of a new thread that speaks."""
        return self.world.create_thread(messages=[{"role": "user", "content": "Hello"}]).id

    def create(self, **options: Any) -> str:
        """Start a run, and return its id."""
        return self.runs.create(thread_id=self.thread_id, assistant_id=self.assistant_id, **options).id

    def cancel(self, run_id: str) -> None:
        """Ask for the end of a run."""
        self.runs.cancel(run_id, thread_id=self.thread_id)

    def retrieve(self, run_id: str) -> None:
        """Look at a run."""
        self.runs.retrieve(run_id, thread_id=self.thread_id)

    def submit(self, run_id: str, *ids: str) -> None:
        """Submit outputs for some calls."""
        self.runs.submit_tool_outputs(
            run_id,
            thread_id=self.thread_id,
            tool_outputs=[{"tool_call_id": id, "output": "found"} for id in ids],
        )


@pytest.fixture
def watched() -> Iterator[Watched]:
    """Give a service that is watched."""
    service = Watched()
    with service.client:
        yield service


class TestWhatThereIs:
    def test_it_is_what_the_table_has(self) -> None:
        """Pinned, save the faults, which are the network's: any change of the table shows."""
        everything = items(RUN)
        kinds = len(get_args(NetKind)) + 1  # two ways to refuse
        assert tuple(everything) == METRICS == get_args(Metric)
        assert {metric: len(found) for metric, found in everything.items()} == {
            "edge": 19,
            "edge-pair": 32,
            "guard": 8,
            "illegal": 14,
            "fault": 4 * kinds - 2 * len(("cut_stream", "stall_stream")),
        }

    def test_edges_pairs_and_illegal_calls_are_those_of_the_engine(self) -> None:
        """By the words of the table."""
        calls = {row.event for row in RUN.transitions if row.cause is Cause.CLIENT} - {"create"}
        assert names("edge") == {str(row) for row in RUN.transitions}
        assert names("edge-pair") == {f"{one}, {two}" for one, two in n_switch(RUN, 1)}
        assert names("illegal") == {f"{event}@{s}" for s, event in illegal_events(RUN) if event in calls}

    def test_each_part_of_a_guard_has_both_outcomes(self) -> None:
        """Timers' guards are time's own affair."""
        assert names("guard") == {
            f"{event}: {outcome}{part}"
            for event, part in (
                ("create", "thread_is_free"),
                ("create", "thread_has_input"),
                ("require_action", "calls_a_function"),
                ("submit_tool_outputs", "outputs_match_calls"),
            )
            for outcome in ("", "not ")
        }

    def test_each_call_can_be_struck_by_each_fault(self) -> None:
        """Only what is answered with a stream can be cut; overload is told from other refusals."""
        kinds = {name.partition(": ")[2].partition(" ")[0] for name in names("fault")}
        assert kinds == set(get_args(NetKind))
        assert {name for name in names("fault") if "stream" in name} == {
            f"{call}: {kind}"
            for call in ("create", "submit_tool_outputs")
            for kind in ("cut_stream", "stall_stream")
        }
        assert {"retrieve: refuse 429", "retrieve: refuse 5xx"} <= names("fault")

    def test_every_refusal_of_the_fake_is_understood(self) -> None:
        """The fake's own words are read backwards, whatever they are filled with."""
        facts = {
            "thread_id": "thread_1",
            "active_run_id": "run_1",
            "status": "queued",
            "expected": [],
            "got": ["a"],
        }
        for (event, guard), words in REFUSALS.items():
            refusal = read_refusal(words.error(**facts))
            assert refusal is not None
            assert (refusal.event, refusal.guard) == (event, guard)
            assert refusal.status == "queued"
        assert read_refusal(NOT_UPDATABLE.error(status="queued")) is None


class TestTransitions:
    def test_a_world_tells_of_them_as_they_happen(self) -> None:
        """Each transition, each pair within one run, and each guard that held."""
        world, seen = World(VirtualClock(START)), LifecycleCoverage()
        stop = seen.watch(world)
        thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}]).id
        assistant = world.create_assistant(model="gpt-4o").id
        for _ in range(2):
            world.create_run(thread, assistant_id=assistant)
            world.advance(5)
        assert seen.counts["edge"] == dict.fromkeys(
            ("nothing -create-> queued", "queued -start-> in_progress", "in_progress -complete-> completed"),
            2,
        )
        assert seen.counts["edge-pair"] == dict.fromkeys(
            (
                "nothing -create-> queued, queued -start-> in_progress",
                "queued -start-> in_progress, in_progress -complete-> completed",
            ),
            2,
        )
        assert seen.counts["guard"] == {"create: thread_is_free": 2, "create: thread_has_input": 2}
        assert seen.uses == {"create"}
        stop()
        world.create_run(thread, assistant_id=assistant)
        assert seen.counts["edge"].total() == 6

    def test_runs_are_told_apart(self) -> None:
        """Runs of two Worlds bear the same ids, and their transitions are no pairs."""
        seen = LifecycleCoverage()
        worlds = [World(VirtualClock(START)) for _ in range(2)]
        for world in worlds:
            seen.watch(world)
            thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}]).id
            world.create_run(thread, assistant_id=world.create_assistant(model="gpt-4o").id)
        worlds[0].advance(1)
        worlds[1].advance(600)
        assert seen.counts["edge-pair"].total() == 1 + 2

    def test_journals_count_as_well(self) -> None:
        """What nobody watched can be told afterwards."""
        world, seen, told = World(VirtualClock(START)), LifecycleCoverage(), LifecycleCoverage()
        seen.watch(world)
        thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}]).id
        run = world.create_run(thread, assistant_id=world.create_assistant(model="gpt-4o").id)
        world.advance(600)
        told.journal(world.journal(run.id))
        assert told.to_json() == seen.to_json()

    def test_what_another_policy_has_counts_as_far_as_this_one_has_it(self) -> None:
        """A row with another effect is the same transition; one that is switched off here is left out."""
        seen = LifecycleCoverage(Policy(cancel_outside_in_progress=False))
        world = World(VirtualClock(START), policy=Policy(usage_when_stopped="null"))
        seen.watch(world)
        thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}]).id
        run = world.create_run(thread, assistant_id=world.create_assistant(model="gpt-4o").id)
        world.cancel_run(thread, run.id)
        world.advance(5)
        assert "cancelling -confirm_cancel-> cancelled" in seen.line("edge").covered
        assert "queued -cancel-> cancelling" not in seen.line("edge").covered

    def test_the_heat_of_a_diagram(self) -> None:
        """Every transition of the table, in its order, with how often it was taken."""
        seen = LifecycleCoverage()
        world = World(VirtualClock(START), schedule=Schedule(queued=[After(1, "failed")]))
        seen.watch(world)
        thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}]).id
        world.create_run(thread, assistant_id=world.create_assistant(model="gpt-4o").id)
        world.advance(1)
        heat = seen.heat()
        assert tuple(heat) == RUN.transitions
        assert {str(row): count for row, count in heat.items() if count} == {
            "nothing -create-> queued": 1,
            "queued -fail-> failed": 1,
        }


class TestRefusals:
    def test_guards_that_do_not_hold_are_known_by_the_words(self, watched: Watched) -> None:
        """A part that fails is counted, and those that were asked before it held."""
        run_id = watched.create(tool_choice="required")
        with pytest.raises(openai.BadRequestError):
            watched.create()
        empty = watched.world.create_thread().id
        with pytest.raises(openai.BadRequestError):
            watched.runs.create(thread_id=empty, assistant_id=watched.assistant_id)
        watched.world.advance(5)
        with pytest.raises(openai.BadRequestError):
            watched.submit(run_id, "call_unknown")
        assert watched.seen.counts["guard"] == {
            "create: thread_is_free": 2,
            "create: thread_has_input": 1,
            "create: not thread_is_free": 1,
            "create: not thread_has_input": 1,
            "require_action: calls_a_function": 1,
            "submit_tool_outputs: not outputs_match_calls": 1,
        }

    def test_illegal_calls_are_known_with_their_status(self, watched: Watched) -> None:
        """The words tell the status."""
        run_id = watched.create()
        watched.world.advance(600)
        for call in (lambda: watched.cancel(run_id), lambda: watched.submit(run_id, "call_1")):
            with pytest.raises(openai.BadRequestError):
                call()
        assert watched.seen.counts["illegal"] == {"cancel@completed": 1, "submit_tool_outputs@completed": 1}

    def test_other_refusals_count_nothing(self, watched: Watched) -> None:
        """What is not found, or not well said, is no matter of the lifecycle."""
        before = watched.seen.to_json()["counts"]
        with pytest.raises(openai.NotFoundError):
            watched.retrieve("run_" + "0" * 24)
        with pytest.raises(openai.BadRequestError):
            watched.create(temperature=7)
        assert watched.seen.to_json()["counts"] == before

    def test_without_a_service_they_can_be_told_by_hand(self) -> None:
        """Whoever calls a World directly has its refusals."""
        world, seen = World(VirtualClock(START)), LifecycleCoverage()
        try:
            world.create_run(world.create_thread().id, assistant_id=world.create_assistant(model="gpt-4o").id)
        except ApiError as error:
            seen.refused(error)
        assert seen.counts["guard"] == {"create: thread_is_free": 1, "create: not thread_has_input": 1}
        assert seen.uses == {"create"}


class TestFaults:
    def test_what_strikes_a_call_is_counted(self) -> None:
        """By the call and by what befell it; a fault of the server by its kind, not by its number."""
        plan = FaultPlan(
            [
                FaultRule(Net("lose_response"), operation="create_run", nth=1),
                FaultRule(Net("refuse", status=503), operation="retrieve_run", nth=1),
                FaultRule(Net("refuse", status=429), operation="retrieve_run", nth=2),
            ]
        )
        watched = Watched(faults=plan)
        with pytest.raises(openai.APITimeoutError):
            watched.create()
        (run,) = watched.world.list_runs(watched.thread_id).data
        for _ in range(2):
            with pytest.raises(openai.APIStatusError):
                watched.retrieve(run.id)
        watched.client.close()
        assert watched.seen.counts["fault"] == dict.fromkeys(
            ("create: lose_response", "retrieve: refuse 5xx", "retrieve: refuse 429"), 1
        )

    def test_a_refusal_that_arrives_malformed_is_no_stumbling_block(self) -> None:
        """There are no words to read: the fault alone is counted."""
        watched = Watched(faults=FaultPlan([FaultRule(Net("malformed"), operation="create_run", nth=2)]))
        watched.create()
        with suppress(openai.OpenAIError, ValueError):
            watched.create()
        watched.client.close()
        assert watched.seen.counts["fault"] == {"create: malformed": 1}

    def test_streams_are_noticed(self, watched: Watched) -> None:
        """Once a service streams, its streams may be cut."""
        assert "create: cut_stream" in watched.seen.line("fault").unreachable
        with watched.runs.create(
            thread_id=watched.thread_id, assistant_id=watched.assistant_id, stream=True
        ) as stream:
            watched.world.advance(5)
            list(stream)
        assert watched.seen.uses == {"create", "stream"}
        assert "create: cut_stream" in watched.seen.missing("fault")
        assert "submit_tool_outputs: cut_stream" not in watched.seen.missing("fault")


class TestWhatIsUnreachable:
    def test_what_needs_a_call_that_is_never_made(self) -> None:
        """Edges of that call, what only they lead to, and everything that is about it."""
        seen = LifecycleCoverage()
        assert set(seen.line("edge", POLITE).unreachable) == {
            str(row) for row in RUN.transitions if "cancelling" in {row.source, row.target}
        }
        assert all("cancelling" in name for name in seen.line("edge-pair", POLITE).unreachable)
        assert all("cancel" in name for name in seen.line("illegal", POLITE).unreachable)
        assert {name for name in seen.line("fault", POLITE).unreachable if "stream" not in name} == {
            name for name in names("fault") if name.startswith("cancel")
        }

    def test_it_is_not_missing(self) -> None:
        """Untested is what the service could come to: together they are everything."""
        seen = LifecycleCoverage()
        for metric in METRICS:
            line = seen.line(metric, POLITE)
            assert line.covered == ()
            assert line.missing == seen.missing(metric, POLITE)
            assert set(line.missing) | set(line.unreachable) == names(metric)
            assert not set(line.missing) & set(line.unreachable)

    def test_who_never_submits_stays_in_the_first_round(self) -> None:
        """Its runs wait in vain: only time ends them."""
        left = LifecycleCoverage().line("edge", {"create"}).missing
        assert [name for name in left if name.startswith("requires_action")] == [
            "requires_action -expire-> expired"
        ]

    def test_what_no_client_can_bring_about_never_is(self) -> None:
        """The server asks its guard before it moves, and tells nobody that it thought better of it."""
        everything = {*POLITE, "cancel", "stream"}
        seen = LifecycleCoverage()
        assert {metric: seen.line(metric, everything).unreachable for metric in METRICS} == {
            **dict.fromkeys(METRICS, ()),
            "guard": ("require_action: not calls_a_function",),
        }

    def test_by_default_it_goes_by_the_calls_that_were_seen(self, watched: Watched) -> None:
        """Also by those that were refused."""
        run_id = watched.create()
        watched.world.advance(5)
        assert "queued -cancel-> cancelling" in watched.seen.line("edge").unreachable
        with pytest.raises(openai.BadRequestError):
            watched.cancel(run_id)
        assert "queued -cancel-> cancelling" in watched.seen.missing("edge")

    def test_what_happened_all_the_same_is_covered(self) -> None:
        """Whatever is said of the service: another client may have done it."""
        seen = LifecycleCoverage()
        world = World(VirtualClock(START))
        seen.watch(world)
        thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}]).id
        run = world.create_run(thread, assistant_id=world.create_assistant(model="gpt-4o").id)
        world.cancel_run(thread, run.id)
        assert "queued -cancel-> cancelling" in seen.line("edge", POLITE).covered

    def test_an_unknown_call_is_refused(self) -> None:
        """The message lists the calls there are."""
        says = (
            "no call of a client is named 'start'; there are: create, submit_tool_outputs, cancel, retrieve,"
        )
        with pytest.raises(MisuseError, match=says):
            LifecycleCoverage().missing("edge", {"start"})
        with pytest.raises(MisuseError, match="unknown metric 'node'; there are: edge, edge-pair"):
            LifecycleCoverage().missing("node")  # type: ignore[arg-type]  # what is tested


class TestSessions:
    @staticmethod
    def session(schedule: Schedule) -> LifecycleCoverage:
        """Return what a session with one run has covered."""
        seen, world = LifecycleCoverage(), World(VirtualClock(START), schedule=schedule)
        seen.watch(world)
        thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}]).id
        world.create_run(thread, assistant_id=world.create_assistant(model="gpt-4o").id)
        world.advance(5)
        seen.refused(REFUSALS["cancel", None].error(status="completed"))
        return seen

    def test_they_are_merged(self) -> None:
        """Counts add up, and what either used is used."""
        one, two = self.session(Schedule()), self.session(Schedule(queued=[After(1, "failed")]))
        one.uses.add("stream")
        two.merge(one)
        assert two.counts["edge"]["nothing -create-> queued"] == 2
        assert two.counts["edge"]["queued -fail-> failed"] == 1
        assert two.counts["illegal"] == {"cancel@completed": 2}
        assert two.uses == {"create", "cancel", "stream"}

    def test_only_of_one_policy(self) -> None:
        """Percentages of two tables do not add up."""
        other = LifecycleCoverage(Policy(cancel_may_lose=False))
        with pytest.raises(MisuseError, match="expected a coverage under Policy"):
            other.merge(LifecycleCoverage())

    def test_json_and_back(self) -> None:
        """Without loss, through text, and in a fixed order."""
        seen = self.session(Schedule())
        text = json.dumps(seen.to_json())
        read = LifecycleCoverage.from_json(json.loads(text))
        assert json.dumps(read.to_json()) == text
        assert read.to_text() == seen.to_text()
        read.merge(seen)
        assert read.counts["illegal"] == {"cancel@completed": 2}

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda data: data.pop("policy"),
            lambda data: data.update(lifecycle="run_step"),
            lambda data: data["policy"].pop("cancel_may_lose"),
            lambda data: data["policy"].update(cancel_may_lose="perhaps"),
            lambda data: data.update(uses=["start"]),
            lambda data: data["counts"].update(node={}),
            lambda data: data["counts"].update(edge=7),
            lambda data: data["counts"]["edge"].update(x="many"),
        ],
    )
    def test_anything_else_is_refused(self, spoil: Callable[[dict[str, Any]], object]) -> None:
        """The message says what is wrong."""
        data = self.session(Schedule()).to_json()
        spoil(data)
        with pytest.raises(MisuseError, match="not the JSON of a coverage: "):
            LifecycleCoverage.from_json(data)


class TestText:
    def test_it_is_a_table_with_what_is_missing(self) -> None:
        """Figures first, then names, and why some count as unreachable."""
        seen = TestSessions.session(Schedule())
        text = seen.to_text({"create"}, limit=2)
        assert [line for line in text.splitlines() if "fault" not in line] == [
            "           covered  of           unreachable",
            "edge             3  10   30.0 %            9",
            "edge-pair        2   9   22.2 %           23",
            "guard            2   5   40.0 %            3",
            "illegal          1   1  100.0 %           13",
            "missing edge: in_progress -require_action-> requires_action",
            "missing edge: in_progress -cut_short-> incomplete",
            "missing edge: and 5 more",
            "missing edge-pair: nothing -create-> queued, queued -fail-> failed",
            "missing edge-pair: nothing -create-> queued, queued -expire-> expired",
            "missing edge-pair: and 5 more",
            "missing guard: create: not thread_is_free",
            "missing guard: create: not thread_has_input",
            "missing guard: and 1 more",
            "unreachable: by a service that makes no calls but create",
        ]
        assert "missing fault: create: delay" in text.splitlines()

    def test_of_nothing_all_is_covered(self) -> None:
        """A service that makes no calls has nothing left to test."""
        assert Line("edge").percent == 100
        assert "unreachable: by a service that makes no calls but none" in LifecycleCoverage().to_text()


class TestRequirements:
    def test_they_are_read_and_checked(self) -> None:
        """What falls short is told with its figures, in the order asked for; what does not is not."""
        wanted = requirements("edge-pair=100, edge=30,illegal=100 ,guard=50")
        assert str(wanted) == "edge-pair=100,edge=30,illegal=100,guard=50"
        assert wanted.wanted[1] == Requirement("edge", 30)
        short = wanted.check(TestSessions.session(Schedule()), {"create"})
        assert list(map(str, short)) == [
            "edge-pair: 2 of 9 (22.2 %) are covered, 100 % are required",
            "guard: 2 of 5 (40.0 %) are covered, 50 % are required",
        ]
        assert short[1].line.missing[0] == "create: not thread_is_free"

    def test_a_hundred_means_all(self) -> None:
        """Nothing is rounded up."""
        almost = Line("fault", tuple(map(str, range(9_999))), ("x",))
        assert Requirement("fault", 100).check(almost) is not None
        assert Requirement("fault", 99.99).check(almost) is None

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (
                "",
                "'': expected METRIC=PERCENT, where a metric is one of edge, edge-pair, guard,",
            ),
            ("pairs=100", "'pairs=100': expected METRIC=PERCENT"),
            ("edge", "'edge': expected a percentage, 0 to 100; got ''"),
            ("edge=101", "expected a percentage, 0 to 100; got '101'"),
            ("edge=nan", "expected a percentage, 0 to 100; got 'nan'"),
            ("edge=all", "expected a percentage, 0 to 100; got 'all'"),
            ("edge=1,edge=2", "'edge=2': edge is asked for twice"),
        ],
    )
    def test_anything_else_is_refused(self, text: str, says: str) -> None:
        """The message names the part, and what was expected."""
        with pytest.raises(MisuseError, match=says):
            requirements(text)


@pytest.mark.slow
def test_the_generated_cases_cover_everything_but_faults() -> None:
    """Their suites and the counting of what was exercised agree on what there is."""
    watched = Watched()
    for case in cases():
        case.run(WorldHarness(OpenAIBackend(watched.client), watched.world))
    watched.client.close()
    assert requirements("edge=100,edge-pair=100,guard=100,illegal=100").check(watched.seen) == ()
    assert watched.seen.line("guard").unreachable == ("require_action: not calls_a_function",)
    assert watched.seen.counts["edge"].total() > sum(map(len, suite(RUN, "prime")))


def test_a_service_is_watched_until_it_is_not(watched: Watched) -> None:
    """Afterwards neither its calls nor its World count."""
    watched.stop()
    watched.create()
    watched.world.advance(5)
    assert watched.seen.to_json() == LifecycleCoverage().to_json()
    assert watched.seen not in watched.service.observers

"""The report on a failure as data, as a terminal shows it, and as the test that keeps it."""

from __future__ import annotations

import ast
import json
import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given

from runlife import LastError
from runlife_adapters.memory import NEVER, After, Call, CodeInterpreter, Net, Schedule
from runlife_adapters.memory.net import NetKind
from runlife_adapters.testing import LifecycleError, lifecycle
from runlife_adapters.testing.verify import Failure, FailureKind, Report, Story
from runlife_adapters.testing.verify.reporting.regression import laid_out
from runlife_adapters.testing.verify.reporting.report import Left, Line, shortened
from runlife_adapters.testing.verify.reporting.text import as_text, joined
from runlife_adapters.testing.verify.reporting.words import HEADS, clipped, deviations, fault
from runlife_adapters.testing.verify.strategies import stories
from runlife_adapters.testing.verify.tape import Entry, Lane

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK: dict[str, Any] = {"faults": [], "others": (), "ties": False, "random": 0, "deviations": 1}


def told(story: Story | None = None, *lines: Line, **changes: Any) -> Report:
    """Make a report by hand."""
    failure = Failure(kind=FailureKind.SAFETY, says="it said something else")
    said: dict[str, Any] = {
        "service": "serve",
        "failure": failure,
        "without": None,
        "lines": lines,
        **changes,
    }
    return Report(story=story if story is not None else Story(), **said)


def called(number: int, at: float, answer: str = "200 queued") -> list[Line]:
    """Make the lines of a call that is answered at once."""
    return [
        Line(Entry(at, Lane.SERVICE, "GET /threads", number)),
        Line(Entry(at, Lane.WIRE, answer, number)),
    ]


@pytest.fixture
def failed(careless: Callable[..., Any]) -> Report:
    """Give the report on a service that knows nothing of ``incomplete``."""
    with pytest.raises(LifecycleError) as caught:
        lifecycle.verify(careless, functions=(), **QUICK)
    return caught.value.report


# --------------------------------------------------------------------------- what happened


@pytest.mark.slow
def test_idle_polls_are_one_line_and_the_parting_is_marked(failed: Report) -> None:
    """The rest are lines of their own; the truth about the run comes from the fake's journal."""
    (parting,) = [line for line in failed.lines if line.parts]
    assert "in_progress → incomplete" in parting.entry.text
    assert parting.entry.deviates
    (idle,) = [line for line in failed.lines if line.polls]
    assert idle.polls > 40
    assert idle.until - idle.entry.at == idle.polls - 1
    assert [span.status for span in failed.spans] == ["queued", "in_progress", "incomplete"]
    assert failed.spans[-1].until == failed.ended
    assert failed.without == Story()


@pytest.mark.slow
def test_a_terminal_shows_it_on_one_screen(failed: Report) -> None:
    """The sentence first, then the story, the sequence, who waited, the test; nothing wider than a window."""
    text = as_text(failed)

    lines = text.splitlines()
    assert lines[0] == "NEVER CAME BACK: run 1 ended incomplete, and 58 s later the service has not come back"
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 100
    beginnings = ("With 1 deviation", "What happened", "Who waited then", "To keep it as a test", "Found in")
    places = [text.index(beginning) for beginning in beginnings]
    assert places == sorted(places)
    assert '    Schedule(in_progress=[After(1.0, "incomplete")])' in lines
    assert re.search(r"3\.00 +┄ \d+ polls that showed nothing new, until \d+\.00", text)
    assert "on the happy path it is the same up to here, and passes" in text
    assert re.search(r"^> +\d+\.\d\d +■ the service has not come back", text, re.MULTILINE)
    assert "Stage." not in text


@pytest.mark.slow
def test_the_data_are_json_and_the_same_each_time(failed: Report, careless: Callable[..., Any]) -> None:
    """Stable keys, no dates, no ids, and a story that can be read back."""
    data = json.loads(json.dumps(failed.to_json()))

    assert list(data) == [
        "outcome", "service", "failure", "story", "passes", "sequence", "ending", "runs", "test", "tried",
    ]  # fmt: skip
    assert data["outcome"] == "failed"
    assert data["failure"]["kind"] == "liveness"
    assert Story.from_json(data["story"]["data"]) == failed.story
    assert data["passes"]["data"] == {}
    assert not re.search(r"(run|thread|asst)_[A-Za-z0-9]{24}", json.dumps(data["sequence"]))
    with pytest.raises(LifecycleError) as again:
        lifecycle.verify(careless, functions=(), **QUICK)
    assert again.value.report.to_json() == failed.to_json()


@pytest.mark.slow
def test_the_test_that_keeps_it_fails_as_it_did(failed: Report, careless: Callable[..., Any]) -> None:
    """It is code as it stands: its imports, its call, its arguments."""
    module = ModuleType("test_kept")
    module.__dict__["test"] = careless
    exec(failed.test.replace(f"from {failed.origin} import test\n", ""), module.__dict__)  # noqa: S102  # the point
    (kept,) = [value for name, value in vars(module).items() if name.startswith("test_")]

    with pytest.raises(LifecycleError) as caught:
        kept()

    assert caught.value.report.story == failed.story
    assert caught.value.report.failure == failed.failure


@pytest.mark.slow
def test_what_raised_comes_last_and_shows_the_service_alone() -> None:
    """Lines of the SDK are counted, and the verifier's own are left out."""

    async def test(world: Any) -> None:
        await world.client.beta.threads.runs.retrieve("run_none", thread_id=world.thread.id)

    with pytest.raises(LifecycleError) as caught:
        lifecycle.verify(test, **QUICK)
    text = as_text(caught.value.report)

    assert text.startswith("FAILED WITH AN ERROR: the service raised NotFoundError")
    assert "That is so on the happy path already" in text
    _, _, trace = text.partition("Where it was raised:\n\n")
    place, line, passed, *_ = trace.splitlines()
    assert re.search(r"test_report\.py:\d+ in test$", place)
    assert line.strip().startswith("await world.client")
    assert re.search(r"┄ \d frames of openai", passed)
    assert "runlife" not in trace


# --------------------------------------------------------------------------- in words


@pytest.mark.parametrize("kind", FailureKind)
def test_each_kind_of_failure_has_words_of_its_own(kind: FailureKind) -> None:
    """No two are confused at a glance."""
    text = as_text(told(failure=Failure(kind=kind, says="so it is")))

    assert text.startswith(f"{HEADS[kind]}: so it is\n")
    assert len(set(HEADS.values())) == len(FailureKind)


def test_every_fault_has_words_of_its_own() -> None:
    """Whatever can befall a call."""
    words = [fault(Net(kind)) for kind in get_args(NetKind)]

    assert len(set(words)) == len(words)
    assert fault(Net("refuse", status=429, retry_after=2)) == "is refused with 429 and Retry-After: 2"
    assert fault(Net("cut_stream", events=2)).endswith("after 2 events")


def test_every_deviation_is_said_in_words() -> None:
    """In the order of the story's arguments."""
    story = Story(
        Schedule(
            in_progress=[After(), After(1, "requires_action", tools=[Call("refund")])], queued=[After(NEVER)]
        ),
        Schedule(in_progress=[After(3, "failed", error="server_error")], cancelling=[After(20)]),
        net={4: Net("lose_response")},
        others={3: "cancel"},
        early={2},
    )
    assert [one.says.partition(";")[0] for one in deviations(story)] == [
        "run 1 is stuck when it is queued: the server does not move it on",
        "run 1 goes the 2nd time from in_progress to requires_action, after 1 s, with calls of refund",
        "run 2 goes from in_progress to failed, after 3 s",
        "run 2 goes on from cancelling after 20 s",
        "another worker cancels the run just before call #3",
        "call #2 arrives just before what the server does at the same moment",
        "call #4 takes effect, and the answer is lost",
    ]


@pytest.mark.slow
@given(stories(ttl=60))
def test_as_many_deviations_are_said_as_there_are(story: Story) -> None:
    """None is left out, and none is told twice."""
    assert len(deviations(story)) == story.deviations


def test_the_deviation_is_named_that_the_nearest_passing_story_lacks() -> None:
    """Of several, the one to look at."""
    story = Story(Schedule(in_progress=[After(1, "failed")]), others={3: "cancel"})
    report = told(story, without=story.with_other(3, None))

    (decisive,) = report.decisive
    assert decisive.says == "another worker cancels the run just before call #3"
    assert decisive.says in report.parting


# --------------------------------------------------------------------------- the sequence


def test_a_call_that_is_answered_at_once_is_one_line() -> None:
    """What the server did at that moment comes before it, and what the call did after it."""
    sent, got = called(1, 2.0)
    server = Line(Entry(2.0, Lane.SERVER, "run 1: queued → in_progress"), parts=True)
    client = Line(Entry(2.0, Lane.CLIENT, "run 2: queued"))

    lines = joined([sent, server, client, got])

    assert [line.entry.text for line in lines] == [
        "run 1: queued → in_progress",
        "GET /threads ──▶ 200 queued",
        "run 2: queued",
    ]
    assert [line.parts for line in lines] == [True, False, False]


@pytest.mark.parametrize(
    "between",
    [Line(Entry(0.0, Lane.OTHER, "another worker: cancel")), *called(2, 0.0)],
    ids=["act", "call", "answer"],
)
def test_a_call_stays_apart_from_its_answer_where_something_came_between(between: Line) -> None:
    """Then there is an order to be seen."""
    sent, got = called(1, 0.0)

    assert len(joined([sent, between, got])) == 3


def test_an_answer_that_is_late_has_a_line_of_its_own() -> None:
    """At its own time."""
    sent, _ = called(1, 0.0)
    _, late = called(1, 10.0, "ReadTimeout")

    assert [line.entry.at for line in joined([sent, late])] == [0.0, 10.0]


def test_a_fault_is_told_where_it_strikes() -> None:
    """Behind the call, not where the client notices."""
    sent, _ = called(1, 0.0)
    struck = Line(sent.entry, fault="takes effect, and the answer is lost")
    _, late = called(1, 10.0, "ReadTimeout")

    text = as_text(told(Story(net={1: Net("lose_response")}), struck, late))

    assert "0.00  #1   GET /threads ──▶  ✱ takes effect, and the answer is lost" in text
    assert "10.00  #1   ◀── ReadTimeout" in text


def test_calls_that_show_the_failure_are_marked() -> None:
    """In the margin."""
    sent, got = (Line(line.entry, shows=True) for line in called(7, 1.0))

    assert re.search(r"^> +1\.00  #7 ", as_text(told(None, sent, got)), re.MULTILINE)


def test_a_long_sequence_keeps_its_ends_and_what_matters() -> None:
    """The rest is counted; nothing is lost from the count, and the order stays."""
    lines = [line for number in range(500) for line in called(number + 1, float(number))]
    lines[400] = Line(lines[400].entry, parts=True)

    short = shortened(lines, 40)

    assert len(short) <= 42  # two gaps
    assert short[0] == lines[0]
    assert short[-1] == lines[-1]
    assert lines[400] in short
    assert sum(line.lines if isinstance(line, Left) else 1 for line in short) == 1000
    assert len(as_text(told(None, *lines)).splitlines()) < 60


def test_a_sequence_in_which_everything_matters_is_bounded_as_well() -> None:
    """Its first and its last part are shown."""
    lines = [
        Line(line.entry, shows=True) for number in range(200) for line in called(number + 1, float(number))
    ]

    assert len(shortened(lines, 40)) == 41


def test_long_texts_are_clipped() -> None:
    """A path of a kilobyte does not push the story off the screen."""
    long = Line(Entry(0.0, Lane.SERVICE, f"GET /{'x' * 1000}", 1))
    failure = Failure(kind=FailureKind.ERROR, says=f"the service raised {'y' * 5000}")

    text = as_text(told(None, long, failure=failure))

    assert max(map(len, text.splitlines())) <= 100
    assert len(text) < 3000
    assert clipped("abcdefghijklmnopqrstuvwxyz", 15) == "abcdefg … vwxyz"


def test_what_a_terminal_would_obey_does_not_reach_it() -> None:
    """Errors of a service may hold anything."""
    failure = Failure(kind=FailureKind.ERROR, says="\x1b[2J\x07gone", error=ValueError("\x1b[2J"))

    text = as_text(
        told(None, Line(Entry(0, Lane.WIRE, "\x1b[2J")), failure=failure, setting="message='\x1b'")
    )

    assert not {sign for sign in text if not sign.isprintable()} - {"\n"}


def test_colour_is_there_when_asked_for_and_changes_no_word() -> None:
    """A plain text is the default."""
    report = told(Story(early={1}), *called(1, 0.0))

    assert "\x1b" not in as_text(report)
    assert "\x1b[31;1mNOT SAFE" in as_text(report, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", as_text(report, colour=True)) == as_text(report)


# --------------------------------------------------------------------------- the test that keeps it


def test_code_is_laid_out_as_formatters_do() -> None:
    """One item a line where a bracket does not fit, and double quotes where that takes no escapes."""
    assert laid_out("f('a', [1, 2], b={'c': (1,)})") == 'f("a", [1, 2], b={"c": (1,)})'
    assert laid_out("""f('say "hi"', "it's")""") == """f('say "hi"', "it's")"""
    long = f"f({'x' * 40!r}, [{'y' * 50!r}, {'z' * 50!r}], b={{1: g()}})"
    assert laid_out(long).splitlines() == [
        "f(",
        f'    "{"x" * 40}",',
        "    [",
        f'        "{"y" * 50}",',
        f'        "{"z" * 50}",',
        "    ],",
        "    b={1: g()},",
        ")",
    ]


@pytest.mark.slow
@given(stories(ttl=60))
def test_any_story_is_kept_as_a_test_that_plays_it(story: Story) -> None:
    """The code parses, fits its columns, imports what it names, and passes the very story on."""
    code = told(story, origin="some_module").test
    assert max(map(len, code.splitlines())) <= 88
    assert played(code) == story


def test_details_of_a_story_are_imported_too() -> None:
    """From wherever they come."""
    steps = [CodeInterpreter("print('x')", logs='"x"')]
    story = Story(
        Schedule(in_progress=[After(2, "failed", error=LastError("server_error", 'a "b" \\ c'), steps=steps)])
    )
    code = told(story).test

    assert "from runlife import LastError\n" in code
    assert "from runlife_adapters.memory import After, CodeInterpreter, Schedule\n" in code
    assert played(code) == story


def test_the_service_is_imported_unless_it_stands_in_the_same_file() -> None:
    """From the module where it stands."""
    assert "import serve" not in told().test
    code = told(origin="shop.support", setting="ttl=30.0").test
    assert "from runlife_adapters.testing import lifecycle\n\nfrom shop.support import serve\n" in code
    assert "lifecycle.replay(serve, ttl=30.0)" in code


@pytest.mark.parametrize("says", ['"""', 'ends in a quote"', "back\\slash\\", "\n\x00", "'''", "é" * 500, ""])
def test_no_sentence_breaks_the_code(says: str) -> None:
    """It becomes a docstring of one line."""
    code = told(failure=Failure(kind=FailureKind.ERROR, says=says)).test

    (function,) = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    assert (ast.get_docstring(function) or "").startswith("FAILED WITH AN ERROR:")
    assert max(map(len, code.splitlines())) <= 88


def test_what_has_no_code_is_a_remark() -> None:
    """A model that was given, a lambda that was tried."""
    code = told(service="<lambda>", setting="model=<object at 0x1>, ttl=5", origin="here").test

    assert "lifecycle.replay(my_service)" in code
    assert "# It was set up with model=<object at 0x1>, ttl=5: not all of that is code." in code
    ast.parse(code)


def played(code: str) -> Story:
    """Run a test that keeps a story, and return the story that it plays."""
    asked: list[Story] = []

    def replay(_service: object, *runs: Schedule, **said: Any) -> None:
        asked.append(Story(*runs, **said))

    kit, service = ModuleType("runlife_adapters.testing"), ModuleType("some_module")
    kit.__dict__["lifecycle"] = type("Recorder", (), {"replay": staticmethod(replay)})
    service.__dict__["serve"] = None
    names: dict[str, Any] = {"serve": None}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "runlife_adapters.testing", kit)
        patch.setitem(sys.modules, "some_module", service)
        exec(code, names)  # noqa: S102  # the point
        next(value for name, value in names.items() if name.startswith("test_"))()
    return asked[0]

"""The pytest plugin from outside: what a run of pytest with it prints, and what it costs others."""

from __future__ import annotations

import json
import subprocess
import sys
from textwrap import dedent

import openai
import pytest

import runlife_adapters.testing.verify

pytest_plugins = ["pytester"]

PREAMBLE = """
    import pytest
    from runlife_adapters.memory import After, Schedule

    pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

    def poll(fake):
        assistant = fake.world.create_assistant(model="gpt-4o")
        thread = fake.world.create_thread(messages=[{"role": "user", "content": "Hello"}])
        return fake.client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)

    TOOLS = Schedule(in_progress=[After(1, "requires_action", tools=1)])
"""


def run(pytester: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    """Run tests with what they have in common."""
    pytester.makepyfile(dedent(PREAMBLE) + dedent(tests))
    return pytester.runpytest_inprocess("--strict-markers", "-p", "no:cacheprovider", *arguments)


def test_a_failure_shows_what_the_client_did(pytester: pytest.Pytester) -> None:
    """The calls, and what was wrong in them; a test that passes shows neither."""
    result = run(
        pytester,
        """
        def test_fails(fake_openai):
            fake_openai.schedule(TOOLS)
            assert poll(fake_openai).status == "completed"

        def test_passes(fake_openai):
            poll(fake_openai)
        """,
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*FakeOpenAI: calls*",
            "   1  200  POST   /v1/threads/thread_*/runs",
            "*GET    /v1/threads/thread_*/runs/run_*",
            "*FakeOpenAI: verdict*",
        ]
    )
    assert result.stdout.str().count("FakeOpenAI: calls") == 1


@pytest.mark.slow
def test_the_verdict_fails_a_test_that_minds_it(pytester: pytest.Pytester) -> None:
    """By the command line for all, or by the marker for one, which may also let it off."""
    tests = """
        def test_plain(fake_openai):
            fake_openai.schedule(TOOLS)
            poll(fake_openai)

        @pytest.mark.fake_openai(verdict=True)
        def test_minds(fake_openai):
            fake_openai.schedule(TOOLS)
            poll(fake_openai)

        @pytest.mark.fake_openai(verdict=False)
        def test_does_not(fake_openai):
            fake_openai.schedule(TOOLS)
            poll(fake_openai)

        def test_behaves(fake_openai):
            poll(fake_openai)
    """
    result = run(pytester, tests)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["FAILED *::test_minds*"])
    result = run(pytester, tests, "--runlife-verdict")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["FAILED *::test_plain*", "FAILED *::test_minds*"])


def test_a_failed_test_is_not_failed_again(pytester: pytest.Pytester) -> None:
    """What it says itself is what failed; the verdict stands in its section."""
    result = run(
        pytester,
        """
        @pytest.mark.fake_openai(verdict=True)
        def test_fails(fake_openai):
            fake_openai.schedule(TOOLS)
            assert poll(fake_openai).status == "completed", "my own words"
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*my own words*", "*FakeOpenAI: verdict*"])


def test_a_suite_has_settings_of_its_own(pytester: pytest.Pytester) -> None:
    """In a fixture; a marker comes on top."""
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def fake_openai_settings():
            return {"seed": 7, "progression": "manual"}
        """
    )
    result = run(
        pytester,
        """
        @pytest.mark.fake_openai(progression="immediate")
        def test_settings(fake_openai):
            assert fake_openai.world.progression == "immediate"
            assert poll(fake_openai).status == "completed"

        def test_others(fake_openai):
            assert fake_openai.world.progression == "manual"
        """,
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ("progresion='poll'", "*no setting of the fake is named 'progresion'; there are progression, *"),
        ("progression='slow'", "*progression: expected one of *; got 'slow'*"),
        ("policy={'mood': 'bad'}", "*no policy is named 'mood'; there are *"),
        ("'poll'", "*takes settings by name; got ('poll',)*"),
    ],
)
def test_a_wrong_marker_is_an_error(pytester: pytest.Pytester, marker: str, says: str) -> None:
    """Of the test, in words; the test does not run."""
    result = run(
        pytester,
        f"""
        @pytest.mark.fake_openai({marker})
        def test_never(fake_openai):
            pass
        """,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([says])


def test_the_marker_is_registered(pytester: pytest.Pytester) -> None:
    """``--markers`` tells of it, ``--fixtures`` of both fixtures."""
    pytester.runpytest_inprocess("--markers").stdout.fnmatch_lines(
        ["@pytest.mark.fake_openai(**settings): *"]
    )
    result = pytester.runpytest_inprocess("--fixtures")
    result.stdout.fnmatch_lines_random(["fake_openai -- *", "fake_openai_server -- *"])


def test_the_server_works_alike(pytester: pytest.Pytester) -> None:
    """The same object behind a port: its report, its marker."""
    result = run(
        pytester,
        """
        @pytest.mark.fake_openai(schedule=TOOLS)
        def test_server(fake_openai_server):
            assert fake_openai_server.url.startswith("http://127.0.0.1:")
            assert poll(fake_openai_server).status == "completed"
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FakeOpenAIServer: calls*", "*FakeOpenAIServer: verdict*"])


@pytest.mark.slow
def test_the_plugin_costs_those_nothing_who_do_not_use_it() -> None:
    """Pytest imports it in each of its runs: that brings nothing of ours but the plugin, nor a client."""
    code = (
        "import sys, pytest; before = set(sys.modules); import runlife_adapters.testing.plugin; "
        "print(sorted(set(sys.modules) - before))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert eval(found.stdout) == [  # noqa: S307  # our own print
        "runlife_adapters",
        "runlife_adapters.testing",
        "runlife_adapters.testing.plugin",
        "runlife_adapters.testing.sessions",
        "runlife_adapters.testing.summary",
    ]


@pytest.mark.slow
def test_without_the_sdk_only_the_clients_are_missing() -> None:
    """Who has no openai installed still has the World and the server."""
    code = """
        import sys
        sys.modules["openai"] = None
        from runlife_adapters.testing.fake import FakeOpenAIServer
        with FakeOpenAIServer() as fake:
            fake.world.create_assistant(model="gpt-4o")
            print(fake.url)
            try:
                fake.client
            except ModuleNotFoundError as error:
                print(error)
    """
    found = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=True)
    assert "import of openai halted" in found.stdout


# pytester forgets what an inner run has imported; what is there before stays one and the same.
assert openai
assert runlife_adapters.testing.verify

PROVED = """
import pytest
from runlife_adapters.testing import lifecycle

@lifecycle(deviations=1, random=0, faults=(), others=(), ties=False, functions=())
async def test_it(world):
    run = await world.client.beta.threads.runs.create_and_poll(
        thread_id=world.thread.id, assistant_id=world.assistant.id
    )
    world.check(run.status {holds} world.run.status, "it says something else")
"""


def verified(pytester: pytest.Pytester, *options: str, holds: str = "==") -> pytest.RunResult:
    """Run one test of the verifier."""
    pytester.makepyfile(PROVED.format(holds=holds))
    return pytester.runpytest_inprocess("-Wignore::DeprecationWarning", "-p", "no:cacheprovider", *options)


@pytest.mark.slow
def test_a_session_says_what_it_has_proved(pytester: pytest.Pytester) -> None:
    """And what it has exercised, when that is asked."""
    result = verified(pytester, "--lifecycle-coverage", "--lifecycle-json", "seen.json")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*lifecycle: proved*", "test_it: 11 schedules, *", "*lifecycle: exercised*", "edge *", "missing *"]
    )
    assert json.loads((pytester.path / "seen.json").read_text(encoding="utf-8"))["counts"]["edge"]


@pytest.mark.slow
def test_a_session_can_be_held_to_what_it_exercises(pytester: pytest.Pytester) -> None:
    """It fails though all tests pass, or it does not."""
    assert verified(pytester, "--lifecycle-require", "edge=20,illegal=0").ret == pytest.ExitCode.OK
    short = verified(pytester, "--lifecycle-require", "guard=100")

    assert short.ret == pytest.ExitCode.TESTS_FAILED
    short.stdout.fnmatch_lines(["--lifecycle-require: guard*"])


def test_what_cannot_be_required_is_an_error(pytester: pytest.Pytester) -> None:
    """In a line."""
    result = verified(pytester, "--lifecycle-require", "mood=100")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --lifecycle-require: *mood*"])


@pytest.mark.slow
def test_a_failure_of_the_verifier_is_its_story(pytester: pytest.Pytester) -> None:
    """There is no traceback, which would begin in our frames; the summary has the headline."""
    result = verified(pytester, holds="!=")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["NOT SAFE: it says something else", "That is so on the happy path already*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*verifier.py*")
    result.stdout.fnmatch_lines(["FAILED *::test_it - NOT SAFE: it*"])

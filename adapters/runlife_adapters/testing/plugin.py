"""The pytest plugin ``runlife``: a fake service with official clients, for one test.

It is there as soon as runlife is installed. A test asks for a fixture::

    def test_a_refund_is_granted(fake_openai):
        fake_openai.schedule(Schedule(in_progress=[After(1, "requires_action", tools=[Call("refund")])]))
        assert my_service(fake_openai.client).granted

``fake_openai`` is a :class:`~runlife_adapters.testing.fake.FakeOpenAI`, whose clients call the service
inside the process; ``fake_openai_server`` is the same on a free port of this machine
(:class:`~runlife_adapters.testing.fake.FakeOpenAIServer`). Each test has a fake of its own.

**Settings**, those of :class:`~runlife_adapters.testing.fake.Setting`, come with a marker, on a test, a
class or a module; the closest wins, setting by setting. For a whole suite, override the fixture
``fake_openai_settings`` in a ``conftest.py``; markers still win over it::

    @pytest.mark.fake_openai(progression="time", policy={"cancel_may_lose": False}, verdict=True)
    def test_patience(fake_openai): ...

    @pytest.fixture
    def fake_openai_settings():
        return {"rules": "tests/rules.yaml"}

**When a test fails**, its report has two more sections: every call that the service answered, and what
the client did wrong in them (it polled a run that had ended, left one waiting for its tools, ...). With
``--runlife-verdict``, or the marker's ``verdict=True``, a test that passes otherwise fails on the latter.

**The verifier** (:mod:`runlife_adapters.testing.verify`) shows a failure as its story, in the place of a
traceback, and at the end of the session what was proved. With ``--lifecycle-coverage``, the session also
says what of the lifecycle it has exercised; ``--lifecycle-require edge-pair=100,fault=100`` fails it when
that is too little, and ``--lifecycle-json FILE`` keeps it.

**Warnings.** The SDK marks every method of the Assistants API as deprecated. Whether a suite minds is for
the suite to say, so nothing is hidden here; where warnings are errors, these two lines in
``pyproject.toml`` let it go on::

    [tool.pytest.ini_options]
    filterwarnings = [
        "error",
        "ignore:The Assistants API is deprecated:DeprecationWarning",
        "ignore:deprecated$:DeprecationWarning",
    ]
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from runlife_adapters.testing.summary import Summary, add_options

if TYPE_CHECKING:
    from collections.abc import Generator

    from runlife_adapters.testing.fake import FakeOpenAI, FakeOpenAIServer

__all__: list[str] = []

_Fake = TypeVar("_Fake", bound="FakeOpenAI")

_MARKER = "fake_openai"
_VERDICT = "verdict"

_FAKES = pytest.StashKey[list["FakeOpenAI"]]()
"""The fakes that a test uses."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to fail tests on what the verdict finds, and to count what is exercised."""
    group = parser.getgroup("runlife")
    add_options(group)
    group.addoption(
        "--runlife-verdict",
        action="store_true",
        default=False,
        help="fail a test in which a client of the fake OpenAI service did something wrong",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and what speaks at the end of the session."""
    config.pluginmanager.register(Summary(config), "runlife-summary")
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(**settings): set up fake_openai or fake_openai_server for this test: progression, "
        "policy, schedule, rules, faults, model, seed, run_ttl, start (runlife_adapters.testing.fake.Setting "
        "tells of each), and verdict: whether what the client did wrong fails the test",
    )


@pytest.fixture
def fake_openai_settings() -> dict[str, Any]:
    """Give the settings of every fake; override it to have others than the usual. Markers come on top."""
    return {}


@pytest.fixture
def fake_openai(
    request: pytest.FixtureRequest, fake_openai_settings: dict[str, Any]
) -> Generator[FakeOpenAI]:
    """Give a fake OpenAI service inside this process, with clients: ``.client`` and ``.async_client``."""
    from runlife_adapters.testing.fake import FakeOpenAI  # noqa: PLC0415  # only who uses it pays for it

    yield from _use(request, FakeOpenAI, fake_openai_settings)


@pytest.fixture
def fake_openai_server(
    request: pytest.FixtureRequest, fake_openai_settings: dict[str, Any]
) -> Generator[FakeOpenAIServer]:
    """Give a fake OpenAI service on a free port of this machine: ``.url`` is its ``base_url``."""
    from runlife_adapters.testing.fake import FakeOpenAIServer  # noqa: PLC0415  # the same

    yield from _use(request, FakeOpenAIServer, fake_openai_settings)


def _use(request: pytest.FixtureRequest, kind: type[_Fake], settings: dict[str, Any]) -> Generator[_Fake]:
    item: pytest.Item = request.node  # pyright: ignore[reportUnknownMemberType]  # pytest leaves it untyped
    chosen = {**settings, **_marked(item)}
    chosen.pop(_VERDICT, None)
    with kind(**chosen) as fake:
        _fakes(item).append(fake)
        yield fake


def _fakes(item: pytest.Item) -> list[FakeOpenAI]:
    return item.stash.setdefault(_FAKES, [])


def _marked(item: pytest.Item) -> dict[str, Any]:
    """Return what the markers say; the closest to the test wins."""
    settings: dict[str, Any] = {}
    for mark in reversed(list(item.iter_markers(_MARKER))):
        if mark.args:
            message = f"@pytest.mark.{_MARKER} takes settings by name; got {mark.args!r}"
            raise pytest.UsageError(message)
        settings.update(mark.kwargs)
    return settings


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test that passed, when it was to mind the verdict and there is something in it."""
    __tracebackhide__ = True
    yield
    fakes = _fakes(item)
    if fakes and _marked(item).get(_VERDICT, item.config.getoption("--runlife-verdict")):
        for fake in fakes:
            if fake.verdict.findings():
                pytest.fail(fake.verdict.to_text(), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of a failure: the story in which a service failed, or what a client of a fixture did."""
    report = yield
    verifier = sys.modules.get("runlife_adapters.testing.verify.verifier")
    if verifier is not None and call.excinfo is not None:
        error: Any = call.excinfo.value
        if isinstance(error, verifier.LifecycleError):
            from runlife_adapters.testing.verify.reporting.screen import Screen  # noqa: PLC0415  # it is there already

            path, line, _ = item.location
            screen: Any = Screen(error.report, path, (line or 0) + 1)
            report.longrepr = screen
    if report.failed:
        for fake in _fakes(item):
            name = type(fake).__name__
            report.sections.append((f"{name}: calls", fake.calls() or "none"))
            if fake.verdict.findings():
                report.sections.append((f"{name}: verdict", fake.verdict.to_text()))
    return report

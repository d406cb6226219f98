"""What is shown in a notebook: what an installed package draws of it, and without one its text."""

from __future__ import annotations

import copy
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from runlife import RUN, Run, display
from runlife.history import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Point:
    """An entry point that a test makes up."""

    def __init__(self, show: Callable[[object], Mapping[str, str]] | None) -> None:
        self.name = self.value = "somebody:show"
        self._show = show

    def load(self) -> Callable[[object], Mapping[str, str]]:
        if self._show is None:
            raise ImportError("somebody is not whole")
        return self._show


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give what makes the given functions the ones that draw, instead of what is installed here."""

    def only(*shows: Callable[[object], Mapping[str, str]] | None) -> None:
        monkeypatch.setattr(display, "_entry_points", lambda: tuple(map(Point, shows)))

    return only


RUN_1 = Run.create(id="run_1", now=0)
each_thing = pytest.mark.parametrize(
    "thing", [RUN, RUN_1, RUN_1.journal], ids=["lifecycle", "run", "journal"]
)


@each_thing
def test_without_anything_that_draws_a_thing_shows_its_repr(thing: Any, install: Callable[..., None]) -> None:
    """With the engine alone a notebook shows text, and the bundle is no error."""
    install()
    assert thing._repr_mimebundle_() == {"text/plain": repr(thing)}


@each_thing
def test_what_draws_is_asked_and_has_the_last_word(thing: Any, install: Callable[..., None]) -> None:
    """Each function is given the thing itself, and what it returns goes over the repr."""
    seen: list[object] = []

    def show(given: object) -> dict[str, str]:
        seen.append(given)
        return {"text/plain": "words", "image/svg+xml": "<svg/>"}

    install(show, lambda _thing: {})
    assert thing._repr_mimebundle_() == {"text/plain": "words", "image/svg+xml": "<svg/>"}
    assert len(seen) == 1
    assert seen[0] is thing


def test_only_the_types_that_are_wanted_are_returned(install: Callable[..., None]) -> None:
    """``include`` and ``exclude`` mean what they mean to IPython; an empty one means nothing."""
    install(lambda _thing: {"text/html": "<p>", "image/svg+xml": "<svg/>"})
    assert set(RUN._repr_mimebundle_(include=["text/html"])) == {"text/html"}
    assert set(RUN._repr_mimebundle_(exclude=["text/html"])) == {"text/plain", "image/svg+xml"}
    assert set(RUN._repr_mimebundle_(include=["text/html"], exclude=["text/html"])) == set()
    assert len(RUN._repr_mimebundle_(include=[], exclude=[])) == 3


def test_a_picture_that_fails_does_not_fail_the_cell(install: Callable[..., None]) -> None:
    """What raises, or cannot be imported, is a warning that names it; the rest of the bundle stands."""

    def broken(_thing: object) -> dict[str, str]:
        raise ValueError("no ink")

    install(broken, None, lambda _thing: {"text/html": "<p>"})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bundle = RUN._repr_mimebundle_()
    assert bundle == {"text/plain": repr(RUN), "text/html": "<p>"}
    assert [str(one.message) for one in caught] == [
        "somebody:show failed to draw this Lifecycle: ValueError('no ink')",
        "somebody:show failed to draw this Lifecycle: ImportError('somebody is not whole')",
    ]


def test_a_journal_is_the_tuple_that_it_was() -> None:
    """A journal equals, prints, hashes and copies as the tuple of its records, and knows its table."""
    run = Run.create(id="run_1", now=0)
    run.apply("start", now=1)
    journal = run.journal
    plain = tuple(journal)
    assert type(plain) is tuple
    assert journal == plain
    assert repr(journal) == repr(plain)
    assert journal[1:] == plain[1:]
    assert journal.lifecycle is RUN
    twin = copy.copy(journal)
    assert isinstance(twin, Journal)
    assert twin == journal
    assert twin.lifecycle is RUN


def test_a_journal_is_printed_a_record_a_line() -> None:
    """As text a journal is read from above to below: what happened at which time."""
    run = Run.create(id="run_1", now=0)
    run.apply("start", now=1)
    assert str(run.journal).splitlines() == [
        "at 0: nothing -create-> queued (client)",
        "at 1: queued -start-> in_progress (server)",
    ]


def test_a_run_is_slotted_as_before() -> None:
    """To show itself takes a run no memory: it has no dict."""
    assert not hasattr(Run.create(id="run_1", now=0), "__dict__")


@pytest.mark.slow
def test_importing_runlife_looks_for_nothing_that_draws() -> None:
    """The metadata of what is installed are looked at when something is shown first, and not before."""
    script = (
        "import sys, runlife; assert 'importlib.metadata' not in sys.modules; "
        "assert not any(name.startswith('runlife_diagrams') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-I", "-c", script], check=True)

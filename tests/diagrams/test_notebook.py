"""What a notebook shows: a lifecycle's state diagram, a run's with its times, and a journal's sequence."""

from __future__ import annotations

from base64 import b64encode
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar

import pytest

from runlife import MESSAGE, RUN, Cause, Fact, Instance, Lifecycle, Run, RunStep, display, entity, on
from runlife_diagrams import RendererMissingError, notebook, render, render_sequence, terminal
from runlife_diagrams.notebook import show

PICTURE = ("text/plain", "image/svg+xml", "text/html")


class Lamp(StrEnum):
    """The statuses of a lamp."""

    ON = "on"
    BROKEN = "broken"


LAMP = Lifecycle(
    "lamp",
    Lamp,
    terminal=[Lamp.BROKEN],
    bounded_by="the bulb",
    rows=[on("light", None, Lamp.ON, by=Cause.CLIENT), on("burn_out", Lamp.ON, Lamp.BROKEN, by=Cause.SERVER)],
)


@entity
class Bulb(Instance[Lamp]):
    """A lifecycle of one's own, whose picture nobody ships."""

    table: ClassVar[Lifecycle[Lamp]] = LAMP
    id = Fact[str]()


def a_run() -> Run:
    """Give a run that was cancelled while it was in progress."""
    run = Run.create(id="run_1", now=100)
    run.apply("start", now=102)
    run.apply("cancel", now=130)
    return run


@pytest.fixture
def no_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every picture that is not shipped fail as it does without graphviz-pure."""

    def fail(*_args: object, **_options: object) -> str:
        raise RendererMissingError

    monkeypatch.setattr(notebook, "render", fail)


def test_a_lifecycle_shows_its_state_diagram() -> None:
    """The picture is the one that render draws, and the text is the one of a terminal."""
    bundle = show(MESSAGE)
    assert tuple(bundle) == PICTURE
    assert bundle["image/svg+xml"] == render(MESSAGE)
    assert bundle["text/plain"] == terminal(MESSAGE)


def test_a_run_shows_where_it_is_and_when_it_took_which_step() -> None:
    """The picture is that of its lifecycle with its journal over it."""
    run = a_run()
    bundle = show(run)
    assert tuple(bundle) == PICTURE
    assert bundle["image/svg+xml"] == render(RUN, overlay=run)
    assert "30 s" in bundle["image/svg+xml"]
    assert bundle["text/plain"] == terminal(RUN, run=run)


def test_a_journal_shows_its_sequence() -> None:
    """The picture says who did what when; the text has a line for each record."""
    journal = a_run().journal
    bundle = show(journal)
    assert tuple(bundle) == PICTURE
    assert bundle["image/svg+xml"] == render_sequence(journal)
    assert bundle["text/plain"] == str(journal)


def test_the_journal_of_another_lifecycle_is_drawn_by_its_own_table() -> None:
    """A journal knows its table, so that a step's, or one of somebody's own, is a picture too."""
    step = RunStep.create(event="begin", id="step_1", run_id="run_1", expires_at=600, now=0)
    bulb = Bulb.create(event="light", now=0)
    for instance in (step, bulb):
        assert tuple(show(instance.journal)) == PICTURE


def test_the_html_is_the_same_picture_with_words() -> None:
    """The HTML holds the SVG itself, as an image apart from the page, and its description in words."""
    bundle = show(a_run())
    assert b64encode(bundle["image/svg+xml"].encode()).decode() in bundle["text/html"]
    assert 'alt="Lifecycle of run. A state diagram' in bundle["text/html"]
    assert "<svg" not in bundle["text/html"]


@pytest.mark.usefixtures("no_renderer")
def test_without_a_renderer_there_is_the_text() -> None:
    """A lifecycle of one's own is text where nothing can lay it out, and the cell does not fail."""
    assert show(LAMP) == {"text/plain": terminal(LAMP)}
    bulb = Bulb.create(event="light", now=0)
    assert show(bulb) == {"text/plain": terminal(LAMP, run=bulb)}
    assert tuple(show(bulb.journal)) == PICTURE


def test_what_is_none_of_the_three_is_left_alone() -> None:
    """A thing that we do not know gets no picture and no text."""
    assert show(object()) == {}
    assert show((1, 2)) == {}


def test_it_is_what_the_distribution_names() -> None:
    """The entry point through which the engine finds the pictures is that function."""
    named = [point for point in entry_points(group=display.GROUP) if point.module == notebook.__name__]
    if not named:
        pytest.skip("needs runlife installed with its entry points: pip install -e .")
    (point,) = named
    assert point.load() is show


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the entry point for a test, whatever metadata are there."""
    point = EntryPoint("diagrams", "runlife_diagrams.notebook:show", display.GROUP)
    monkeypatch.setattr(display, "_entry_points", lambda: (point,))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("kind", PICTURE)
def test_ipython_finds_it(kind: str) -> None:
    """IPython's own formatter shows the picture of a lifecycle, a run and a journal by their looks alone."""
    formatters: Any = pytest.importorskip("IPython.core.formatters", reason="needs IPython")
    run = a_run()
    for thing in (MESSAGE, run, run.journal):
        bundle, _metadata = formatters.DisplayFormatter().format(thing)
        assert bundle[kind] == show(thing)[kind]


@pytest.mark.usefixtures("installed")
def test_the_things_themselves_show_it() -> None:
    """Without IPython too: each of the three answers its protocol with the same bundle."""
    run = a_run()
    for thing in (MESSAGE, run, run.journal):
        assert thing._repr_mimebundle_() == show(thing)

"""The page in a browser: traced, walked through, played, searched; wherever a Chromium is installed."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from runlife import RUN, Cause, Lifecycle, on
from runlife_diagrams import picture_of, render
from runlife_diagrams.figure.svg import to_svg
from runlife_diagrams.html import to_html

if TYPE_CHECKING:
    from collections.abc import Callable

LOOP = ("queued", "in_progress", "requires_action", "queued", "in_progress", "completed")

pytestmark = pytest.mark.slow

WATCH = """
window.wrong = [];
addEventListener("error", (event) => wrong.push(event.message));
addEventListener("unhandledrejection", (event) => wrong.push(String(event.reason)));
document.addEventListener("securitypolicyviolation", (event) => wrong.push(event.blockedURI));
"""
ACT = """
const at = () => document.activeElement.id;
const real = { bubbles: true, cancelable: true };
const one = (selector) => document.querySelector(selector);
const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, ...real }));
const click = (selector) => one(selector).dispatchEvent(new MouseEvent("click", real));
const ids = (selector) => [...document.querySelectorAll(selector)].map(({ id }) => id).filter(Boolean);
const text = (selector) => one(selector).textContent.trim();
const wait = (time) => new Promise((done) => setTimeout(done, time));
const box = () => one("svg").getAttribute("viewBox").split(" ").map(Number);
"""


@pytest.fixture(scope="module")
def browse(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Give what opens a page in a browser, runs a scenario there, and returns what the scenario returns."""
    folder = tmp_path_factory.mktemp("browser")

    def run(page: str, scenario: str, place: str = "") -> Any:
        end = f"""{ACT}
        const result = await (async () => {{ {scenario} }})();
        window.told = {{ result, wrong }};"""
        page = page.replace("script-src ", "script-src 'nonce-test' ", 1)  # beside the hash of its own
        page = page.replace(
            '<meta name="viewport"', f'<script nonce="test">{WATCH}</script><meta name="viewport"', 1
        )
        page = page.replace("</body>", f'<script type="module" nonce="test">{end}</script></body>')
        file = folder / "page.html"
        file.write_text(page, encoding="utf-8")
        told = chromium.look(file.as_uri() + place, "window.told")
        assert told is not None, "the scenario did not come to its end"
        assert told["wrong"] == []
        return told["result"]

    return run


def test_the_keyboard_walks_along_the_edges(browse: Callable[..., Any]) -> None:
    """The arrows go to the ways out and in of a status, in table order, and Enter along to the other end."""
    walked = browse(
        render(RUN, "html"),
        """const trail = [];
        one("svg [tabindex='0']").focus();
        for (const key of ["", "ArrowRight", "Enter", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp",
                           "ArrowLeft", "Enter", "Home"]) {
          press(key);
          trail.push(at());
        }
        one("svg").focus();
        return { trail, after: at(), stops: ids("svg [tabindex='0']") };""",
    )
    assert walked["trail"] == [
        "node-initial",
        "edge-initial-create-queued",
        "node-queued",
        "edge-queued-start-in_progress",
        "edge-queued-fail-failed",
        "edge-queued-start-in_progress",
        "node-queued",
        "edge-initial-create-queued",
        "node-initial",
        "node-initial",
    ]
    assert walked["stops"] == ["node-initial"]
    assert walked["after"] == "node-initial", (
        "an SVG that listened for the focus itself once was a second stop"
    )


def test_every_part_can_be_walked_to(browse: Callable[..., Any]) -> None:
    """By arrows and Enter alone, each status and each edge gets the focus, and says who it is."""
    reached = browse(
        render(RUN, "html"),
        """const seen = new Set();
        const visit = (id) => {
          document.getElementById(id).focus();
          for (let last = null; last !== at(); ) {
            last = at();
            press("ArrowRight");
            if (at() === last) break;
            seen.add(at());
            const edge = at();
            press("Enter");
            const end = at();
            if (!seen.has(end)) {
              seen.add(end);
              visit(end);
            }
            document.getElementById(id).focus();
            while (at() !== edge) press("ArrowRight");
          }
        };
        visit("node-initial");
        return { seen: [...seen], names: [...document.querySelectorAll("svg [role=button]")]
          .map((part) => part.getAttribute("aria-label")) };""",
    )
    picture = picture_of(RUN)
    parts = {edge.id for edge in picture.edges} | {node.id for node in picture.nodes}
    assert set(reached["seen"]) | {"node-initial"} == parts
    assert all(reached["names"])
    assert len(set(reached["names"])) == len(reached["names"])


def test_what_is_chosen_lights_up_and_is_told(browse: Callable[..., Any]) -> None:
    """A click pins an edge with both its ends, its line in the table and the panel; Escape lets go."""
    told = browse(
        render(RUN, "html"),
        """const edge = "edge-in_progress-require_action-requires_action";
        click(`#${edge} .hit`);
        const lit = ids("svg .lit");
        const line = document.querySelector("tr.lit").dataset.row;
        const panel = text("#panel");
        one("#nearer").focus();
        const pressed = document.getElementById(edge).getAttribute("aria-pressed");
        press("Escape");
        return { lit, line, panel, pressed, after: ids("svg .lit"), idle: text("#panel") };""",
    )
    edge = "edge-in_progress-require_action-requires_action"
    assert set(told["lit"]) == {edge, "node-in_progress", "node-requires_action"}
    assert told["line"] == edge
    row = next(row for row in RUN.transitions if row.event == "require_action")
    assert row.guard is not None
    assert row.effect is not None
    for words in (row.event, row.guard.says, row.effect.says, row.evidence, row.source, row.target):
        assert words is not None
        assert words in told["panel"]
    assert told["pressed"] == "true"
    assert told["after"] == []
    assert told["idle"].startswith("A state diagram of 9 statuses")


def test_a_link_leads_to_its_part(browse: Callable[..., Any]) -> None:
    """The address of an edge, and the link of its line in the table, choose it; the panel leads on."""
    told = browse(
        render(RUN, "html"),
        """await wait(1000); // the browser itself goes to the address, once all is loaded
        const places = [at()];
        document.querySelector("tr[data-row='edge-queued-start-in_progress'] a[href*='start']").click();
        await wait(50);
        places.push(at());
        document.querySelector("#panel .way a:last-child").click();
        await wait(50);
        places.push(at());
        return { places, title: text("#panel h2") };""",
        place="#edge-queued-cancel-cancelling",
    )
    assert told["places"] == [
        "edge-queued-cancel-cancelling",
        "edge-queued-start-in_progress",
        "node-in_progress",
    ]
    assert told["title"] == "in_progress"


def test_a_deadline_lights_up_from_all_its_statuses(browse: Callable[..., Any]) -> None:
    """The words that several edges share light up all of these; one of them, itself and the words."""
    told = browse(
        render(RUN, "html"),
        """click("#bundle-expire-expired .label");
        const all = ids("svg .lit");
        click("#edge-queued-expire-expired .hit");
        return { all, one: ids("svg .lit") };""",
    )
    timers = [edge for edge in picture_of(RUN).edges if edge.cause is Cause.TIMER]
    ends = {end for edge in timers for end in (edge.source, edge.target)}
    assert set(told["all"]) == {"bundle-expire-expired", *ends, *(edge.id for edge in timers)}
    assert set(told["one"]) == {
        "edge-queued-expire-expired",
        "bundle-expire-expired",
        "node-queued",
        "node-expired",
    }


def test_a_path_is_played(browse: Callable[..., Any]) -> None:
    """Step by step or by itself, the picture shows the path as far as it has come, and says so."""
    told = browse(
        render(RUN, "html", overlay=LOOP),
        """const taken = () => ids("svg .edge.taken").length;
        const state = () => [text("#player output"), ids("svg .current")[0], taken()];
        const states = [state()];
        click("#player [data-do=first]");
        states.push(state());
        press("n");
        states.push(state(), text("#live"));
        press("p");
        await wait(10000);
        states.push(state());
        return states;""",
    )
    end = ["5 of 5", "node-completed", 4]
    assert told == [
        end,
        ["0 of 5", "node-queued", 0],
        ["1 of 5", "node-in_progress", 1],
        "step 1. queued -start-> in_progress",
        end,
    ]


def test_a_search_leaves_what_has_the_words(browse: Callable[..., Any]) -> None:
    """The search keeps what has the words, in the picture and in the table, until Escape."""
    told = browse(
        render(RUN, "html"),
        """one("svg [tabindex='0']").focus();
        press("/");
        const field = document.activeElement;
        field.value = "Cancel";
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
        const rows = () => [...document.querySelectorAll("tr[data-row]:not([hidden])")].length;
        const found = { field: field.id, ids: ids("svg .found"), said: text("#live"), rows: rows() };
        press("Enter");
        found.at = at();
        press("Escape");
        return { ...found, after: ids("svg .found"), all: rows() };""",
    )
    assert told["field"] == "find"
    events = {edge.id for edge in picture_of(RUN).edges if any("cancel" in one.event for one in edge.labels)}
    statuses = {f"node-{status}" for status in RUN.statuses if "cancel" in status}
    assert set(told["ids"]) == events | statuses
    assert told["said"] == f"found: {len(statuses)} of the statuses, {len(events)} of the lines"
    named = [row for row in RUN.transitions if "cancel" in f"{row.source} {row.event} {row.target}"]
    assert told["rows"] == len(named)
    assert told["at"] in statuses
    assert told["after"] == []
    assert told["all"] == len(RUN.transitions)


def test_the_picture_is_moved_and_brought_near(browse: Callable[..., Any]) -> None:
    """Keys, wheel and drag change what is seen; the point under the wheel stays, and 0 shows all."""
    told = browse(
        render(RUN, "html"),
        """const svg = document.querySelector("svg");
        const stage = document.getElementById("stage");
        const whole = box();
        press("+");
        const near = box();
        press("0");
        const back = box();
        const point = { clientX: 300, clientY: 300, ...real };
        const under = () => new DOMPoint(300, 300).matrixTransform(svg.getScreenCTM().inverse());
        const before = under();
        svg.dispatchEvent(new WheelEvent("wheel", { ...point, deltaY: -200, ctrlKey: true }));
        const after = under();
        const free = svg.dispatchEvent(new WheelEvent("wheel", { ...point, deltaY: -200 }));
        const wheeled = box();
        const drag = (type, clientX) => stage.dispatchEvent(new PointerEvent(type, { ...point, clientX }));
        stage.setPointerCapture = () => {};
        drag("pointerdown", 300);
        drag("pointermove", 340);
        drag("pointerup", 340);
        const moved = Math.hypot(after.x - before.x, after.y - before.y);
        return { whole, near, back, moved, free, wheeled, dragged: box() };""",
    )
    assert told["near"][2] < told["whole"][2]
    assert told["back"] == told["whole"]
    assert told["wheeled"][2] < told["whole"][2]
    assert told["moved"] < 0.1
    assert told["free"], "a plain wheel scrolls the page, as long as the picture has not the focus"
    assert told["dragged"][0] < told["wheeled"][0]
    assert told["dragged"][2:] == told["wheeled"][2:]


def test_the_theme_is_turned(browse: Callable[..., Any]) -> None:
    """A key turns the page from light to dark and back, the picture with it."""
    told = browse(
        render(RUN, "html"),
        """const look = () => [getComputedStyle(document.body).backgroundColor,
                               getComputedStyle(document.querySelector("svg .name")).fill];
        const looks = [look()];
        press("t");
        looks.push(look());
        press("t");
        return [...looks, look()];""",
    )
    light, dark, again = told
    assert light == again
    assert light[0] != dark[0]
    assert light[1] != dark[1]


def test_hostile_words_do_nothing_in_a_browser(browse: Callable[..., Any]) -> None:
    """What means something to HTML or to a script is a word to the page, wherever it is used."""
    words = [
        "</script><script>wrong.push('!')</script>",
        "<img src=x onerror=wrong.push(1)>",
        "__proto__",
        '"></svg>',
    ]
    status: Any = StrEnum("Odd", {f"S{index}": word for index, word in enumerate(words)})
    chain = list(status)
    lifecycle = Lifecycle(
        "<b>&lt;",
        status,
        terminal=[chain[-1]],
        rows=[
            on("constructor", None, chain[0], by=Cause.CLIENT),
            *(on(f"{words[0]}{word}", word, after, by=Cause.SERVER) for word, after in pairwise(chain)),
        ],
        bounded_by="nothing here",
    )
    picture = picture_of(lifecycle)
    told = browse(
        to_html(lifecycle, picture, to_svg(picture, tries=1)),
        """const names = [];
        for (const line of document.querySelectorAll("tr[data-node]")) {
          document.getElementById(line.dataset.node).focus();
          names.push(text("#panel h2"));
        }
        return { names, scripts: document.scripts.length, images: document.images.length };""",
    )
    assert told["names"] == ["not created", *words[:-1], f"{words[-1]} (terminal)"]
    assert told["scripts"] == 3, "that of the page, and two of the test"
    assert told["images"] == 0

"""A failure, or a pass, as one HTML page that needs nothing else: no network, no script, no font.

It is what a build keeps as an artefact, and what one sends to a colleague: the sentence, the story, a picture
of it, every step, the test that keeps it. It follows the reader's light or dark, and prints. Whatever comes
from a service or its errors is text on it, and the page forbids itself to load or to run anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlife import RunStatus
from runlife_adapters.testing.verify.reporting.mermaid import to_mermaid
from runlife_adapters.testing.verify.reporting.pages.markup import block, element, text
from runlife_adapters.testing.verify.reporting.pages.proof import bound, sections
from runlife_adapters.testing.verify.reporting.pages.style import STYLESHEET
from runlife_adapters.testing.verify.reporting.pages.timeline import timeline
from runlife_adapters.testing.verify.reporting.report import Left, shortened
from runlife_adapters.testing.verify.reporting.text import joined, story_code
from runlife_adapters.testing.verify.reporting.traces import trace_of
from runlife_adapters.testing.verify.reporting.words import HEADS, clipped, count
from runlife_adapters.testing.verify.tape import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runlife_adapters.testing.verify.reporting.pages.proof import Proved
    from runlife_adapters.testing.verify.reporting.report import Line, Report

__all__ = ["failure_page", "proof_page"]

_MOST_LINES = 400
_LONGEST = 600
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_MOVES = (Lane.SERVER, Lane.CLIENT, Lane.OTHER)


def failure_page(report: Report) -> str:
    """Return the page of a failure."""
    head = _head(
        f"What befell {report.service}, by runlife verify",
        HEADS[report.failure.kind],
        clipped(report.failure.says, _LONGEST),
    )
    return _page(report.headline, [head, *_parts(report)])


def proof_page(proof: Proved) -> str:
    """Return the page of a pass: what has been proved, and what has not."""
    says = f"No failure in {bound(proof)}, which is all there are among the alternatives below"
    if proof.random:
        says += f", nor in {count(proof.random, 'random one')}"
    head = _head(f"What {proof.service} withstood, by runlife verify", "PASSED", says, good=True)
    return _page(f"PASSED: {proof.service}", [head, *sections(proof)])


def _page(title: str, parts: Iterable[str]) -> str:
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            element("title", text(clipped(title, 120))),
            element("style", STYLESHEET),
            "</head>\n<body>\n<main>",
            *parts,
            "</main>\n</body>\n</html>\n",
        ]
    )


def _head(who: str, kind: str, says: str, *, good: bool = False) -> str:
    inside = (
        element("p", text(who), class_="who")
        + element("span", text(kind), class_="kind good" if good else "kind")
        + element("h1", text(says[:1].upper() + says[1:]))
    )
    return element("header", inside)


def _parts(report: Report) -> Iterator[str]:
    told = report.deviations
    if told:
        yield element("p", text(f"It takes {count(len(told), 'deviation')} from the happy path:"))
        yield element("ul", "".join(element("li", text(one.says)) for one in told), class_="odd")
        yield element("pre", block(story_code(report)))
    else:
        yield element("p", "That is so on the happy path already: the story has nothing unusual in it.")
    yield "<h2>What happened</h2>"
    yield element("div", timeline(report), class_="picture")
    yield _legend(report)
    yield "<h2>Step by step</h2>"
    yield _sequence(report)
    if report.failure.waits:
        yield "<h2>Who waited then</h2>"
        yield element("pre", block(report.failure.waits))
    yield "<h2>To keep it as a test</h2>"
    yield element("pre", block(report.test))
    if report.tried:
        yield element("h2", "How it was found")
        yield element("p", text(report.tried))
    if trace := trace_of(report.failure.error):
        yield "<h2>Where it was raised</h2>"
        yield element("pre", block(trace))
    yield element(
        "details",
        element("summary", "The sequence as a Mermaid diagram, for a comment or a README")
        + element("pre", block(to_mermaid(report))),
    )


def _legend(report: Report) -> str:
    parts: list[str] = []
    if any(line.matters for line in report.lines):
        parts.append('<span class="star">✱</span> otherwise than usual')
    if any(line.entry.lane is Lane.OTHER for line in report.lines):
        parts.append('<span class="star">◆</span> another worker')
    if report.without is not None and any(line.parts for line in report.lines):
        parts.append(f'<span class="star">┆</span> {text(report.parting)}')
    parts.append('<span class="bad">red</span> shows the failure')
    return element("p", " · ".join(parts), class_="legend")


def _sequence(report: Report) -> str:
    rows = "".join(
        row for line in shortened(joined(report.lines), _MOST_LINES) for row in _rows(line, report)
    )
    shows = "end" if report.failure.calls else "end shows"
    rows += _row(shows, f"{report.ended:.2f}", "", text(report.ending))
    head = '<tr><th scope="col" class="n">seconds</th><th scope="col">call</th><th scope="col">what</th></tr>'
    table = element("table", f"<thead>{head}</thead><tbody>{rows}</tbody>", class_="sequence")
    return element("div", table, class_="scroll")


def _rows(line: Line | Left, report: Report) -> Iterator[str]:
    if isinstance(line, Left):
        yield _row("left", "", "", text(f"{count(line.lines, 'line')} left out, until {line.until:.2f}"))
        return
    entry = line.entry
    if line.parts:
        yield f'<tr class="parts"><td colspan="3">{text(report.parting)}</td></tr>'
    if line.polls:
        until = f", until {line.until:.2f}" if line.until > entry.at else ""
        says = text(f"{count(line.polls, 'poll')} that showed nothing new{until}")
        yield _row("polls", f"{entry.at:.2f}", "", says)
        return
    is_move = entry.lane in _MOVES
    kinds = [name for name, holds in (("move", is_move), ("shows", line.shows)) if holds]
    number = f"#{entry.call}" if entry.call is not None and not is_move else ""
    yield _row(" ".join(kinds), f"{entry.at:.2f}", number, _what(line))


def _what(line: Line) -> str:
    entry = line.entry
    said = clipped(entry.text, _LONGEST)
    if entry.lane is Lane.WIRE:
        said = f"◀── {said}"
    what = text(said)
    for status in RunStatus:
        what = _chipped(what, status.value, line)
    if line.fault:
        return f'{what} <span class="odd-note">✱ {text(line.fault)}</span>'
    return f'{what} <span class="odd-note">✱</span>' if entry.deviates else what


def _chipped(what: str, status: str, line: Line) -> str:
    """Return a move with the status that it leads to as a chip."""
    if line.entry.lane not in _MOVES:
        return what
    for before in ("→ ", ": "):
        for after in ("  (", ""):
            end = f"{before}{status}{after}"
            if after and end in what:
                return what.replace(end, f'{before}<span class="chip s-{status}">{status}</span>{after}')
            if not after and what.endswith(end):
                return f'{what[: -len(end)]}{before}<span class="chip s-{status}">{status}</span>'
    return what


def _row(kind: str, time: str, number: str, what: str) -> str:
    cells = element("td", text(time), class_="n") + element("td", text(number)) + element("td", what)
    return element("tr", cells, class_=kind or None)

"""The tables of a page: those of :mod:`runlife_diagrams.formats.table`, tied to the parts of the picture.

A line bears the ids of what it tells of: a status, or a row with its source and its target. So what is chosen
in the one lights up in the other, and the panel of the page has its words from here. The table of rows gets
columns that a document has no room for: which facts a row sets and clears, the policy that it hangs on, and
what the picture shows of it besides. What only the picture has, such as a row that the policy switches off or
one of another lifecycle, gets a line at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from runlife_diagrams.formats.table import to_html_table
from runlife_diagrams.route import statuses_of
from runlife_diagrams.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runlife import Lifecycle, Transition
    from runlife_diagrams.picture import Edge, Label, Picture

__all__ = ["tables"]

Drawn = tuple["Edge", "Label"]
"""What is drawn of a row."""

_NONE = "\N{EN DASH}"


def tables(lifecycle: Lifecycle[Any], picture: Picture) -> str:
    """Return the tables of a lifecycle as HTML, tied to a picture of it."""
    moves, rows = fromstring(f"<div>{to_html_table(lifecycle)}</div>")  # noqa: S314 - our own output
    _tie_statuses(moves, lifecycle, picture)
    _tie_rows(rows, lifecycle, picture)
    return "\n".join(map(_framed, (moves, rows)))


def _tie_statuses(table: Element, lifecycle: Lifecycle[Any], picture: Picture) -> None:
    ids = dict(_ids(picture))
    lines = table.findall("tbody/tr")
    for line, status in zip(lines, (None, *statuses_of(lifecycle)), strict=True):
        _tie(line, 0, {"data-node": ids.pop(status)})
    for name, id in ids.items():
        _tie(_added(table, [visible(name or "")]), 0, {"data-node": id})


def _tie_rows(table: Element, lifecycle: Lifecycle[Any], picture: Picture) -> None:
    rows = [
        row
        for status in (None, *statuses_of(lifecycle))
        for row in lifecycle.transitions
        if row.source == status
    ]
    drawn = _drawn(rows, picture)
    ids = {label.id for _, label in drawn}
    rest = [(edge, label) for edge in picture.edges for label in edge.labels if label.id not in ids]
    names = {node.id: visible(node.name) if node.name else "not created" for node in picture.nodes}
    for edge, label in rest:
        source, target = names[edge.source], names[edge.target]
        conditions = visible(", and ".join(label.conditions)) if label.conditions else _NONE
        _added(table, [source, visible(label.event), target, edge.cause, conditions])
    nothing = [()] * len(rest)
    _column(table, "sets", [*map(_sets, rows), *nothing])
    _column(table, "clears", [*(row.effect.clears if row.effect else () for row in rows), *nothing])
    _column(table, "policy", [*((str(row.given),) if row.given else () for row in rows), *nothing])
    _column(table, "shown", [_shown(label, picture) for _, label in (*drawn, *rest)])
    for line, (edge, label) in zip(table.findall("tbody/tr"), (*drawn, *rest), strict=True):
        ties = {"data-row": label.id, "data-source": edge.source, "data-target": edge.target}
        _tie(line, 1, {**ties, "data-cause": edge.cause})


def _drawn(rows: Sequence[Transition[Any]], picture: Picture) -> list[Drawn]:
    """Return what is drawn of each row.

    In the table as in the picture, rows of one source, event, target and cause stand in one order. Where the
    picture draws several of them as one, all of these have the same.
    """
    ids = _ids(picture)
    alike: dict[object, list[Drawn]] = {}
    for edge in picture.edges:
        for label in edge.labels:
            if not label.off:
                key = (edge.source, label.event, edge.target, edge.cause)
                alike.setdefault(key, []).append((edge, label))
    found: list[Drawn] = []
    for row in rows:
        drawn = alike[ids[row.source], row.event, ids[row.target], row.cause]
        found.append(drawn.pop(0) if len(drawn) > 1 else drawn[0])
    return found


def _ids(picture: Picture) -> Mapping[str | None, str]:
    """Return the ids of the nodes by status; None is the moment before the creation."""
    return {None if node.kind == "initial" else node.name: node.id for node in picture.nodes}


def _sets(row: Transition[Any]) -> Sequence[str]:
    if row.effect is None:
        return ()
    return (*row.effect.sets, *(f"{fact} (or null)" for fact in row.effect.may_set))


def _shown(label: Label, picture: Picture) -> Sequence[str]:
    """Return what the picture shows of a row besides the row itself; of a way, the steps in short."""
    overlay = picture.overlay
    mark = overlay.rows.get(label.id) if overlay is not None else None
    if overlay is None or mark is None:
        return label.notes
    return (mark.badge if overlay.steps else mark.says or mark.badge, *label.notes)


# --------------------------------------------------------------------------- elements


def _column(table: Element, title: str, cells: Sequence[Sequence[str]]) -> None:
    """Add a column, if there is anything in it."""
    if not any(map(any, cells)):
        return
    for head in table.iterfind("thead/tr"):
        SubElement(head, "th", {"scope": "col"}).text = title
    for line, texts in zip(table.iterfind("tbody/tr"), cells, strict=True):
        SubElement(line, "td").text = visible(", ".join(texts)) if any(texts) else _NONE


def _added(table: Element, texts: Sequence[str]) -> Element:
    """Return a new line at the end of a table, which is filled up with empty cells."""
    columns = len(table.findall("thead/tr/th"))
    line = SubElement(table.findall("tbody")[0], "tr")
    SubElement(line, "th", {"scope": "row"}).text = texts[0]
    for text in (*texts[1:], *[_NONE] * (columns - len(texts))):
        SubElement(line, "td").text = text
    return line


def _tie(line: Element, cell: int, ties: Mapping[str, str]) -> None:
    """Give a line its ids, and make what stands in one of its cells a link to the first."""
    line.attrib |= ties
    id = next(iter(ties.values()))
    inside = line[cell]
    link = Element("a", {"href": f"#{id}"})
    link.text, inside.text = inside.text, None
    link.extend(list(inside))
    inside[:] = [link]


def _framed(table: Element) -> str:
    """Return a table that can be scrolled, by keyboard as well, where it is too wide."""
    for cell in table.iter("td"):
        if cell.text == _NONE:
            cell.set("class", "none")
    for line in table.iter("tr"):
        line.tail = "\n"
    caption = table.findtext("caption", "")
    frame = Element("div", {"class": "scroll", "role": "region", "tabindex": "0", "aria-label": caption})
    frame.append(table)
    return tostring(frame, encoding="unicode", method="html")

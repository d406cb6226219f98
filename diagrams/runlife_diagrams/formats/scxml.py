"""A lifecycle as SCXML (W3C, version 1.0), for the tools that edit, check or run state charts.

It holds the shape of the table, and says so: the data model is ``null``, for guards and effects are
Python. They stand in words in attributes of our own namespace, not in ``cond``, where a processor would
try to evaluate them; one that runs the chart takes every guard to hold, in the order of the rows.

A machine of SCXML exists from the start, so the moment before the creation is a state of its own. A
timer row is a transition like the others, with the deadline that it waits for; whoever runs the chart
sends its event when that is due. There is no ``<send>`` with a delay: how long that is, only the instance
knows, and this data model has no expression for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from runlife_diagrams.formats.names import identifiers
from runlife_diagrams.route import statuses_of
from runlife_diagrams.text import visible

if TYPE_CHECKING:
    from runlife import Lifecycle, Transition

__all__ = ["NAMESPACE", "to_scxml"]

NAMESPACE = "urn:runlife:lifecycle"
"""Of the attributes that say what SCXML has no word for."""


def to_scxml(lifecycle: Lifecycle[Any]) -> str:
    """Return the lifecycle as an SCXML document."""
    statuses = statuses_of(lifecycle)
    names = identifiers((None, *(status.value for status in statuses)))
    events = identifiers(row.event for row in lifecycle.transitions)
    # The prefix is written by hand: to register it would change ElementTree for the whole process.
    root = ET.Element(
        "scxml",
        {
            "xmlns": "http://www.w3.org/2005/07/scxml",
            "xmlns:runlife": NAMESPACE,
            "version": "1.0",
            "datamodel": "null",
            "name": identifiers([lifecycle.name])[lifecycle.name],
            "initial": names[None],
            "runlife:name": visible(lifecycle.name),
        },
    )
    for status in (None, *statuses):
        name = names[None if status is None else status.value]
        state = ET.SubElement(root, "final" if status in lifecycle.terminal else "state", id=name)
        if status is not None:
            state.set("runlife:status", visible(status.value))
        for row in lifecycle.transitions:
            if row.source == status:
                target = names[row.target.value]
                ET.SubElement(
                    state, "transition", {"event": events[row.event], "target": target, **_words(row)}
                )
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _words(row: Transition[Any]) -> dict[str, str]:
    """Return what there is to say of a row beside where it leads."""
    words = {
        "event": row.event,
        "guard": row.guard.says if row.guard is not None and row.deadline is None else None,
        "deadline": row.deadline,
        "effect": None if row.effect is None else row.effect.says,
        "cause": row.cause.value,
        "evidence": row.evidence.value,
    }
    return {f"runlife:{name}": visible(word) for name, word in words.items() if word is not None}

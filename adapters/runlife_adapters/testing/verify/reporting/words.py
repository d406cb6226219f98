"""The words in which a failure is told, the same in every form: what went wrong, and what was otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from runlife import RunStatus
from runlife_adapters.memory import NEVER, After
from runlife_adapters.testing.verify.judge import FailureKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runlife_adapters.memory import Net
    from runlife_adapters.memory.net import NetKind
    from runlife_adapters.testing.verify.judge import Failure
    from runlife_adapters.testing.verify.story import Story

__all__ = [
    "HEADS",
    "Deviation",
    "Rounds",
    "clipped",
    "clipped_end",
    "count",
    "deviations",
    "fault",
    "headline",
    "plain",
]

HEADS = {
    FailureKind.SAFETY: "NOT SAFE",
    FailureKind.ERROR: "FAILED WITH AN ERROR",
    FailureKind.LIVENESS: "NEVER CAME BACK",
    FailureKind.LEAK: "LEFT SOMETHING BEHIND",
    FailureKind.OUTAGE: "GAVE UP IN AN OUTAGE",
    FailureKind.FLAKY: "NOT THE SAME TWICE",
    FailureKind.UNLAWFUL: "SHOWN WHAT CANNOT BE",
    FailureKind.VACUITY: "NOTHING WAS TRIED",
}
"""What each kind of failure is called."""

_USUAL = After()
_ACTS = {
    "cancel": "another worker cancels the {kind}",
    "submit": "another worker answers the {kind}'s calls",
    "message": "another worker adds a message",
}
_ASKS = RunStatus.REQUIRES_ACTION.value
_FAULTS: dict[NetKind, str] = {
    "delay": "takes effect, and is answered {net.seconds:g} s late",
    "refuse": "is refused with {net.status}",
    "reset_before": "takes no effect: the connection breaks before that",
    "reset_after": "takes effect, and the connection breaks in place of the answer",
    "lose_request": "is lost on its way, and never answered",
    "lose_response": "takes effect, and the answer is lost",
    "duplicate": "arrives twice",
    "malformed": "takes effect, and the answer is no JSON",
    "cut_stream": "takes effect, and the stream breaks after {events}",
    "stall_stream": "takes effect, and the stream falls silent after {events}",
}
_ORDINALS = ("", "the 2nd time ", "the 3rd time ")


@frozen
class Deviation:
    """One thing that a story says otherwise than usual."""

    says: str
    """In words."""
    slug: str
    """In words that can stand in the name of a test."""


def headline(failure: Failure) -> str:
    """Return what went wrong, on one line."""
    return f"{HEADS[failure.kind]}: {plain(failure.says)}"


Rounds = Mapping[int, Sequence[str]]
"""For runs that stand behind responses, by their number from 0: what reports call those responses."""


def deviations(story: Story, rounds: Rounds | None = None) -> tuple[Deviation, ...]:
    """Return what a story says, one thing after the other; of responses, where they are what clients see."""
    return tuple(_deviations(story, rounds or {}))


def fault(net: Net) -> str:
    """Return what befalls a call, in words."""
    if net.kind == "refuse" and net.retry_after is not None:
        return f"is refused with {net.status} and Retry-After: {net.retry_after:g}"
    events = count(net.events, "event")
    return _FAULTS[net.kind].format(net=net, events=events)


def _deviations(story: Story, rounds: Rounds) -> Iterator[Deviation]:
    for number, schedule in enumerate(story.runs, 1):
        name = f"run {number}"
        for status in RunStatus:
            entries: tuple[After, ...] = getattr(schedule, status.value, ())
            for visit, after in enumerate(entries):
                if after != _USUAL:
                    told = rounds.get(number - 1)
                    yield (
                        _move(name, status, visit, after)
                        if told is None
                        else _round(told, status, visit, after)
                    )
        for call, net in schedule.net.items():
            yield Deviation(
                f"call {call} about {name} {fault(net)}", f"{net.kind}_at_call_{call}_of_run_{number}"
            )
    kind = "response" if rounds else "run"
    for call, act in story.others.items():
        yield Deviation(
            f"{_ACTS[act].format(kind=kind)} just before call #{call}",
            f"a_{act}_by_another_before_call_{call}",
        )
    for call in sorted(story.early):
        yield Deviation(
            f"call #{call} arrives just before what the server does at the same moment", f"call_{call}_early"
        )
    for call, net in story.net.items():
        yield Deviation(f"call #{call} {fault(net)}", f"{net.kind}_at_call_{call}")


def _move(name: str, status: RunStatus, visit: int, after: After) -> Deviation:
    where = status.value
    when = _ORDINALS[visit] if visit < len(_ORDINALS) else f"the {visit + 1}th time "
    if after.delay == NEVER:
        return Deviation(
            f"{name} is stuck {when or 'when '}it is {where}: the server does not move it on",
            f"{where}_stuck",
        )
    if after.to is None:
        says = f"{name} goes on {when}from {where} after {after.delay:g} s"
        slug = f"{where}_for_{after.delay:g}_s".replace(".", "_")
    else:
        says = f"{name} goes {when}from {where} to {after.to}, after {after.delay:g} s"
        slug = f"{where}_to_{after.to}"
    return Deviation(f"{says}{_details(after)}", slug)


def _round(names: Sequence[str], status: RunStatus, visit: int, after: After) -> Deviation:
    """Return a move of a run as one of the response that is its round; each is there once in a status."""
    name = names[visit] if visit < len(names) else "a later response"
    slug = _move(name, status, 0, after).slug
    if after.to != _ASKS or after.delay == NEVER:
        return Deviation(_move(name, status, 0, after).says, slug)
    return Deviation(f"{name} completes{_details(after).removeprefix(',')}, after {after.delay:g} s", slug)


def _details(after: After) -> str:
    """Return what else is said of a move, in words that follow others."""
    says = ""
    details = {detail: value for detail, value in after.details.items() if detail != "to"}
    if isinstance(calls := details.pop("tools", None), int):
        says += f", with {count(calls, 'call')}"
    elif calls is not None:
        says += f", with calls of {', '.join(call.name for call in calls)}"
    said = ", ".join(f"{detail}={value!r}" for detail, value in details.items())
    return f"{says}; {said}" if said else says


def count(number: int, noun: str) -> str:
    """Return how many there are of something."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def plain(text: str) -> str:
    """Return a text of a stranger on one line, without what a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "�" for sign in text).strip()


def clipped(text: str, longest: int) -> str:
    """Return a text of a stranger on one line, and no longer than that: what is left out is its middle."""
    text = plain(text)
    if len(text) <= longest:
        return text
    tail = longest // 3
    return f"{text[: longest - tail - 3].rstrip()} … {text[-tail:].lstrip()}"


def clipped_end(text: str, longest: int) -> str:
    """Return a line that is no longer than that, its end left out, and its indentation as it is."""
    indent = text[: len(text) - len(text.lstrip())]
    text = indent + plain(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"

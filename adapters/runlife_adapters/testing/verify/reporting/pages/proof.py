"""What was tried without a failure, as JSON data and as the parts of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from attrs import fields

from runlife import RunStatus
from runlife.responses import ResponseStatus
from runlife_adapters.memory import NEVER
from runlife_adapters.testing.verify.reporting.pages.markup import element, text
from runlife_adapters.testing.verify.reporting.words import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runlife_adapters.memory import After
    from runlife_adapters.testing.verify.menu import Menu
    from runlife_adapters.testing.verify.trial import Setting

__all__ = ["Planned", "Proved", "proof_to_json", "sections"]


class Planned(Protocol):
    """How hard it was tried; a :class:`~runlife_adapters.testing.verify.plan.Plan` is one."""

    @property
    def deviations(self) -> int:
        """Every story with at most so many deviations was played."""
        ...

    @property
    def menu(self) -> Menu:
        """What could be otherwise."""
        ...

    @property
    def setting(self) -> Setting:
        """What the service was tried in."""
        ...

    @property
    def prune(self) -> bool:
        """Whether polls that show nothing new were passed over."""
        ...


class Proved(Protocol):
    """What was tried; a :class:`~runlife_adapters.testing.verify.plan.Proof` is one."""

    @property
    def service(self) -> str:
        """The name of what was tried."""
        ...

    @property
    def plan(self) -> Planned:
        """How hard it was tried."""
        ...

    @property
    def stories(self) -> Mapping[int, int]:
        """How many stories were played, by their number of deviations."""
        ...

    @property
    def total(self) -> int:
        """How many that are."""
        ...

    @property
    def random(self) -> int:
        """How many more were drawn."""
        ...

    @property
    def calls(self) -> int:
        """Calls of the service in all of them."""
        ...

    @property
    def virtual(self) -> float:
        """Virtual seconds in all of them."""
        ...

    @property
    def seconds(self) -> float:
        """Real seconds."""
        ...

    @property
    def outages(self) -> int:
        """In how many of them the service gave up, because the network did not let it."""
        ...

    @property
    def unseen(self) -> tuple[str, ...]:
        """The statuses in which no run, or response, of the service ever was."""
        ...

    @property
    def has_responses_only(self) -> bool:
        """Whether the service works with responses, and with no runs."""
        ...


def proof_to_json(proof: Proved) -> dict[str, Any]:
    """Return what was tried as JSON data."""
    menu = proof.plan.menu
    return {
        "outcome": "passed",
        "service": proof.service,
        "deviations": proof.plan.deviations,
        "schedules": {str(number): proof.stories[number] for number in sorted(proof.stories)},
        "total": proof.total,
        "random": proof.random,
        "calls": proof.calls,
        "virtual_seconds": round(proof.virtual, 3),
        "real_seconds": round(proof.seconds, 3),
        "outages": proof.outages,
        "statuses": {
            "seen": [s for s in _statuses(proof) if s not in proof.unseen],
            "unseen": list(proof.unseen),
        },
        "menu": {
            "moves": {
                status: [after.to_json() for after in moves] for status, moves in _moves(proof).items()
            },
            "faults": sorted(menu.faults),
            "others": list(menu.others),
            "ties": menu.ties,
            "pruned": proof.plan.prune,
        },
    }


def bound(proof: Proved) -> str:
    """Return how many schedules that were, and up to where they are all there are."""
    return f"{count(proof.total, 'schedule')} with at most {count(proof.plan.deviations, 'deviation')}"


def sections(proof: Proved) -> Iterator[str]:
    """Give the parts of the page below its head."""
    yield _cards(proof)
    yield "<h2>How many schedules, by what was otherwise in them</h2>"
    yield _counts(proof)
    yield f"<h2>Where the service's {_kind(proof)}s have been</h2>"
    yield _chips(proof)
    yield "<h2>What could be otherwise</h2>"
    yield _menu(proof)
    yield "<h2>What the service was tried in</h2>"
    yield _setting(proof.plan.setting)


def _cards(proof: Proved) -> str:
    cards = [
        (f"{proof.total:,}", "schedules, one by one"),
        (f"{proof.random:,}", "random ones on top"),
        (f"{proof.calls:,}", "calls of the service"),
        (f"{proof.virtual:,.0f} s", f"of virtual time, in {proof.seconds:.1f} s"),
    ]
    if proof.outages:
        cards.append((f"{proof.outages:,}", "honest outages: it gave up, and said so"))
    inside = "".join(
        element("div", element("b", text(number)) + element("span", text(says)), class_="card")
        for number, says in cards
    )
    return element("div", inside, class_="cards")


def _counts(proof: Proved) -> str:
    most = max(proof.stories.values(), default=1)
    rows = "".join(
        element(
            "tr",
            element("td", text("the happy path" if not number else count(number, "deviation")))
            + element("td", f"{proof.stories[number]:,}", class_="n")
            + element(
                "td",
                element("span", "", class_="meter", style=f"width:{100 * proof.stories[number] / most:.1f}%"),
            ),
        )
        for number in sorted(proof.stories)
    )
    head = '<tr><th scope="col">deviations</th><th scope="col" class="n">schedules</th><th></th></tr>'
    return element("table", f"<thead>{head}</thead><tbody>{rows}</tbody>", class_="counts")


def _chips(proof: Proved) -> str:
    chips = "".join(
        element("span", text(status), class_="chip none" if status in proof.unseen else f"chip s-{status}")
        for status in _statuses(proof)
    )
    if not proof.unseen:
        return element("p", chips) + element("p", "In every status there is.", class_="muted")
    says = f"Nothing is proved of {', '.join(proof.unseen)}: no {_kind(proof)} was ever there."
    return element("p", chips) + element("p", text(says), class_="muted")


def _menu(proof: Proved) -> str:
    menu = proof.plan.menu
    rows = [
        (f"a {_kind(proof)} that is {status}", "; ".join(map(_told, moves)))
        for status, moves in _moves(proof).items()
    ]
    rows += [
        ("the network", ", ".join(sorted(menu.faults)) or "nothing"),
        ("another worker", ", ".join(menu.others) or "nothing"),
        ("what is at the same moment", "comes in either order" if menu.ties else "comes in the usual order"),
        ("a poll that shows nothing new", "is passed over" if proof.plan.prune else "counts like any other"),
    ]
    return _table(rows)


def _setting(setting: Setting) -> str:
    return _table([(one.name, _short(getattr(setting, one.name))) for one in fields(type(setting))])


def _table(rows: list[tuple[str, str]]) -> str:
    inside = "".join(
        element("tr", element("th", text(name), scope="row") + element("td", text(says)))
        for name, says in rows
    )
    return element("table", f"<tbody>{inside}</tbody>", class_="pairs")


def _short(value: object) -> str:
    return "the usual" if value is None else repr(value)


def _told(after: After) -> str:
    if after.delay == NEVER:
        return "never goes on"
    if after.to is None:
        return f"goes on after {after.delay:g} s"
    calls = f" with {count(after.tools, 'call')}" if isinstance(after.tools, int) else ""
    return f"to {after.to}{calls}"


def _kind(proof: Proved) -> str:
    return "response" if proof.has_responses_only else "run"


def _statuses(proof: Proved) -> list[str]:
    return [status.value for status in (ResponseStatus if proof.has_responses_only else RunStatus)]


def _moves(proof: Proved) -> dict[str, tuple[After, ...]]:
    functions, menu = bool(proof.plan.setting.functions), proof.plan.menu
    there = [RunStatus(status) for status in _statuses(proof)]
    moves = {status.value: menu.moves(status, functions=functions) for status in there}
    return {status: told for status, told in moves.items() if told}

"""The vocabulary that rows are written in: causes, evidence, guards, effects, arguments.

Two kinds of row are kept apart, because they have different causes and different callers:

* **event rows** (:func:`on`) move when somebody says so, a client or the server;
* **timer rows** (:func:`at`) move by themselves, once the deadline they name is due.

Terms are those of the state-machine literature: a *guard* must hold for a row to be taken, an
*effect* says which facts change. Both are named objects with one line of English, and that line is
the one the diagrams, the tables and the refusals print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NoReturn, TypeVar, cast

from attrs import evolve, field, frozen

from runlife.errors import MisuseError, PayloadError

if TYPE_CHECKING:
    from runlife.policy import Policy

__all__ = [
    "NO_PAYLOAD",
    "Argument",
    "Cause",
    "Effect",
    "Evidence",
    "Given",
    "Guard",
    "Payload",
    "StatusT",
    "Transition",
    "Value",
    "at",
    "on",
]

StatusT = TypeVar("StatusT", bound=StrEnum)

Payload = Mapping[str, Any]
"""The arguments of one event, by name."""

Value = Callable[[Any, Payload, float], Any]
"""How a fact gets its new value: a pure function of the instance, the payload and the time."""

NO_PAYLOAD: Payload = MappingProxyType({})


class Cause(StrEnum):
    """Who makes a row happen."""

    CLIENT = "client"
    SERVER = "server"
    TIMER = "timer"


class Evidence(StrEnum):
    """How we know that the real service has this row, the strongest first."""

    RECORDED = "recorded"
    """Seen in a recorded exchange with the real service."""
    DOCUMENTED = "documented"
    """Stated in the published specification, the official guide or the official SDK."""
    OBSERVED = "observed"
    """Quoted by users: issue threads, pasted objects, client code that matches it."""
    INFERRED = "inferred"
    """Not seen anywhere, but follows from what is known; where it matters, a policy."""


@frozen
class Guard:
    """A condition on a row. ``check(instance, payload)`` must be pure and answer a bool.

    Guards compose: ``a & b`` holds when both do, and a refusal names the part that failed.
    """

    name: str
    says: str
    check: Callable[[Any, Payload], bool] = field(repr=False)
    parts: tuple[Guard, ...] = field(default=(), repr=False)

    def __and__(self, other: Guard) -> Guard:
        """Return the guard that holds when both do."""
        return Guard(
            name=f"{self.name} and {other.name}",
            says=f"{self.says}, and {other.says}",
            check=lambda instance, payload: self.check(instance, payload) and other.check(instance, payload),
            parts=(*(self.parts or (self,)), *(other.parts or (other,))),
        )

    def failing(self, instance: object, payload: Payload) -> Guard:
        """Return the first part that does not hold (the guard itself when it has no parts)."""
        return next((p for p in self.parts if not p.check(instance, payload)), self)

    def holding(self, instance: object, payload: Payload) -> int:
        """Return how many parts hold before the first that does not (none when it has no parts)."""
        return next((n for n, p in enumerate(self.parts) if not p.check(instance, payload)), len(self.parts))


@frozen(eq=False)
class Effect:
    """What a row changes: the facts it sets, each with how it gets its value, and those it clears.

    That it is data is what makes the field-by-status matrix a consequence of the table
    (:meth:`Lifecycle.field_states`), and applying a row atomic (:mod:`runlife.plan`).
    """

    name: str
    says: str
    sets: Mapping[str, Value] = field(factory=dict[str, Value], repr=False)
    clears: tuple[str, ...] = ()
    may_set: Mapping[str, Value] = field(factory=dict[str, Value], repr=False)
    """Facts whose new value may be null as well."""

    @property
    def writes(self) -> tuple[str, ...]:
        """Every fact the effect may change."""
        return (*self.sets, *self.may_set, *self.clears)


@frozen
class Given:
    """A condition on the policy, which switches a row on: ``Given("cancel_may_lose", True)``."""

    option: str
    value: object

    def holds(self, policy: Policy) -> bool:
        """Whether the row is on under this policy."""
        return bool(getattr(policy, self.option, None) == self.value)

    def __str__(self) -> str:
        """Return ``option=value``."""
        return f"{self.option}={self.value}"


@frozen
class Argument:
    """One argument of an event. ``many`` takes any iterable and keeps a tuple.

    ``kind`` must have ``to_json``/``from_json``, or be a plain JSON type (``str``, ``int``,
    ``float``, ``bool``): journals are written with it. ``check`` answers what is wrong, or None.
    """

    name: str
    kind: type
    required: bool = True
    many: bool = False
    check: Callable[[Any], str | None] | None = field(default=None, repr=False)

    @property
    def expects(self) -> str:
        """Say in words what the argument takes."""
        return f"several {self.kind.__name__}" if self.many else self.kind.__name__

    def check_several(self, event: str, value: object) -> None:
        """Raise PayloadError unless the value is an iterable of things (a text is one thing)."""
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
            self._complain(event, value)  # pyright: ignore[reportUnknownArgumentType]  # of any type

    def check_kind(self, event: str, item: object) -> None:
        """Raise PayloadError unless the item is of the kind."""
        # bool is an int to Python, but not to anybody who sends one where a number is expected.
        kinds = (int, float) if self.kind is float else (self.kind,)
        if not isinstance(item, kinds) or (isinstance(item, bool) and self.kind is not bool):
            self._complain(event, item)

    def check_value(self, event: str, value: object) -> None:
        """Raise PayloadError with what the argument's own check finds wrong."""
        problem = self.check(value) if self.check else None
        if problem:
            raise PayloadError(event, self.name, problem)

    def _complain(self, event: str, item: object) -> NoReturn:
        got = type(item).__name__
        raise PayloadError(event, self.name, f"expected {self.expects}, got {got}")

    def to_json(self, value: object) -> object:
        """Return the JSON of a stored value."""
        write: Callable[[Any], object] = getattr(self.kind, "to_json", _same)
        if self.many:
            return [write(item) for item in cast("Iterable[object]", value)]
        return write(value)

    def from_json(self, data: object) -> object:
        """Return the value of what :meth:`to_json` gave; raise TypeError if it is anything else."""
        read: Callable[[Any], object] = getattr(self.kind, "from_json", _same)
        return tuple(read(item) for item in cast("Any", data)) if self.many else read(data)


def _same(value: object) -> object:
    return value


@frozen
class Transition(Generic[StatusT]):
    """One row of a table: in ``source``, ``event`` leads to ``target``.

    ``source`` is None for a creation. A row whose ``cause`` is a timer names its ``deadline``, the
    field that says when. ``evidence`` tells how we know; ``given``, under which policy it is on.
    """

    event: str
    source: StatusT | None
    target: StatusT
    cause: Cause
    guard: Guard | None = None
    effect: Effect | None = None
    evidence: Evidence = Evidence.INFERRED
    given: Given | None = None
    deadline: str | None = None

    ok: ClassVar[Literal[True]] = True
    """A row is what an applied event answers; a :class:`~runlife.outcome.Refusal` is not ok."""

    def __attrs_post_init__(self) -> None:
        for name, value, kind in (
            ("event", self.event, str),
            ("by", self.cause, Cause),
            ("when", self.guard, Guard | None),
            ("then", self.effect, Effect | None),
            ("known", self.evidence, Evidence),
            ("given", self.given, Given | None),
        ):
            if not isinstance(value, kind):
                expected = getattr(kind, "__name__", str(kind))
                msg = f"a row's {name}= must be a {expected}, got {value!r}"
                raise MisuseError(msg)

    def __str__(self) -> str:
        """Return ``source -event-> target``."""
        source = "nothing" if self.source is None else self.source
        return f"{source} -{self.event}-> {self.target}"


def on(
    event: str,
    source: StatusT | Iterable[StatusT] | None,
    target: StatusT,
    *,
    by: Cause,
    when: Guard | None = None,
    then: Effect | None = None,
    known: Evidence = Evidence.INFERRED,
    given: Given | None = None,
) -> list[Transition[StatusT]]:
    """Return the rows of one event: ``source`` may be one status, several, or None to create."""
    sources: tuple[StatusT | None, ...]
    sources = (source,) if source is None or isinstance(source, StrEnum) else tuple(source)
    return [Transition(event, s, target, by, when, then, known, given) for s in sources]


def at(
    deadline: str,
    source: StatusT | Iterable[StatusT],
    target: StatusT,
    *,
    event: str = "expire",
    then: Effect | None = None,
    known: Evidence = Evidence.INFERRED,
    given: Given | None = None,
) -> list[Transition[StatusT]]:
    """Return the rows of one deadline: they move by themselves when the field ``deadline`` is due.

    They carry a guard that says so: it is what a caller reads who sends the event by hand.
    """
    due = Guard(
        "deadline_is_due",
        f"time itself causes it, once {deadline} is due (handle_timeout)",
        lambda _instance, _payload: False,
    )
    rows = on(event, source, target, by=Cause.TIMER, when=due, then=then, known=known, given=given)
    return [evolve(row, deadline=deadline) for row in rows]

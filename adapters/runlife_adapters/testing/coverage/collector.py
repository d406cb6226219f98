"""What is told of everything that happens, and counts it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from attrs import asdict, fields

from runlife import RUN, Cause, MisuseError, Policy, RunStatus
from runlife_adapters.testing.coverage import inventory as names
from runlife_adapters.testing.coverage.inventory import METRICS, RETRIEVE, STREAM, Metric, items, read_refusal
from runlife_adapters.testing.coverage.report import Line, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from runlife import Record, Transition
    from runlife_adapters.http import Service
    from runlife_adapters.http.exchange import Exchange
    from runlife_adapters.memory import ApiError, World
    from runlife_adapters.memory.events import Happened

__all__ = ["LifecycleCoverage"]


CALLS: Mapping[str, str] = {
    "create_run": "create",
    "create_thread_and_run": "create",
    "retrieve_run": RETRIEVE,
    "cancel_run": "cancel",
    "submit_tool_outputs": "submit_tool_outputs",
}
"""The operations of a service that are about the life of a run, and what a client asks for by them."""


class LifecycleCoverage:
    """Counts what is exercised of the lifecycle of runs.

    It may watch any number of Worlds and services, one after the other or at once; what is counted in
    several processes is merged (:meth:`to_json`, :meth:`merge`). Transitions are told by the World, as they
    happen. Guards that do not hold, and calls that are illegal, show nowhere but in the answers: those are
    told by the service (it is an :class:`~runlife_adapters.http.exchange.Observer`), or by hand
    (:meth:`refused`).

    :param policy: that of the table against which is counted. What happens in a World of another policy is
        counted as far as this table has it too.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self.lifecycle = RUN.under(policy if policy is not None else Policy())
        self.counts: dict[Metric, Counter[str]] = {metric: Counter() for metric in METRICS}
        """How often, by metric and by the name of the item."""
        self.uses: set[str] = set()
        """The calls that were seen to be made: events of a client, ``retrieve``, and ``stream``."""

    # Being told

    def watch(self, world: World) -> Callable[[], None]:
        """Be told of every transition in a World from now on; return what ends that."""
        return self._watch(world, uses=True)

    def _watch(self, world: World, *, uses: bool) -> Callable[[], None]:
        last: dict[str, Transition[Any]] = {}

        def listen(happened: Happened) -> None:
            row = happened.record.transition
            self._took(last.pop(happened.run_id, None), row)
            if uses and row.cause is Cause.CLIENT:
                self.uses.add(row.event)
            if row.target not in self.lifecycle.terminal:
                last[happened.run_id] = row

        return world.listen(listen)

    def watch_service(self, service: Service) -> Callable[[], None]:
        """Be told of every call that a service answers, too, and return what ends that."""
        stop = self._watch(service.world, uses=False)  # what others do there is no call of the service's
        service.observers.append(self)

        def end() -> None:
            stop()
            service.observers.remove(self)

        return end

    def journal(self, journal: Iterable[Record]) -> None:
        """Count what has happened to a run that nobody watched."""
        before: Transition[Any] | None = None
        for record in journal:
            self._took(before, record.transition)
            if record.cause is Cause.CLIENT:
                self.uses.add(record.event)
            before = record.transition

    def refused(self, error: ApiError) -> None:
        """Count a refusal of the fake's; one that says nothing about the lifecycle counts nothing."""
        refusal = read_refusal(error)
        if refusal is None:
            return
        event = refusal.event
        self.uses.add(event)
        if refusal.guard is None:
            self.counts["illegal"][names.illegal(event, str(refusal.status))] += 1
            return
        # A guard names the first of its parts that fails: those before it held.
        row = next(row for row in self.lifecycle.rows if row.event == event)
        for part in names.parts_of(row):
            holds = part.name != refusal.guard
            self.counts["guard"][names.outcome(event, part.name, holds=holds)] += 1
            if not holds:
                break

    def answered(self, exchange: Exchange) -> None:
        """Count a call that a service has answered: what struck it, and what it was refused for."""
        call = CALLS.get(exchange.operation or "")
        if call is None:
            return
        self.uses.add(call)
        if exchange.body and exchange.body.get("stream"):
            self.uses.add(STREAM)
        if exchange.net is not None:
            self.counts["fault"][names.fault(call, exchange.net)] += 1
        if exchange.refusal is not None:
            self.refused(exchange.refusal)

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        """Take no note of an event in a stream: the World has told of what it is about."""

    def _took(self, before: Transition[Any] | None, row: Transition[Any]) -> None:
        self.counts["edge"][names.edge(row)] += 1
        if before is not None:
            self.counts["edge-pair"][names.pair(before, row)] += 1
        for part in names.parts_of(row):
            self.counts["guard"][names.outcome(row.event, part.name, holds=True)] += 1

    # What came of it

    def line(self, metric: Metric, uses: Iterable[str] | None = None) -> Line:
        """Return what was covered of a metric, what was not, and what cannot be.

        :param uses: the calls that the service under test ever makes: events of a client, ``retrieve`` and
            ``stream``; by default those that were seen. What needs others is unreachable by this service.
        :raises MisuseError: when there is no such metric, or no such call.
        """
        if metric not in METRICS:
            msg = f"unknown metric {metric!r}; there are: {', '.join(METRICS)}"
            raise MisuseError(msg)
        calls = names.check_uses(self.lifecycle, self.uses if uses is None else uses)
        rows = names.within(self.lifecycle, calls)
        line = Line(metric)
        for item in items(self.lifecycle)[metric]:
            if self.counts[metric][item.name]:
                line = line.plus(covered=item.name)
            elif item.is_reachable(calls, rows):
                line = line.plus(missing=item.name)
            else:
                line = line.plus(unreachable=item.name)
        return line

    def missing(self, metric: Metric, uses: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return the names of what the service could reach, and no test has tried; see :meth:`line`."""
        return self.line(metric, uses).missing

    def heat(self) -> Mapping[Transition[RunStatus], int]:
        """Return how often each transition of the table was taken, none included: what heats a diagram."""
        return {row: self.counts["edge"][names.edge(row)] for row in self.lifecycle.transitions}

    def to_text(self, uses: Iterable[str] | None = None, *, limit: int = 10) -> str:
        """Return a table for a terminal, and below it what is missing.

        :param limit: how many missing items of each metric are named.
        """
        said = None if uses is None else tuple(uses)
        made = names.check_uses(self.lifecycle, self.uses if said is None else said)
        return render([self.line(metric, said) for metric in METRICS], sorted(made), limit)

    # Several sessions

    def merge(self, other: LifecycleCoverage) -> None:
        """Count what another has counted as well.

        :raises MisuseError: when it counts against a table of another policy.
        """
        if other.lifecycle.policy != self.lifecycle.policy:
            msg = f"expected a coverage under {self.lifecycle.policy}, got one under {other.lifecycle.policy}"
            raise MisuseError(msg)
        for metric, counter in other.counts.items():
            self.counts[metric].update(counter)
        self.uses |= other.uses

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data, in a fixed order."""
        return {
            "lifecycle": self.lifecycle.name,
            "policy": asdict(self.lifecycle.policy),
            "uses": sorted(self.uses),
            "counts": {metric: dict(sorted(counter.items())) for metric, counter in self.counts.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` wrote.

        :raises MisuseError: when it is anything else.
        """
        try:
            options = data["policy"]
            if data["lifecycle"] != RUN.name or options.keys() != {a.name for a in fields(Policy)}:
                msg = "it is of another lifecycle, or of another version of this one"
                raise ValueError(msg)  # noqa: TRY301  # told with the others
            self = cls(Policy(**options))
            self.uses = set(names.check_uses(self.lifecycle, data["uses"]))
            for metric, counts in data["counts"].items():
                self.counts[metric].update({str(name): int(count) for name, count in counts.items()})
        except (KeyError, TypeError, AttributeError, ValueError, MisuseError) as error:
            msg = f"not the JSON of a coverage: {error!r}"
            raise MisuseError(msg) from error
        return self

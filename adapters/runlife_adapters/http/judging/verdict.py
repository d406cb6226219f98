"""The verdict: what the clients of a service did wrong in this session, with the evidence.

It watches the calls, and follows each run as the clients see it (:mod:`.conduct`).
All clients of a session are judged as one: it is one service that is tested, however many threads and
connections it has. A client that does everything well gets no findings, whatever the server and the
network do to it; that is worth more here than to find the last fault.

The verdict stands at the end of a session. Asked earlier it tells how matters would stand if the
session ended now: a run that is alive then has been left.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from textwrap import fill
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from runlife import MisuseError
from runlife_adapters.clock import SystemClock
from runlife_adapters.http.judging.chain_conduct import ChainConduct
from runlife_adapters.http.judging.chains import OPERATIONS, Chains
from runlife_adapters.http.judging.conduct import Conduct, Statuses, times
from runlife_adapters.http.judging.findings import Exhibit, Finding, FindingKind, Trail, printable
from runlife_adapters.http.refusals import NOT_AN_OBJECT, NOT_JSON, OUT_OF_RANGE, TOO_DEEP
from runlife_adapters.memory.errors import (
    NOT_UPDATABLE,
    REFUSALS,
    THREAD_IN_USE,
    THREAD_LOCKED,
    ApiError,
    Words,
)
from runlife_adapters.memory.ids import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife import Run
    from runlife_adapters.http.exchange import Exchange
    from runlife_adapters.memory import World

__all__ = ["Verdict"]

HOT_GAP = 0.1
"""Seconds between two reads of a run: less is too soon, unless the service asks for less."""

_OK, _BAD_REQUEST = 200, 400
_CREATIONS = frozenset({"create_run", "create_thread_and_run"})
_ON_RUNS = frozenset({"retrieve_run", "modify_run", "cancel_run", "submit_tool_outputs"})
_RUN = "thread.run"
"""What a run calls itself."""


_WIDTH, _INDENT = 100, "   "
"""Of the text, in columns."""


_MEANINGS: Mapping[Words, str] = {
    words: meaning
    for meaning, several in {
        "locked": (REFUSALS["create", "thread_is_free"], THREAD_LOCKED, THREAD_IN_USE),
        "status": (REFUSALS["cancel", None], REFUSALS["submit_tool_outputs", None], NOT_UPDATABLE),
        "mismatch": (REFUSALS["submit_tool_outputs", "outputs_match_calls"],),
        "unreadable": (NOT_JSON, NOT_AN_OBJECT, TOO_DEEP, OUT_OF_RANGE),
    }.items()
    for words in several
}
"""What the ways to refuse a call mean that are about more than a field of the request."""

_NO_INPUT = REFUSALS["create", "thread_has_input"]
"""The one refusal with a code that is about the state of things, and not about the request."""


class Verdict:
    """An observer that judges what clients do.

    :param world: what is served.
    :param keep: how many runs it follows; as many again whose end nobody has seen, and all that are alive.
        Of the runs before it keeps only the findings, as many at the most.
    :raises MisuseError: when that is below 1.
    """

    def __init__(self, world: World, *, keep: int = 10_000) -> None:
        if keep < 1:
            msg = f"keep: expected 1 or more runs, got {keep!r}"
            raise MisuseError(msg)
        self._world = world
        self._keep = keep
        self._statuses = Statuses.of(world.lifecycle)
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything: a new session begins."""
        with self._lock:
            self._calls = self._runs_created = 0
            self._began: float | None = None
            self._first: int | None = None
            self._runs: OrderedDict[str, Conduct] = OrderedDict()
            self._chains = Chains(self._world, self._statuses, self._runs, self._keep, self._hot_below)
            self._past: deque[Finding] = deque(maxlen=self._keep)
            self._unheard: OrderedDict[tuple[str, str, str], str] = OrderedDict()
            self._deleted: OrderedDict[str, float] = OrderedDict()
            self._malformed: OrderedDict[tuple[str, str], tuple[Mapping[str, str], Trail]] = OrderedDict()

    # What it watches

    def answered(self, exchange: Exchange) -> None:
        """Take note of a call."""
        with self._lock:
            self._calls += 1
            if self._began is None:
                self._began, self._first = exchange.at, exchange.number
            if not exchange.took_effect:
                return
            if exchange.operation in OPERATIONS and (exchange.run_id or exchange.status == _OK):
                self._chains.answered(exchange)
            elif exchange.operation in _CREATIONS and (exchange.run_id or exchange.status == _OK):
                self._take_creation(exchange)
            elif exchange.status == _OK:
                self._take_answer(exchange)
            elif exchange.status == _BAD_REQUEST:
                self._take_refusal(exchange)
            if len(self._runs) > self._keep:
                self._conclude_oldest()

    def streamed(self, exchange: Exchange, event: str, data: Any) -> None:
        """Take note of an event that went out in a stream, or of an answer that comes late."""
        if exchange.operation in OPERATIONS:
            with self._lock:
                self._chains.streamed(exchange, event, data, self._world.clock.now())
            return
        run = _object(data)
        if run.get("object") != _RUN or not exchange.heard:
            return
        with self._lock:
            if self._first is None or exchange.number < self._first:
                return  # it began in a session that is over
            by = Exhibit.of(exchange, f"{event}: {run['status']}", at=self._world.clock.now())
            conduct = self._conduct(run["id"], run["thread_id"])
            if exchange.operation in _CREATIONS and conduct.created is None:
                self._begin(conduct, by)
            _show(conduct, run, by, exchange)

    def _take_creation(self, exchange: Exchange) -> None:
        run = _object(exchange.answer)
        run_id = exchange.run_id or run.get("id")
        thread_id = exchange.thread_id or run.get("thread_id")
        if run_id is None or thread_id is None:
            return  # the stream will say
        shown = exchange.heard and run.get("object") == _RUN
        by = Exhibit.of(exchange, run["status"] if shown else "created")
        same = exchange.method, exchange.path, exchange.digest
        before = self._runs.get(self._unheard.pop(same, ""))
        if before is not None and not before.known:
            before.replace(by)
        conduct = self._conduct(run_id, thread_id)
        self._begin(conduct, by)
        if shown:
            _show(conduct, run, by, exchange)
        elif not exchange.heard:
            self._unheard[same] = run_id
            if len(self._unheard) > self._keep:
                self._unheard.popitem(last=False)
        _watch(conduct, exchange)

    def _take_answer(self, exchange: Exchange) -> None:
        answer, run_id = _object(exchange.answer), exchange.ids.get("run_id")
        if exchange.operation == "list_runs":
            for run in map(_object, answer["data"]):
                # Of others' runs, which a list may show by the hundred, nothing has to be known.
                if exchange.heard and run["id"] in self._runs:
                    conduct = self._conduct(run["id"], run["thread_id"])
                    _show(conduct, run, Exhibit.of(exchange, run["status"]), exchange)
        elif exchange.operation == "delete_thread":
            self._deleted[exchange.ids["thread_id"]] = exchange.at
            if len(self._deleted) > self._keep:
                self._deleted.popitem(last=False)
        elif run_id is not None and exchange.operation in _ON_RUNS:
            shown = answer.get("object") == _RUN
            by = Exhibit.of(exchange, answer["status"] if shown else "accepted")
            conduct = self._conduct(run_id, exchange.ids["thread_id"])
            self._act(exchange, conduct, by)
            if shown and exchange.heard:
                _show(conduct, answer, by, exchange)
            _watch(conduct, exchange)

    def _take_refusal(self, exchange: Exchange) -> None:
        error = exchange.refusal
        if error is None:
            return
        by, run_id = Exhibit.of(exchange, error.message), exchange.ids.get("run_id")
        if self._chains.refused(exchange, error, by):
            return
        meaning, facts = _MEANINGS.get(error.words) if error.words is not None else None, error.facts
        if meaning == "locked":
            if exchange.heard:
                holder = facts["active_run_id"] if "active_run_id" in facts else facts["run_id"]
                self._conduct(str(holder), str(facts["thread_id"])).meet_lock(by)
        elif meaning in ("status", "mismatch") and run_id is not None:
            conduct = self._conduct(run_id, exchange.ids["thread_id"])
            self._act(exchange, conduct, by, mismatched=meaning == "mismatch")
            if exchange.heard and meaning == "status":
                conduct.tell(str(facts["status"]), by)
        elif meaning == "unreadable" or error.param or (error.code is not None and error.words != _NO_INPUT):
            self._take_malformed(exchange, error.param or error.message, by)

    def _take_malformed(self, exchange: Exchange, what: str, by: Exhibit) -> None:
        key = exchange.operation or exchange.method, printable(what)
        if key not in self._malformed and len(self._malformed) == self._keep:
            self._malformed.popitem(last=False)
        _, trail = self._malformed.setdefault(key, (dict(exchange.ids), Trail()))
        trail.add(by)

    def _act(self, exchange: Exchange, conduct: Conduct, by: Exhibit, *, mismatched: bool = False) -> None:
        """Take note of what a call does with a run, or wants to, before the client is shown the answer."""
        accepted = exchange.status == _OK
        if exchange.operation == "retrieve_run" and not exchange.heard:
            return  # a client that has to look again has not looked
        if exchange.operation == "retrieve_run":
            conduct.poll(by, exchange.monotonic_at, self._hot_below())
        elif exchange.operation == "cancel_run":
            conduct.cancel(by, accepted=accepted, heard=exchange.heard)
        elif exchange.operation == "submit_tool_outputs":
            outputs = map(_object, _object(exchange.body).get("tool_outputs") or ())
            calls = [str(output.get("tool_call_id")) for output in outputs]
            conduct.submit(calls, by, accepted=accepted, mismatched=mismatched)

    @property
    def _created(self) -> int:
        return self._runs_created + self._chains.created

    def _conduct(self, run_id: str, thread_id: str) -> Conduct:
        conduct = self._runs.get(run_id)
        if conduct is None:
            conduct = self._runs[run_id] = Conduct(run_id, thread_id, self._statuses)
        else:
            self._runs.move_to_end(run_id)
        return conduct

    def _begin(self, conduct: Conduct, by: Exhibit) -> None:
        self._runs_created += 1
        conduct.begin(by)

    def _hot_below(self) -> float | None:
        """Return how soon after another a read is too soon, in seconds of real time; None for never."""
        if not isinstance(self._world.clock, SystemClock) or self._world.progression == "poll":
            return None  # there, to read without a pause is how time passes
        asked = self._world.service_policy.poll_after_ms
        return HOT_GAP if asked is None else min(HOT_GAP, asked / 1000 / 2)

    def _conclude_oldest(self) -> None:
        """Keep only the findings of the run least lately heard of, unless its end is still to be seen."""
        run_id, oldest = self._runs.popitem(last=False)
        run = self._run(oldest)
        if run is not None and (not run.is_terminal or len(self._runs) < 2 * self._keep):
            self._runs[run_id] = oldest
        else:
            self._past.extend(oldest.findings(run))

    # What it finds

    def findings(self) -> list[Finding]:
        """Return what the clients did wrong so far, in the order in which it began."""
        with self._lock:
            found = [*self._past]
            for conduct in self._runs.values():
                found.extend(conduct.findings(self._run(conduct)))
            found.extend(_malformed(key[0], *seen) for key, seen in self._malformed.items())
        return sorted(found, key=lambda finding: (finding.evidence[0].number, finding.kind))

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as JSON data: ``clean``, ``calls``, ``runs`` (created), ``findings``.

        A chain of responses counts as one run.
        """
        findings = self.findings()
        return {
            "clean": not findings,
            "calls": self._calls,
            "runs": self._created,
            "findings": [finding.to_json() for finding in findings],
        }

    def to_text(self) -> str:
        """Return the verdict as text for a terminal; its times are seconds since the first call."""
        findings = self.findings()
        what = _count(len(findings), "finding") if findings else "no findings"
        parts = [f"verdict: {what} in {_count(self._calls, 'call')} and {_count(self._created, 'new run')}\n"]
        for number, finding in enumerate(findings, 1):
            parts.append(_paragraph(number, finding, self._began or 0.0))
        return "\n".join(parts)

    def _run(self, conduct: Conduct) -> Run | None:
        """Return a run as the World has it, if it bears on the verdict on how the client treats it."""
        if not conduct.open:
            return None
        try:
            if isinstance(conduct, ChainConduct):
                return self._chains.run(conduct)
            run = self._world.run(conduct.run_id)
        except ApiError:  # the World has forgotten it
            return None
        if not run.is_terminal:  # to delete its thread is to leave it on purpose: nobody can look at it there
            return run if self._world.knows(Kind.THREAD, conduct.thread_id) else None
        deleted = self._deleted.get(conduct.thread_id)
        return run if deleted is None or run.journal[-1].at <= deleted else None


def _show(conduct: Conduct, run: Mapping[str, Any], by: Exhibit, exchange: Exchange) -> None:
    if exchange.late:
        conduct.glimpse(run, by)
    else:
        conduct.show(run, by)


def _watch(conduct: Conduct, exchange: Exchange) -> None:
    if exchange.stream is not None and exchange.heard:
        conduct.watch(exchange.stream)


def _malformed(operation: str, ids: Mapping[str, str], trail: Trail) -> Finding:
    words = trail.exhibits[0].words.rstrip(".")
    return Finding(
        kind=FindingKind.MALFORMED_REQUEST,
        run_id=ids.get("run_id"),
        thread_id=ids.get("thread_id"),
        says=(
            f"{operation} was refused {times(trail.count)} for what was sent ({words}); "
            "send only what the specification of the API allows"
        ),
        evidence=tuple(trail.exhibits),
    )


def _paragraph(number: int, finding: Finding, began: float) -> str:
    lines = [
        f"{number}. {finding.kind.value}",
        fill(finding.says, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT),
    ]
    for exhibit in finding.evidence:
        when = f"{_INDENT}{f'#{exhibit.number}':<6}{exhibit.at - began:+9.2f} s  "
        lines.append(f"{when}{exhibit.method} {exhibit.path}")
        lines.append(f"{'':{len(when)}}{exhibit.status or 'no answer'}: {exhibit.words}")
    return "\n".join([*lines, ""])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}

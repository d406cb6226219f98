"""An observer inside a service: checks what the service sees of its runs, as it sees it."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any

from runlife_adapters.backend import RunView
from runlife_adapters.clock import SystemClock
from runlife_adapters.traces.check import Follower, Request
from runlife_adapters.traces.follow import Followed, Options, Verdict
from runlife_adapters.traces.objects import shown_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runlife import Clock
    from runlife.trace import Mode

__all__ = ["Observer"]

_log = logging.getLogger(__name__)


class Observer:
    """Checks runs, steps and responses as a service sees them, and says when one leaves its lifecycle.

    It never raises into the service unless it is asked to. What it keeps for a run does not grow, and it
    follows no more than ``most`` objects: of more it forgets those first that have ended. Give it

    * what the service reads: ``observer.saw(run)``, a :class:`~runlife_adapters.backend.RunView`, or the
      JSON of a run, a step, a response, or a page of them;
    * the calls it makes, in the mode ``exact``: ``observer.sent(...)`` and ``observer.answered(...)``;
    * or everything at once: ``Recorder(observer.hear, content=True)`` on the HTTP client.

    :param on_violation: is called with the verdict on a run that left its lifecycle, once for each; by
        default it is logged as an error.
    :param mode: how much of the runs' lives it is shown (:data:`~runlife.trace.Mode`).
    :param lag: seconds by which a sample may be late in the mode ``stale``.
    :param slack: seconds by which a time may be wrong.
    :param most: how many objects are followed at a time.
    :param strict: whether a violation is raised, after it was told.
    :param clock: what tells the time; by default the machine's.
    :raises MisuseError: when the mode is none, or a lag goes with another.
    """

    def __init__(
        self,
        on_violation: Callable[[Verdict], object] | None = None,
        *,
        mode: Mode = "shared",
        lag: float = 0.0,
        slack: float = 2.0,
        most: int = 10_000,
        strict: bool = False,
        clock: Clock | None = None,
    ) -> None:
        options = Options(mode, lag, slack)
        self._follower = Follower(options, keep=False, most=most)
        self._tell = on_violation or _logged
        self._strict = strict
        self._clock = clock or SystemClock()
        self._lock = Lock()
        self._requests = dict[int, Request]()
        self._most = most
        self._number = 0
        self._latest = float("-inf")

    def __len__(self) -> int:
        """Return how many runs, steps and responses it follows."""
        return len(self._follower)

    def saw(self, seen: RunView | Mapping[str, Any], *, since: float | None = None) -> None:
        """Check what an answer showed.

        :param since: when it was asked for, in unix seconds; by default it is taken to be just now.
        :raises TraceError: if it is strict, when no lawful history explains it.
        """
        body = seen.raw if isinstance(seen, RunView) else seen
        request = None if since is None else Request(0, "GET", None, None, since)
        with self._lock:
            at = self._now()
            wrong = [
                one for shown in shown_in(body) for one in self._follower.seen(request, shown, "saw", at)
            ]
        self._violated(wrong)

    def sent(self, run_id: str, call: str) -> int:
        """Take note that a call was sent, by its name in the API, and return its ticket."""
        with self._lock:
            return self._sent("POST", run_id, call)

    def answered(self, ticket: int, status: int, seen: RunView | Mapping[str, Any] | None = None) -> None:
        """Check the answer to a call: its HTTP status, and the run that it shows. One that is lost has none.

        :raises TraceError: if it is strict, when no lawful history explains it.
        """
        body = seen.raw if isinstance(seen, RunView) else seen
        with self._lock:
            request = self._requests.pop(ticket, None)
            wrong = request and self._follower.answered(request, self._now(), status, body)
        self._violated(wrong or [])

    def hear(self, happened: Mapping[str, Any]) -> None:
        """Check what a :class:`Recorder` tells.

        :raises TraceError: if it is strict, when no lawful history explains it. A recorder holds it back
            from the client.
        """
        with self._lock:
            wrong = self._heard(happened)
        self._violated(wrong)

    def _heard(self, happened: Mapping[str, Any]) -> list[Followed]:
        at = self._now(happened.get("at"))
        if "sent" in happened:
            said = happened["method"], happened["path"], at, happened.get("body")
            request = Request.of(-happened["sent"], *said)
            if request:
                self._remember(request)
                self._follower.sent(request)
        elif "answered" in happened:
            request = self._requests.get(-happened["answered"])
            if request and not happened.get("stream"):
                del self._requests[request.number]
            if request:
                return self._follower.answered(request, at, happened["status"], happened.get("body"))
        elif "event" in happened:
            request = self._requests.get(-happened["event"])
            if request:
                return self._follower.streamed(request, happened["name"], happened["data"], at)
        return []

    def _now(self, at: float | None = None) -> float:
        """Return the time. One that was set back stands still until it has caught up."""
        self._latest = max(self._latest, self._clock.now() if at is None else at)
        return self._latest

    def _sent(self, method: str, run_id: str, call: str) -> int:
        self._number += 1
        request = Request(self._number, method, run_id, call, self._now())
        self._remember(request)
        self._follower.sent(request)
        return self._number

    def _remember(self, request: Request) -> None:
        """Remember a request until its answer; of too many, those that were sent first got none."""
        if len(self._requests) >= self._most:
            del self._requests[next(iter(self._requests))]
        self._requests[request.number] = request

    def _violated(self, wrong: list[Followed]) -> None:
        for followed in wrong:
            try:
                self._tell(followed.verdict())
            except Exception:  # noqa: BLE001  # what is broken in the telling must not break the service
                _log.exception("the observer could not tell of a violation of %s", followed.id)
            if self._strict and followed.error:
                raise followed.error


def _logged(verdict: Verdict) -> None:
    _log.error("%s %s left its lifecycle: %s", verdict.kind, verdict.id, verdict.error)

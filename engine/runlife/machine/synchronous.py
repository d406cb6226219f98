"""The runs of a sync machine: their callbacks are plain functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from runlife.errors import RefusedError
from runlife.machine.course import BoundRun, Delivery
from runlife.rows import StatusT, Transition

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from enum import StrEnum

    from runlife.outcome import Outcome, Record

__all__ = ["SyncRun"]


class SyncRun(BoundRun[StatusT]):
    """The triggers of a run whose callbacks are plain functions."""

    __slots__ = ()

    def trigger(self, event: str, /, *, now: float, **payload: Any) -> Transition[StatusT]:
        """Trigger an event by its name: the same as :meth:`apply`."""
        return self.apply(event, now=now, **payload)

    def may_trigger(self, event: str, /, *, now: float | None = None, **payload: Any) -> bool:
        """Whether the event may be triggered: pure, and without callbacks.

        Without ``now``, deadlines are left aside; without the arguments that the event requires, its
        guard is.

        :raises UnknownEventError: when no row of the table has this event.
        """
        return self._may(event, now, payload)

    def apply(self, event: str, /, *, now: float, **payload: Any) -> Transition[StatusT]:
        """Apply an event with its callbacks: see :meth:`runlife.instance.Instance.apply`."""
        if self._is_loud(event, now):
            return self._deliver(self._delivery(event, now, payload))
        return super().apply(event, now=now, **payload)

    def attempt(self, event: str, /, *, now: float, **payload: Any) -> Outcome[StatusT]:
        """Apply an event with its callbacks, but return a refusal instead of raising it.

        What a callback raises is raised, also if it is the refusal of another event.
        """
        if not self._is_loud(event, now):
            return super().attempt(event, now=now, **payload)
        delivery = self._delivery(event, now, payload)
        try:
            return self._deliver(delivery)
        except RefusedError as error:
            if error is delivery.data.refused:
                return error.refusal
            raise

    # `handle_timeout` comes here, and so does every trigger that goes straight to the engine.
    def _catch_up(self, now: float) -> list[Record]:
        if not self._has_loud_timers():
            return super()._catch_up(now)
        version = self.version
        for delivery in self._overdue(now):
            self._deliver(cast("Delivery", delivery))
        return self._timer_records(version)

    def _deliver(self, delivery: Delivery) -> Transition[Any]:
        data, course = delivery
        callbacks = self.machine.callbacks
        try:
            for stage in course:
                if isinstance(stage, Delivery):
                    self._deliver(stage)
                elif stage:
                    callbacks(stage, data)
        except BaseException as error:
            data.error = error
            if self.machine.on_exception:
                callbacks(self.machine.on_exception, data)
            raise
        finally:
            course.close()
            if self.machine.finalize_event:
                callbacks(self.machine.finalize_event, data)
        return cast("Transition[Any]", data.row)

    @classmethod
    def make_trigger(cls, event: str, loud: AbstractSet[StrEnum]) -> Callable[..., Any]:
        """Return the trigger of an event; ``loud`` are the statuses in which callbacks apply to it."""

        # Whether a set is empty is all that a trigger without callbacks asks. (Another version of the
        # trigger for each case, set on the class, would save even that, but `start = run.start` would
        # keep an old one.)
        def trigger(self: SyncRun[Any], *, now: float, **payload: Any) -> Transition[Any]:
            if loud and self._is_loud(event, now):
                return self._deliver(self._delivery(event, now, payload))
            outcome = self._step(event, now, payload)
            if isinstance(outcome, Transition):
                return outcome
            raise outcome.error()

        return trigger

    @classmethod
    def make_may(cls, event: str) -> Callable[..., Any]:
        """Return what says whether the event may be triggered."""

        def may(self: SyncRun[Any], *, now: float | None = None, **payload: Any) -> bool:
            return self._may(event, now, payload)

        return may

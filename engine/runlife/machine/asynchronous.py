"""The async machine: transitions' ``AsyncMachine`` over a table, and the runs that it makes.

Everything that changes a run is awaited; what only looks is not, but for ``may_...``, which
``AsyncMachine`` has awaited. Callbacks may be plain functions or return awaitables. Nothing here knows
an event loop: the callbacks do.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar, cast, overload

from transitions.extensions.asyncio import AsyncMachine

from runlife.errors import RefusedError
from runlife.machine.course import BoundRun, Delivery
from runlife.machine.machine import ModelT, RunMachine
from runlife.rows import StatusT, Transition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet
    from enum import StrEnum
    from typing import Unpack

    from transitions import EventData

    from runlife.lifecycle import Lifecycle
    from runlife.machine.callbacks import Callback
    from runlife.machine.machine import Hooks
    from runlife.machine.triggers import AsyncMachineRun
    from runlife.outcome import Outcome, Record
    from runlife.table import RUN, RunStatus

__all__ = ["AsyncRun", "AsyncRunMachine"]


class AsyncRun(BoundRun[StatusT]):
    """The triggers of a run whose callbacks may be coroutine functions."""

    __slots__ = ()

    async def trigger(self, event: str, /, *, now: float, **payload: Any) -> Transition[StatusT]:
        """Trigger an event by its name: the same as :meth:`apply`."""
        return await self.apply(event, now=now, **payload)

    async def may_trigger(self, event: str, /, *, now: float | None = None, **payload: Any) -> bool:
        """Whether the event may be triggered: pure, and without callbacks.

        Without ``now``, deadlines are left aside; without the arguments that the event requires, its
        guard is.

        :raises UnknownEventError: when no row of the table has this event.
        """
        return self._may(event, now, payload)

    # Three methods of an instance are to be awaited here, as everything that triggers is in an
    # `AsyncMachine`. A sync door beside them would pass the callbacks by.

    async def apply(  # type: ignore[override]  # see above
        self, event: str, /, *, now: float, **payload: Any
    ) -> Transition[StatusT]:
        """Apply an event with its callbacks: see :meth:`runlife.instance.Instance.apply`."""
        if self._needs_course(event, now):
            return await self._deliver(self._delivery(event, now, payload))
        return super().apply(event, now=now, **payload)

    async def attempt(  # type: ignore[override]  # see above
        self, event: str, /, *, now: float, **payload: Any
    ) -> Outcome[StatusT]:
        """Apply an event with its callbacks, but return a refusal instead of raising it.

        What a callback raises is raised, also if it is the refusal of another event.
        """
        if not self._needs_course(event, now):
            return super().attempt(event, now=now, **payload)
        delivery = self._delivery(event, now, payload)
        try:
            return await self._deliver(delivery)
        except RefusedError as error:
            if error is delivery.data.refused:
                return error.refusal
            raise

    async def handle_timeout(self, now: float) -> tuple[Record, ...]:  # type: ignore[override]  # see above
        """Take the timer rows that are due at ``now``, with their callbacks, and return their records.

        Calling it again, early or late does no harm: see :meth:`runlife.instance.Instance.handle_timeout`.
        """
        version = self.version
        for delivery in self._overdue(now):
            await self._deliver(cast("Delivery", delivery))
        return tuple(self._timer_records(version))

    def _needs_course(self, event: str, now: float) -> bool:
        # The engine would take a timer row in passing; here that may need awaiting.
        try:
            return self._is_loud(event, now) or (now >= self._due and self._has_loud_timers())
        except TypeError:  # no time: the engine says so
            return False

    async def _deliver(self, delivery: Delivery) -> Transition[Any]:
        data, course = delivery
        machine = cast("AsyncRunMachine[Any]", self.machine)
        try:
            for stage in course:
                if isinstance(stage, Delivery):
                    await self._deliver(stage)
                elif stage:
                    await machine.callbacks(stage, data)
        except BaseException as error:  # a cancellation too
            data.error = error
            if machine.on_exception:
                await machine.callbacks(machine.on_exception, data)
            raise
        finally:
            course.close()
            if machine.finalize_event:
                await machine.callbacks(machine.finalize_event, data)
        return cast("Transition[Any]", data.row)

    @classmethod
    def make_trigger(cls, event: str, loud: AbstractSet[StrEnum]) -> Callable[..., Any]:
        """Return the trigger of an event; ``loud`` are the statuses in which callbacks apply to it."""
        del loud  # `apply` asks, for what a coroutine costs is more

        async def trigger(self: AsyncRun[Any], *, now: float, **payload: Any) -> Transition[Any]:
            return await self.apply(event, now=now, **payload)

        return trigger

    @classmethod
    def make_may(cls, event: str) -> Callable[..., Any]:
        """Return what says whether the event may be triggered."""

        async def may(self: AsyncRun[Any], *, now: float | None = None, **payload: Any) -> bool:
            return self._may(event, now, payload)

        return may


class AsyncRunMachine(RunMachine[ModelT], AsyncMachine):  # type: ignore[misc]  # a RunState is no AsyncState: nothing awaits a state here
    """A ``transitions`` ``AsyncMachine`` over a lifecycle: see :class:`~runlife.machine.RunMachine`.

    Its runs are awaited: ``await run.start(now=1)``, ``await run.handle_timeout(now)``.
    """

    run_base: ClassVar[type[BoundRun[Any]]] = AsyncRun
    joined = (AsyncMachine,)

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: AsyncRunMachine[AsyncMachineRun],
            lifecycle: Lifecycle[RunStatus] = RUN,
            *,
            name: str | None = None,
            send_event: bool = False,
            **hooks: Unpack[Hooks],
        ) -> None: ...
        @overload
        def __init__(
            self,
            lifecycle: Lifecycle[Any],
            *,
            model: type[ModelT],
            name: str | None = None,
            send_event: bool = False,
            **hooks: Unpack[Hooks],
        ) -> None: ...
        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    async def callbacks(self, funcs: Iterable[Callback], event_data: EventData) -> None:  # type: ignore[override]
        """Run callbacks one after the other, each awaited if it is to be."""
        for func in funcs:
            await self.callback(func, event_data)

    async def callback(self, func: Callback, event_data: EventData) -> None:  # type: ignore[override]
        """Run a callback with the arguments of the trigger, or with ``send_event`` the event's data."""
        call: Callable[..., Any] = self.resolve_callable(func, event_data)
        result = call(event_data) if self.send_event else call(*event_data.args, **event_data.kwargs)
        if isawaitable(result):
            await result

"""The lock of a World, as what its operations hold while they work."""

from __future__ import annotations

from threading import Lock, get_ident
from typing import TYPE_CHECKING

from runlife import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AtNow", "Held"]

# These are entered with every call: as generators they would cost a call of a fake a tenth of its time.


class Held:
    """Holds the lock. Whoever holds it already is a model that is asked just now: it would wait for ever.

    No reentrant lock: an operation within an operation would see, and change, what is half done.

    :raises MisuseError: on entry, in that case.
    """

    __slots__ = ("_lock", "_owner")

    def __init__(self) -> None:
        self._lock = Lock()
        self._owner: int | None = None

    def __enter__(self) -> None:
        me = get_ident()
        if self._owner == me:  # no other thread can write its own id here, so that no lock is needed to look
            msg = "a model must not call the World that asks it"
            raise MisuseError(msg)
        self._lock.acquire()
        self._owner = me

    def __exit__(self, *_exception: object) -> None:
        self._owner = None
        self._lock.release()


class AtNow:
    """Holds the lock and brings a World up to date; gives the time, in unix seconds.

    :param catch_up: lets everything happen that is due, and returns the time.
    """

    __slots__ = ("_catch_up", "_held")

    def __init__(self, held: Held, catch_up: Callable[[], float]) -> None:
        self._held = held
        self._catch_up = catch_up

    def __enter__(self) -> float:
        self._held.__enter__()
        try:
            return self._catch_up()
        except BaseException:
            self._held.__exit__()
            raise

    def __exit__(self, *_exception: object) -> None:
        self._held.__exit__()

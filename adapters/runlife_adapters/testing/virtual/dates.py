"""What stands for ``datetime`` in the user's own modules while time is virtual."""

from __future__ import annotations

import datetime as dt
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["stand_ins"]


class _LikeTheReal(type):
    """Makes ``isinstance`` and ``issubclass`` answer as for the real class."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, dt.datetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, dt.datetime)


def stand_ins(now: Callable[[], float]) -> tuple[type[dt.datetime], ModuleType]:
    """Return a class and a module that are the real ones but for the time they tell.

    All dates that the class makes are real ones: nothing of it outlives its time.
    """

    class datetime(dt.datetime, metaclass=_LikeTheReal):  # noqa: N801  # the name that it stands for
        def __new__(cls, *args: Any, **kwargs: Any) -> Self:
            return dt.datetime(*args, **kwargs)  # type: ignore[return-value]  # noqa: DTZ001  # as asked for

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Self:
            return cls.fromtimestamp(now(), tz)

        @classmethod
        def today(cls) -> Self:
            return cls.fromtimestamp(now())

        @classmethod
        def utcnow(cls) -> Self:
            return cls.fromtimestamp(now(), dt.UTC).replace(tzinfo=None)

        @classmethod
        def __get_pydantic_core_schema__(cls, _source: object, handler: Callable[[object], object]) -> object:
            # Models whose annotations are resolved only now would find a type that pydantic does not know.
            return handler(dt.datetime)

    module = ModuleType(dt.__name__, dt.__doc__)
    vars(module).update({**vars(dt), "datetime": datetime})
    return datetime, module

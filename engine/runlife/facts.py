"""Facts: the attributes of an instance, which everybody reads and only its table writes."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload
from weakref import WeakKeyDictionary

from attrs import define, field, fields

from runlife.errors import MisuseError
from runlife.plan import slot

if TYPE_CHECKING:
    from runlife.instance import Instance

__all__ = ["Fact", "entity", "facts_of", "slots_of"]

T = TypeVar("T")
Kind = TypeVar("Kind", bound="type[Instance[Any]]")

if TYPE_CHECKING:

    class Fact(Generic[T]):
        """A fact of an instance: everybody reads it, only the effects of its table write it."""

        @overload
        def __get__(self, instance: None, owner: type) -> Fact[T]: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object, owner: type) -> T | Fact[T]: ...

else:
    # At run time a fact is a property over a private slot: reading stays in C, writing is refused,
    # and the compiled rows (see `runlife.plan`) write the slot directly.
    class Fact(property):
        """A fact of an instance: everybody reads it, only the effects of its table write it."""

        def __class_getitem__(cls, _kind: object) -> type:
            return cls

        def __set_name__(self, _owner: type, name: str) -> None:
            super().__init__(attrgetter(slot(name)))


def entity(cls: Kind) -> Kind:
    """Turn a class of :class:`Fact` attributes into a slotted attrs class that keeps them.

    The class compares by identity, and only :meth:`~runlife.instance.Instance.create` makes one.

    :raises MisuseError: when the table's effects write a fact that the class does not declare, or a
        fact has the name of something that every instance has.
    """
    declared = [name for name, value in vars(cls).items() if _is_fact(value)]
    inherited = {name: value for base in cls.__mro__[1:] for name, value in vars(base).items()}
    hiding = [name for name in declared if name in inherited and not _is_fact(inherited[name])]
    if hiding:
        msg = f"{cls.__name__} declares facts under names that every instance has: {', '.join(hiding)}"
        raise MisuseError(msg)
    missing = [name for name in cls.table.facts if name not in declared]
    if missing:
        msg = f"{cls.__name__} lacks facts that its table writes; declare {', '.join(missing)} = Fact[...]()"
        raise MisuseError(msg)
    these = {slot(name): field(default=None) for name in declared}
    return define(cls, these=these, eq=False, init=False, repr=False)


def _is_fact(value: object) -> bool:
    return isinstance(value, Fact)


# Weak, because classes are made at run time too (one for each RunMachine) and must be able to go.
_names: WeakKeyDictionary[type, tuple[tuple[str, ...], tuple[str, ...]]] = WeakKeyDictionary()


def _slots_and_facts(cls: type) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if cls not in _names:
        slots = tuple(attribute.name for attribute in fields(cls))
        attributes = (item for kind in reversed(cls.__mro__) for item in vars(kind).items())
        _names[cls] = slots, tuple(name for name, value in attributes if _is_fact(value))
    return _names[cls]


def slots_of(cls: type) -> tuple[str, ...]:
    """Return every slot of an entity class, private names included."""
    return _slots_and_facts(cls)[0]


def facts_of(cls: type) -> tuple[str, ...]:
    """Return the names of the facts of an entity class, in the order of declaration."""
    return _slots_and_facts(cls)[1]

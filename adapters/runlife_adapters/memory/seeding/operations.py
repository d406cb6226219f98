"""The operations that put things into a World as they are, and take everything out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runlife import MisuseError
from runlife_adapters.memory.checks import check_kind
from runlife_adapters.memory.core import Core
from runlife_adapters.memory.seeding.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runlife_adapters.memory.resources import Resource

__all__ = ["Seeding"]


class Seeding(Core):
    """Putting things into a World as they are, and taking everything out."""

    def seed(self, objects: Sequence[Mapping[str, Any]]) -> tuple[Resource, ...]:
        """Put wire objects into the World, all or none, and return them as they are then, in this order.

        :raises MisuseError: naming the object and the field, when one cannot be; nothing has changed then.
        """
        check_kind("objects", objects, list, tuple)
        with self._at_now() as now:
            draft = Draft(self._store, self.lifecycle, now=now, run_ttl=self.run_ttl)
            draft.read(objects)
            draft.commit(self.rules, self._context_limit)
            problem: MisuseError | None = None
            for record in draft.runs:
                if record.run.is_active:
                    try:
                        self._server.enter(record, now)
                    except MisuseError as error:  # of the World's model; the other runs go on
                        problem = problem or error
            if problem is not None:
                raise problem
            return draft.views()

    def reset(self) -> None:
        """Take everything out of the World: it is as it was made, but for its clock, which does not go back.

        Scripts and streams end. Rules stay, and so do listeners. Ids begin again.
        """
        with self._held():
            for record in self._store.runs.values():
                if record.witness is not None:
                    record.witness.abandon()
                for stream in record.streams:
                    stream.end()
            listeners = self._server.listeners
            self._store, self._server = self._anew()
            self._server.listeners.extend(listeners)
            self._scripts.clear()

"""The operations on assistants."""

from __future__ import annotations

from typing import Unpack

from attrs import evolve

from runlife_adapters.memory.checks import check_kind
from runlife_adapters.memory.core import Core
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.inputs import (
    AssistantFields,
    assistant_defaults,
    assistant_values,
)
from runlife_adapters.memory.lists import ListOptions, cut
from runlife_adapters.memory.resources import (
    AssistantObject,
    DeletedObject,
    Json,
    Page,
    whole,
)

__all__ = ["Assistants"]


class Assistants(Core):
    """The operations on assistants."""

    def create_assistant(self, **wanted: Unpack[AssistantFields]) -> AssistantObject:
        """Create an assistant; its ``model`` must be given."""
        values = {**assistant_defaults(), **assistant_values(wanted)}
        check_kind("the model of an assistant", values.get("model"), str)
        with self._at_now() as now:
            self._provide(values, now)
            assistant_id = self._store.ids.new(Kind.ASSISTANT)
            assistant = AssistantObject(id=assistant_id, created_at=whole(now), **values)
            self._store.assistants[assistant_id] = assistant
            self._bound()
            return assistant

    def retrieve_assistant(self, assistant_id: str) -> AssistantObject:
        """Return an assistant."""
        with self._at_now():
            return self._store.assistant(assistant_id)

    def modify_assistant(self, assistant_id: str, **wanted: Unpack[AssistantFields]) -> AssistantObject:
        """Change what is said of an assistant. Runs that exist keep what they were created with."""
        values = assistant_values(wanted)
        with self._at_now() as now:
            assistant = self._store.assistant(assistant_id)
            self._provide(values, now)
            self._store.assistants[assistant_id] = assistant = evolve(assistant, **values)
            return assistant

    def _provide(self, values: Json, now: float) -> None:
        """See that there is what the tool resources name, and make what they describe."""
        if "tool_resources" in values:
            self._store.check_resources(values["tool_resources"], now)
            values["tool_resources"] = self._store.provide(values["tool_resources"], now)

    def delete_assistant(self, assistant_id: str) -> DeletedObject:
        """Delete an assistant."""
        with self._at_now():
            assistant = self._store.assistant(assistant_id)
            del self._store.assistants[assistant_id]
            return DeletedObject(assistant_id, assistant.object)

    def list_assistants(self, **options: Unpack[ListOptions]) -> Page[AssistantObject]:
        """Return a page of the assistants."""
        with self._at_now():
            found, has_more = cut(Kind.ASSISTANT, self._store.assistants, options)
            return Page(tuple(found), has_more)

"""The operations on threads and their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from attrs import evolve

from runlife_adapters.memory.errors import THREAD_IN_USE, THREAD_LOCKED
from runlife_adapters.memory.filing.store import HELPER_EXPIRY
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.inputs import check_message, check_thread
from runlife_adapters.memory.lists import ListOptions, cut
from runlife_adapters.memory.resources import (
    DeletedObject,
    MessageObject,
    Page,
    ThreadObject,
    shown_resources,
    to_wire,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runlife_adapters.memory.inputs import (
        NewMessage,
        NewThread,
    )
    from runlife_adapters.memory.records import ThreadRecord

from runlife_adapters.memory.core import Core

__all__ = ["Threads"]


class Threads(Core):
    """The operations on threads and their messages."""

    def create_thread(self, **wanted: Unpack[NewThread]) -> ThreadObject:
        """Create a thread, with messages if they are given."""
        check_thread(wanted)
        with self._at_now() as now:
            thread = self._store.new_thread(wanted, now)
            self._store.keep_thread(thread, now)
            self._bound()
            return thread.view()

    def retrieve_thread(self, thread_id: str) -> ThreadObject:
        """Return a thread. Here, and only here, its code interpreter shows up by itself (recorded)."""
        with self._at_now():
            thread = self._store.thread(thread_id).view()
            return evolve(thread, tool_resources=thread.tool_resources or shown_resources())

    def modify_thread(
        self,
        thread_id: str,
        *,
        metadata: Mapping[str, str] | None = None,
        tool_resources: Mapping[str, Any] | None = None,
    ) -> ThreadObject:
        """Change the metadata or the tool resources of a thread; None leaves them as they are."""
        with self._at_now() as now:
            thread = self._store.thread(thread_id)
            if tool_resources is not None:
                self._store.check_resources(tool_resources, now)
                thread.tool_resources = self._store.provide(tool_resources, now, HELPER_EXPIRY)
            if metadata is not None:
                thread.metadata = to_wire(metadata)
            return thread.view()

    def delete_thread(self, thread_id: str) -> DeletedObject:
        """Delete a thread with all it holds. A run that is active goes on unseen."""
        with self._at_now():
            thread = self._store.thread(thread_id)
            self._may_delete(thread)
            del self._store.threads[thread_id]
            return DeletedObject(thread_id, thread.view().object)

    def _may_delete(self, thread: ThreadRecord) -> None:
        if self.service_policy.delete_while_active == "refuse" and thread.active_run_id is not None:
            raise THREAD_IN_USE.error(thread_id=thread.id, run_id=thread.active_run_id)

    # Messages

    def create_message(self, thread_id: str, **wanted: Unpack[NewMessage]) -> MessageObject:
        """Add a message to a thread that no run locks."""
        check_message(wanted)
        with self._at_now() as now:
            thread = self._store.thread(thread_id)
            if thread.active_run_id is not None:
                raise THREAD_LOCKED.error(thread_id=thread_id, run_id=thread.active_run_id)
            message = self._store.new_message(thread, wanted, now)
            self._store.keep_messages(thread, (message,), now)
            return message.view()

    def retrieve_message(self, thread_id: str, message_id: str) -> MessageObject:
        """Return a message."""
        with self._at_now():
            return self._store.message(thread_id, message_id).view()

    def modify_message(
        self, thread_id: str, message_id: str, *, metadata: Mapping[str, str] | None = None
    ) -> MessageObject:
        """Change the metadata of a message; None leaves it as it is."""
        with self._at_now():
            message = self._store.message(thread_id, message_id)
            if metadata is not None:
                message.metadata = to_wire(metadata)
            return evolve(message.view(), attachments=None)

    def delete_message(self, thread_id: str, message_id: str) -> DeletedObject:
        """Delete a message."""
        with self._at_now():
            message = self._store.message(thread_id, message_id)
            self._may_delete(self._store.thread(thread_id))
            del self._store.threads[thread_id].messages[message_id]
            return DeletedObject(message_id, message.view().object)

    def list_messages(
        self, thread_id: str, *, run_id: str | None = None, **options: Unpack[ListOptions]
    ) -> Page[MessageObject]:
        """Return a page of the messages of a thread, of all or of those that one run wrote."""
        with self._at_now():
            messages = self._store.thread(thread_id).messages
            found, has_more = cut(
                Kind.MESSAGE, messages, options, wanted=lambda m: run_id in (None, m.message.run_id)
            )
            return Page(tuple(message.view() for message in found), has_more)

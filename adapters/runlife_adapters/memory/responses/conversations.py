"""The operations on conversations and their items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from runlife_adapters.memory.core import Core
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.resources import DeletedObject, to_wire
from runlife_adapters.memory.responses.errors import CONVERSATION_LOCKED, ITEM_NOT_FOUND, ITEM_TAKEN
from runlife_adapters.memory.responses.items import check_calls, normalised, shown
from runlife_adapters.memory.responses.pages import item_page
from runlife_adapters.memory.responses.records import ConversationRecord
from runlife_adapters.memory.responses.resources import ConversationObject, ItemObject, ItemPage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runlife_adapters.memory.lists import ListOptions
    from runlife_adapters.memory.resources import Json

__all__ = ["Conversations"]


class Conversations(Core):
    """The operations on conversations and their items."""

    def create_conversation(
        self,
        *,
        items: Sequence[Mapping[str, Any]] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> ConversationObject:
        """Create a conversation, with items if they are given."""
        with self._at_now() as now:
            id = self._store.ids.new(Kind.CONVERSATION)
            record = ConversationRecord(id, now, to_wire(metadata or {}))
            record.keep(*self._new_items(record, items or ()))
            self._store.book.keep_conversation(record)
            self._bound()
            return record.view()

    def retrieve_conversation(self, conversation_id: str) -> ConversationObject:
        """Return a conversation."""
        with self._at_now():
            return self._store.book.conversation(conversation_id).view()

    def modify_conversation(
        self, conversation_id: str, *, metadata: Mapping[str, str] | None = None
    ) -> ConversationObject:
        """Change the metadata of a conversation; None leaves it as it is."""
        with self._at_now():
            record = self._store.book.conversation(conversation_id)
            if metadata is not None:
                record.metadata = to_wire(metadata)
            return record.view()

    def delete_conversation(self, conversation_id: str) -> DeletedObject:
        """Delete a conversation. What is said in it stays with its responses; one at work goes on."""
        with self._at_now():
            record = self._store.book.conversation(conversation_id)
            del self._store.book.conversations[conversation_id]
            return DeletedObject(conversation_id, record.view().object)

    # Items

    def create_conversation_items(
        self, conversation_id: str, *, items: Sequence[Mapping[str, Any]], include: Sequence[str] = ()
    ) -> ItemPage:
        """Add items at the end of a conversation that no response locks, and return them in their order."""
        with self._at_now():
            record = self._unlocked(conversation_id)
            new = self._new_items(record, items)
            record.keep(*new)
            return ItemPage(tuple(shown(item, include) for item in new), has_more=False)

    def list_conversation_items(
        self, conversation_id: str, *, include: Sequence[str] = (), **options: Unpack[ListOptions]
    ) -> ItemPage:
        """Return a page of the items of a conversation."""
        with self._at_now():
            return item_page(self._store.book.conversation(conversation_id).items, options, include)

    def retrieve_conversation_item(
        self, conversation_id: str, item_id: str, *, include: Sequence[str] = ()
    ) -> ItemObject:
        """Return an item of a conversation."""
        with self._at_now():
            record = self._store.book.conversation(conversation_id)
            return ItemObject(shown(_item(record, item_id), include))

    def delete_conversation_item(self, conversation_id: str, item_id: str) -> ConversationObject:
        """Delete an item of a conversation that no response locks, and return the conversation."""
        with self._at_now():
            record = self._unlocked(conversation_id)
            _item(record, item_id)
            del record.items[item_id]
            return record.view()

    def _unlocked(self, conversation_id: str) -> ConversationRecord:
        """Return a conversation that may be changed: not while a response is at work in it (inferred)."""
        record = self._store.book.conversation(conversation_id)
        if record.active is not None:
            raise CONVERSATION_LOCKED.error(active_response_id=record.active.response.id)
        return record

    def _new_items(self, record: ConversationRecord, items: Sequence[Mapping[str, Any]]) -> tuple[Json, ...]:
        owner = f"{record.id}/{len(record.items)}/{next(self._store.created_items)}"
        new = normalised(items, owner, self._store.book.item)
        check_calls((*record.items.values(), *new))
        for item in new:
            if item["id"] in record.items:
                raise ITEM_TAKEN.error(id=item["id"])
        return new


def _item(record: ConversationRecord, item_id: str) -> Json:
    if item_id not in record.items:
        raise ITEM_NOT_FOUND.error(id=item_id, param="item_id")
    return record.items[item_id]

"""The fake: an in-memory Assistants API, and Responses beside it, that executes the engine's own tables.

>>> from runlife import VirtualClock
>>> from runlife_adapters.memory import After, Schedule, World
>>> world = World(VirtualClock(), schedule=Schedule(in_progress=[After(5, "failed")]))
>>> assistant = world.create_assistant(model="gpt-4o")
>>> thread = world.create_thread(messages=[{"role": "user", "content": "Hello"}])
>>> run = world.create_run(thread.id, assistant_id=assistant.id)
>>> world.advance(6)
6.0
>>> [record.target.value for record in world.journal(run.id)]
['queued', 'in_progress', 'failed']

A chain of responses is one run of the same World, which its clients do not see:

>>> response = world.create_response(model="gpt-4o", input="Hello", background=True)
>>> world.advance(6)
12.0
>>> world.retrieve_response(response.id).error["code"]
'server_error'
>>> world.journal(world.chain(response.id))[-1].event
'fail'
"""

from runlife_adapters.memory.backend import AsyncMemoryBackend, MemoryBackend
from runlife_adapters.memory.builtin import CodeInterpreter, FileSearch, Found
from runlife_adapters.memory.echo import Echo
from runlife_adapters.memory.errors import ApiError
from runlife_adapters.memory.events import Happened, RunEvents, StreamEvent
from runlife_adapters.memory.filing.resources import (
    DeletedFile,
    FileContentPage,
    FileObject,
    SearchResult,
    SearchResultsPage,
    TextContent,
    Upload,
    VectorStoreFileBatchObject,
    VectorStoreFileObject,
    VectorStoreObject,
)
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.inputs import (
    AssistantFields,
    CreateRunOptions,
    CreateThreadAndRunOptions,
    NewMessage,
    NewThread,
    RunOptions,
)
from runlife_adapters.memory.lists import ListOptions
from runlife_adapters.memory.model import Call, Context, Model, Said, ToolRound, Turn
from runlife_adapters.memory.net import Net
from runlife_adapters.memory.resources import (
    AssistantObject,
    DeletedObject,
    MessageObject,
    Page,
    Resource,
    RunObject,
    RunStepObject,
    ThreadObject,
)
from runlife_adapters.memory.responses.events import LateResponse, ResponseEvents
from runlife_adapters.memory.responses.inputs import CreateResponseOptions
from runlife_adapters.memory.responses.resources import (
    ConversationObject,
    DeletedResponse,
    InputTokens,
    ItemObject,
    ItemPage,
    ResponseObject,
)
from runlife_adapters.memory.rules import Rule, Rules, RunSeen, When
from runlife_adapters.memory.schedule import NEVER, USUAL_DELAY, After, Schedule
from runlife_adapters.memory.server import Progression
from runlife_adapters.memory.service_policy import ServicePolicy
from runlife_adapters.memory.world import World

__all__ = [
    "NEVER",
    "USUAL_DELAY",
    "After",
    "ApiError",
    "AssistantFields",
    "AssistantObject",
    "AsyncMemoryBackend",
    "Call",
    "CodeInterpreter",
    "Context",
    "ConversationObject",
    "CreateResponseOptions",
    "CreateRunOptions",
    "CreateThreadAndRunOptions",
    "DeletedFile",
    "DeletedObject",
    "DeletedResponse",
    "Echo",
    "FileContentPage",
    "FileObject",
    "FileSearch",
    "Found",
    "Happened",
    "InputTokens",
    "ItemObject",
    "ItemPage",
    "Kind",
    "LateResponse",
    "ListOptions",
    "MemoryBackend",
    "MessageObject",
    "Model",
    "Net",
    "NewMessage",
    "NewThread",
    "Page",
    "Progression",
    "Resource",
    "ResponseEvents",
    "ResponseObject",
    "Rule",
    "Rules",
    "RunEvents",
    "RunObject",
    "RunOptions",
    "RunSeen",
    "RunStepObject",
    "Said",
    "Schedule",
    "SearchResult",
    "SearchResultsPage",
    "ServicePolicy",
    "StreamEvent",
    "TextContent",
    "ThreadObject",
    "ToolRound",
    "Turn",
    "Upload",
    "VectorStoreFileBatchObject",
    "VectorStoreFileObject",
    "VectorStoreObject",
    "When",
    "World",
]

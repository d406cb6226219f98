"""Runs on the Responses API, which is what OpenAI serves since the Assistants are gone.

    backend = ResponsesBackend(openai.OpenAI())
    assistant = backend.create_assistant(model="gpt-5", instructions="Be brief.", tools=[...])
    thread = backend.create_thread(messages=[{"role": "user", "content": "Hello"}])
    outcome = drive(backend, thread, assistant, tools=[weather])

What a run is over a chain of responses stands in :mod:`runlife.responses`. Here are the calls: as single
ones and polls, as streams, and with webhooks. See :class:`Options` for what a backend may be told.
"""

from runlife_adapters.openai.responses.backend import ResponsesBackend
from runlife_adapters.openai.responses.backend_async import AsyncResponsesBackend
from runlife_adapters.openai.responses.desk import Mode, Options
from runlife_adapters.openai.responses.following import TextDelta
from runlife_adapters.openai.responses.steps import Step
from runlife_adapters.openai.responses.store import FileStore, MemoryStore, Store

__all__ = [
    "AsyncResponsesBackend",
    "FileStore",
    "MemoryStore",
    "Mode",
    "Options",
    "ResponsesBackend",
    "Step",
    "Store",
    "TextDelta",
]

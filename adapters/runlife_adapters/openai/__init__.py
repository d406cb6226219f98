"""The real API through the official SDK, whatever its version and wherever it points.

    backend = ResponsesBackend(openai.OpenAI())        # OpenAI itself: runs on the Responses API
    backend = OpenAIBackend(openai.AzureOpenAI(...))   # who still serves Assistants
    outcome = drive(backend, thread_id, assistant_id, tools=[weather])

It needs the extra ``runlife[openai]``.
"""

from runlife_adapters.openai.assistants import AsyncOpenAIBackend, OpenAIBackend
from runlife_adapters.openai.responses import AsyncResponsesBackend, ResponsesBackend

__all__ = ["AsyncOpenAIBackend", "AsyncResponsesBackend", "OpenAIBackend", "ResponsesBackend"]

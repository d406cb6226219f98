"""The real API through the official SDK, whatever its version and wherever it points.

    backend = OpenAIBackend(openai.OpenAI())           # or AzureOpenAI, or any base_url
    outcome = drive(backend, thread_id, assistant_id, tools=[weather])

It needs the extra ``runlife[openai]``.
"""

from runlife_adapters.openai.assistants import AsyncOpenAIBackend, OpenAIBackend

__all__ = ["AsyncOpenAIBackend", "OpenAIBackend"]

"""Runs on the Responses API as a synchronous backend."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from runlife_adapters.openai.responses.calls import FAILURES, Calls
from runlife_adapters.openai.responses.desk import Options
from runlife_adapters.openai.responses.following import Following, Listener
from runlife_adapters.openai.responses.webhooks import event_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import openai

    from runlife import ToolOutput
    from runlife_adapters.backend import RunView
    from runlife_adapters.openai.responses.desk import OptionKeywords
    from runlife_adapters.openai.responses.following import TextDelta
    from runlife_adapters.openai.responses.requests import Json, Steps
    from runlife_adapters.openai.responses.steps import Step

__all__ = ["ResponsesBackend"]

ResultT = TypeVar("ResultT")


class ResponsesBackend:
    """A :class:`~runlife_adapters.backend.Backend` over a synchronous client. It may be shared by threads.

    It is made like :class:`~runlife_adapters.openai.OpenAIBackend`; assistants and threads, which OpenAI
    serves no more, are small records of its own.

    :param client: ``OpenAI``, ``AzureOpenAI``, or a client of theirs with another base URL.
    :param timeout: how long one call may take, and how long a stream may be silent, in seconds; None for the
        client's own, if it has one that is not the SDK's usual, and else 30 seconds.
    :param options: the fields of :class:`Options`, by name: ``store``, ``mode``, ``clock``, ...
    """

    def __init__(
        self, client: openai.OpenAI, *, timeout: float | None = None, **options: Unpack[OptionKeywords]
    ) -> None:
        self._client = client
        self._calls = Calls(client, timeout)
        self._runs = Following(Options(**options))
        self._lock = Lock()  # held while something is decided, never while a call is on its way

    # The protocol

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        """Start a run; ``overrides`` are the further fields that the Assistants surface knows."""
        return self._do(self._runs.create_run(thread_id, assistant_id, **overrides))

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        """Look at a run. In the foreground there is nothing to ask: wait for what its stream tells next."""
        return self._do(self._runs.retrieve_run(thread_id, run_id))

    def list_runs(self, thread_id: str) -> Sequence[RunView]:
        """Return the latest runs of a thread, a hundred at most, newest first."""
        return self._do(self._runs.list_runs(thread_id))

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        """Answer exactly the calls that the run waits for."""
        return self._do(self._runs.submit_tool_outputs(thread_id, run_id, outputs))

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        """Ask for the end of a run."""
        return self._do(self._runs.cancel_run(thread_id, run_id))

    def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        """Return the texts that a run wrote, oldest first, as far as was seen."""
        with self._lock:
            return self._runs.list_messages(thread_id, run_id=run_id)

    # Assistants, threads, messages

    def create_assistant(self, *, model: str, **fields: Any) -> str:
        """Keep an assistant (``instructions``, ``tools``, ``tool_resources``, ...), and return its id.

        :raises RejectedError: when a field is unknown. Nothing is sent.
        """
        with self._lock:
            return self._runs.create_assistant(model=model, **fields)

    def delete_assistant(self, assistant_id: str) -> None:
        """Forget an assistant."""
        with self._lock:
            self._runs.delete_assistant(assistant_id)

    def create_thread(
        self,
        *,
        messages: Sequence[Json] = (),
        metadata: Mapping[str, str] | None = None,
        conversation: bool | str | None = None,
    ) -> str:
        """Keep a thread, and return its id.

        :param conversation: True to make it a conversation, which others can see and add to; the id of one
            to take that; by default its responses go on from one another.
        """
        steps = self._runs.create_thread(messages=messages, metadata=metadata, conversation=conversation)
        return self._do(steps)

    def delete_thread(self, thread_id: str) -> None:
        """Forget a thread and its runs, and delete the conversation that was made for it.

        A run that is active is cancelled before, so that it costs nothing more.
        """
        self._do(self._runs.delete_thread(thread_id))

    def create_message(self, thread_id: str, *, content: Any, role: str = "user", **others: Any) -> None:
        """Add a message to a thread.

        :raises RejectedError: while a run is active, or when a field cannot be said to a response.
        """
        self._do(self._runs.create_message(thread_id, role=role, content=content, **others))

    # Watching

    def list_steps(self, thread_id: str, run_id: str) -> Sequence[Step]:
        """Return the steps of a run, oldest first, as far as was seen."""
        with self._lock:
            return self._runs.list_steps(thread_id, run_id)

    def events(self, thread_id: str, run_id: str) -> Iterator[RunView | TextDelta]:
        """Yield what a run tells until it rests: how it stands, when that changes, and its text as it comes.

        A connection that breaks is taken up again. Begun anew, it goes on where the reading was: each piece
        of text is told once, to whoever asks for it first.

        :raises UnavailableError: when the stream cannot be read.
        :raises MisuseError: when the run has none: see ``mode``.
        """
        listener = Listener(thread_id, run_id)
        try:
            while (told := self._do(self._runs.follow(listener))) is not None:
                yield told
        finally:
            with self._lock:
                self._runs.leave(listener)

    def receive_webhook(
        self, body: bytes | str, headers: Mapping[str, str], *, secret: str | None = None
    ) -> RunView | None:
        """Take in a webhook of the service, and return the run that it is about, if that is one of ours.

        What it says is not believed but looked at, so one that comes twice does no harm. Kinds of events
        that are not about responses are None as well.

        :param body: the body of the request, as it came.
        :param secret: that of the endpoint; by default the client's ``webhook_secret``.
        :raises openai.InvalidWebhookSignatureError: when the signature is missing or wrong, or old.
        :raises MisuseError: when there is no secret.
        """
        event = event_in(self._client, body, headers, secret)
        return self._do(self._runs.notified(event))

    def _do(self, steps: Steps[ResultT]) -> ResultT:
        answer: Any = None
        error: Exception | None = None
        try:
            while True:
                with self._lock:
                    request = steps.send(answer) if error is None else steps.throw(error)
                answer = error = None
                try:
                    answer = self._calls.perform(request)
                except FAILURES as failure:
                    error = failure
        except StopIteration as stop:
            result: ResultT = stop.value
            return result
        finally:
            with self._lock:
                steps.close()

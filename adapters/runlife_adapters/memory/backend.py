"""The fake as a backend: what the driver and the conformance suite call, without a network between."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from runlife_adapters.backend import RunView, error_from_status, reply_texts
from runlife_adapters.memory.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from runlife import ToolOutput
    from runlife_adapters.memory.world import World

__all__ = ["AsyncMemoryBackend", "MemoryBackend"]


class MemoryBackend:
    """A :class:`~runlife_adapters.backend.Backend` over a World."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        """Start a run; ``overrides`` are further fields of the request."""
        with _refusals():
            run = self._world.create_run(thread_id, assistant_id=assistant_id, **overrides)
        return RunView.from_json(run.to_json())

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        """Look at a run."""
        with _refusals():
            return RunView.from_json(self._world.retrieve_run(thread_id, run_id).to_json())

    def list_runs(self, thread_id: str) -> Sequence[RunView]:
        """Return the latest runs of a thread, a hundred at most, newest first."""
        with _refusals():
            page = self._world.list_runs(thread_id, order="desc", limit=100)
        return tuple(RunView.from_json(run.to_json()) for run in page.data)

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        """Answer exactly the calls that the run waits for."""
        said = [output.to_json() for output in outputs]
        with _refusals():
            run = self._world.submit_tool_outputs(thread_id, run_id, tool_outputs=said)
        return RunView.from_json(run.to_json())

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        """Ask for the end of a run."""
        with _refusals():
            return RunView.from_json(self._world.cancel_run(thread_id, run_id).to_json())

    def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        """Return the texts that a run wrote, oldest first, of its first hundred messages."""
        with _refusals():
            page = self._world.list_messages(thread_id, run_id=run_id, order="asc", limit=100)
        return reply_texts((message.to_json() for message in page.data), run_id)


class AsyncMemoryBackend:
    """:class:`MemoryBackend`, awaited. Its calls never wait."""

    def __init__(self, world: World) -> None:
        self._backend = MemoryBackend(world)

    async def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        """Start a run; ``overrides`` are further fields of the request."""
        return self._backend.create_run(thread_id, assistant_id, **overrides)

    async def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        """Look at a run."""
        return self._backend.retrieve_run(thread_id, run_id)

    async def list_runs(self, thread_id: str) -> Sequence[RunView]:
        """Return the latest runs of a thread, a hundred at most, newest first."""
        return self._backend.list_runs(thread_id)

    async def submit_tool_outputs(
        self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]
    ) -> RunView:
        """Answer exactly the calls that the run waits for."""
        return self._backend.submit_tool_outputs(thread_id, run_id, outputs)

    async def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        """Ask for the end of a run."""
        return self._backend.cancel_run(thread_id, run_id)

    async def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        """Return the texts that a run wrote, oldest first, of its first hundred messages."""
        return self._backend.list_messages(thread_id, run_id=run_id)


@contextmanager
def _refusals() -> Generator[None]:
    """Give the World's refusals as the backend's errors."""
    try:
        yield
    except ApiError as error:
        raise error_from_status(error.status, error.message, code=error.code) from error

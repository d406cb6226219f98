"""An async backend as a sync one, so that one suite serves both."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runlife import ToolOutput
    from runlife_adapters.backend import AsyncBackend, RunView

__all__ = ["Blocking"]


class Blocking:
    """A :class:`~runlife_adapters.backend.Backend` over an async one, with an event loop of its own.

    Use it in a ``with`` block, outside any other event loop; the loop ends with the block.
    """

    def __init__(self, backend: AsyncBackend) -> None:
        self._backend = backend
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._runner.close()

    def create_run(self, thread_id: str, assistant_id: str, **overrides: Any) -> RunView:
        """Start a run."""
        return self._runner.run(self._backend.create_run(thread_id, assistant_id, **overrides))

    def retrieve_run(self, thread_id: str, run_id: str) -> RunView:
        """Look at a run."""
        return self._runner.run(self._backend.retrieve_run(thread_id, run_id))

    def list_runs(self, thread_id: str) -> Sequence[RunView]:
        """Return the latest runs of a thread, newest first."""
        return self._runner.run(self._backend.list_runs(thread_id))

    def submit_tool_outputs(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> RunView:
        """Answer exactly the calls that the run waits for."""
        return self._runner.run(self._backend.submit_tool_outputs(thread_id, run_id, outputs))

    def cancel_run(self, thread_id: str, run_id: str) -> RunView:
        """Ask for the end of a run."""
        return self._runner.run(self._backend.cancel_run(thread_id, run_id))

    def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        """Return the texts that a run wrote, oldest first."""
        return self._runner.run(self._backend.list_messages(thread_id, run_id=run_id))

"""One generated case: what it is called, what it is for, and how it is run."""

from __future__ import annotations

from collections.abc import Callable
from unittest import SkipTest

from attrs import field, frozen

from runlife import MisuseError, RunStatus
from runlife.paths import Path
from runlife_adapters.conformance.harness import Case as ConformanceCase
from runlife_adapters.conformance.harness import Harness, WorldHarness
from runlife_adapters.memory import MemoryBackend, World

__all__ = ["Case", "Check", "NotControllableError"]

Check = Callable[[Harness], None]
"""What a case does before a harness; it raises what is wrong."""


class NotControllableError(MisuseError, SkipTest):
    """A case needs a service that can be directed, and this one cannot be.

    To pytest and to unittest it is a skip, with its message as the reason.
    """


@frozen(repr=False)
class Case:
    """One behaviour that the table demands.

    Two cases are equal when their ids are. ``str`` gives the id, so that ``ids=str`` names the tests.
    """

    id: str
    """Readable, and unique among all cases of a lifecycle."""
    criteria: tuple[str, ...] = field(eq=False)
    """What it was made for: a path may serve several criteria."""
    check: Check = field(eq=False)
    path: Path[RunStatus] | None = field(default=None, eq=False)
    """How the run comes to where the case looks; None where the case makes a scene of its own."""
    needs_stage: bool = field(default=True, eq=False)
    """Whether the server has to be told what to do."""

    def run(self, backend: Harness | World) -> None:
        """Run it, and raise what is wrong.

        :param backend: a backend with the means to set a scene, or a World, which is one by itself.
        :raises ConformanceError: when the backend does not do what the lifecycle demands.
        :raises NotControllableError: when the backend has no stage, and the case needs one.
        """
        harness = WorldHarness(MemoryBackend(backend), backend) if isinstance(backend, World) else backend
        if self.needs_stage and harness.stage is None:
            msg = "not controllable: this needs a server that can be told what to do next"
            raise NotControllableError(msg)
        self.check(harness)

    @property
    def conformance(self) -> ConformanceCase:
        """The same as a case of the conformance suite."""
        return ConformanceCase(self.id, self.run, self.needs_stage)

    def __str__(self) -> str:
        """Return the id."""
        return self.id

    def __repr__(self) -> str:
        """Return the id in a wrapper."""
        return f"<Case {self.id}>"

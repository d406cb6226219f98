"""Testing a service: the verifier, a fake with pytest fixtures, and virtual time.

* :data:`lifecycle` tries a service in every story up to a number of deviations from the happy path;
* :mod:`runlife_adapters.testing.plugin` is the pytest plugin, found by pytest itself once runlife is
  installed; :class:`runlife_adapters.testing.fake.FakeOpenAI` is what its fixtures give, for any other way
  to run tests;
* :mod:`runlife_adapters.testing.virtual` runs code on virtual time.

The plugin is loaded in every run of pytest, also in those that have nothing to do with Runs, and must cost
them nothing: so what is named here is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runlife_adapters.testing.verify import LifecycleError, Story, Trial, lifecycle

__all__ = ["LifecycleError", "Story", "Trial", "lifecycle"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from runlife_adapters.testing import verify  # noqa: PLC0415  # see above

    return getattr(verify, name)

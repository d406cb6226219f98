"""What ends a run under virtual time, in words that say what to do.

::

    RunlifeError
    ├── MisuseError
    │   └── Fenced                  something real was asked for under virtual time
    │       ├── SocketFenced        a socket, or the name of a host
    │       └── SubprocessFenced    a process, or a pipe to one
    └── WorldError
        ├── Deadlock                nothing is scheduled, so nothing can ever happen
        │   └── Livelock            it turns and turns, and time never moves on
        └── TimeBudgetExceeded      it would go on beyond the time it was given
"""

from __future__ import annotations

from runlife import MisuseError, WorldError

__all__ = [
    "Deadlock",
    "Fenced",
    "Livelock",
    "SocketFenced",
    "SubprocessFenced",
    "TimeBudgetExceeded",
    "Unheeded",
]


class Deadlock(WorldError):  # noqa: N818  # the field's word for it
    """Nothing is scheduled, and nothing can ever happen; ``picture`` tells who waits for what.

    :param moment: the virtual time, in seconds since the loop began.
    """

    def __init__(self, moment: float, picture: str) -> None:
        self.moment = moment
        self.picture = picture
        super().__init__(f"{self._says(moment)}\n{picture}")

    def _says(self, moment: float) -> str:
        return f"deadlock at {moment:g} s of virtual time: nothing is scheduled, so nothing can ever happen"


class Livelock(Deadlock):
    """Tasks wake one another for ever, at one moment: no timer will ever have its turn."""

    def _says(self, moment: float) -> str:
        return (
            f"livelock at {moment:g} s of virtual time: the loop turns and turns and time never moves on; "
            "a task that waits for another has to sleep for more than 0 seconds"
        )


class TimeBudgetExceeded(WorldError):  # noqa: N818  # the field's word for it
    """Time would have to move beyond the budget; ``picture`` tells who waits for what.

    :param moment: the virtual time, in seconds since the beginning.
    :param due: the moment of what would have happened next.
    """

    def __init__(self, moment: float, due: float, budget: float, picture: str) -> None:
        self.moment = moment
        self.due = due
        self.budget = budget
        self.picture = picture
        super().__init__(
            f"the budget of {budget:g} s of virtual time is used up: at {moment:g} s, "
            f"the next thing to happen is due at {due:g} s\n{picture}".rstrip()
        )


class Fenced(MisuseError):  # noqa: N818  # the base of the two below
    """Something real was asked for, which takes real time, where time is virtual."""


class SocketFenced(Fenced):
    """A real socket, or the name of a host, under virtual time.

    :param what: the call that was stopped, such as ``connect``.
    :param address: where it would have gone: ``host:port``, a path, or what is known of it.
    """

    def __init__(self, what: str, address: str) -> None:
        self.what = what
        self.address = address
        super().__init__(
            f"{what} {address}: a real socket under virtual time, where a day passes before it could answer. "
            "Give the client a transport that answers inside this process (for the official SDK: "
            "AsyncOpenAI(http_client=runlife_adapters.http.async_client(service))), replace what connects, "
            "or pass allow_sockets=True and let real answers take their chances"
        )


class SubprocessFenced(Fenced):
    """A process, or a pipe to one, under virtual time.

    :param what: the method of the loop that was stopped.
    """

    def __init__(self, what: str, subject: str) -> None:
        self.what = what
        super().__init__(
            f"{what}({subject}): another process lives in real time, which virtual time does not wait for. "
            "Replace what starts it, or run it to its end with subprocess.run in asyncio.to_thread, "
            "which takes no virtual time"
        )


class Unheeded(BaseException):
    """Stops code that caught what ended its run, and went on waiting. It never reaches the caller."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(str(cause))

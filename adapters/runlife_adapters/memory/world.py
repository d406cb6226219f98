"""The World: the Assistants API of one organisation, in memory, on a clock of your choice.

It executes the engine's table and never decides legality itself: whether a run may be created,
cancelled or given outputs is asked of the engine's :class:`~runlife.Run`, and a refusal comes back
in the service's own words (:class:`~runlife_adapters.memory.errors.ApiError`).

Nothing runs in the background. Before every operation, everything that is due up to ``clock.now()``
happens, in the order of time, each thing at its exact moment: on a
:class:`~runlife.VirtualClock` a run lives its ten minutes in no time, and the same calls at the same
times give the same answers and the same ids, always.

A World may be shared between threads: one lock makes every operation happen whole, so that of two
racing calls one is applied and the other meets what it left.

The operations are those of the API, by its words; arguments are its plain JSON, answers its objects
(:mod:`runlife_adapters.memory.resources`). They raise ApiError, and a plain MisuseError for what no
request can say: an unknown name, a role that nobody has, a tool output without its call. Other
ill-typed values are the caller's affair (the HTTP server checks them before they come here).
"""

from __future__ import annotations

from runlife_adapters.memory.assistants import Assistants
from runlife_adapters.memory.filing.files import Files
from runlife_adapters.memory.filing.vector_stores import VectorStores
from runlife_adapters.memory.responses import Conversations, Responses
from runlife_adapters.memory.runs import Runs
from runlife_adapters.memory.seeding import Seeding
from runlife_adapters.memory.threads import Threads

__all__ = ["World"]


class World(Assistants, Threads, Runs, Responses, Conversations, Files, VectorStores, Seeding):
    """An in-memory Assistants API, and the Responses API beside it.

    :param clock: what tells the time, in unix seconds; by default the machine's.
    :param policy: how the open questions of the lifecycle are answered.
    :param schedule: what the server does otherwise than usual, with every run that has no
        schedule of its own (:meth:`script`).
    :param rules: which schedule such a run gets, by what is said and who is asked; instead of one schedule.
    :param model: what takes the turns; by default an echo.
    :param seed: what the ids depend on.
    :param run_ttl: seconds after its creation at which a run expires.
    :param progression: what makes the server go on: ``time`` (its delays on the clock), ``poll`` (each time
        a run is retrieved it makes one move), ``immediate`` (no delays) or ``manual`` (:meth:`step` and
        :meth:`apply`). A run expires by the clock under each of them.
    :param service_policy: how the open questions about the service are answered.
    :param context_limit: how many tokens the model can read; older messages are left out.
    :param keep: how many threads are kept at least, with their runs, that are done with: all their runs are
        over, and clients have been told so. Those go first that nobody has asked about for the longest
        time. Of what somebody may still come for, ten times as many are kept: threads without a run, or
        with an end that nobody has read; assistants that no kept run names; files and vector stores
        that were never used. Of those that were, and that nothing kept names any more, as many as
        of threads. What is active, or named, always stays, and so does what is on a thread that does.
        None: everything is kept.
    :raises MisuseError: when an argument is of another type or ``run_ttl`` not above 0, or the policy
        forbids a move that the schedule makes.
    """

"""The other workers of a trial: what they could do at a moment, and doing it.

They do what the API lets any client do with a run, or with a response, that is there: the table says which
calls those are. With responses, one acts on the latest of a chain: it is cancelled, if it works in the
background; its calls are answered by a response that is not the service's. A message is posted in the
conversation, if there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlife import RUN
from runlife.responses import RESPONSE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runlife_adapters.memory import World
    from runlife_adapters.testing.verify.followed import Followed
    from runlife_adapters.testing.verify.story import Other

__all__ = ["OtherWorker", "possible"]

_ACTS: tuple[tuple[str, Other], ...] = (("cancel", "cancel"), ("submit_tool_outputs", "submit"))


def possible(live: Iterable[Followed]) -> tuple[Other, ...]:
    """Return what another worker could do: what the table lets a client do with a run that is alive.

    A message can only be added where none is.
    """
    legal: set[str] = set()
    alive = False
    for run in live:
        alive = True
        events = set(RUN.moves[run.status])
        if run.rounds:  # a response that has ended cannot be cancelled: its calls wait
            events &= {"submit_tool_outputs", *RESPONSE.moves[run.rounds[-1].status]}
        legal |= events
    return tuple(act for event, act in _ACTS if event in legal) if alive else ("message",)


class OtherWorker:
    """Acts on what is there. What the service refuses is raised, as ApiError.

    :param world: where it acts.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def act(
        self, act: Other, runs: list[Followed], thread_id: str | None, conversation_id: str | None
    ) -> bool:
        """Do something; return whether it is a message that was added.

        :param runs: all runs of the trial.
        :param thread_id: the thread that is there already.
        :param conversation_id: the conversation that the service was given, if it was.
        """
        active = next((run for run in runs if run.status not in RUN.terminal), None)
        if act == "message":
            return self._post(runs, thread_id, conversation_id)
        if active is None:
            return False
        if active.rounds:
            self._respond(act, active)
        elif act == "cancel":
            self._world.cancel_run(active.thread_id, active.id)
        else:
            outputs = [{"tool_call_id": id, "output": _OUTPUT} for id in self._calls(active)]
            self._world.submit_tool_outputs(active.thread_id, active.id, tool_outputs=outputs)
        return False

    def _post(self, runs: list[Followed], thread_id: str | None, conversation_id: str | None) -> bool:
        if conversation_id is not None:
            said = {"role": "user", "content": _MESSAGE}
            self._world.create_conversation_items(conversation_id, items=[said])
            return True
        threads = [run.thread_id for run in runs if run.rounds is None]
        last = threads[-1] if threads else None if runs else thread_id
        if last is not None:
            self._world.create_message(last, role="user", content=_MESSAGE)
        return last is not None

    def _respond(self, act: Other, run: Followed) -> None:
        latest = self._world.responses(run.id)[-1]
        if act == "cancel":
            self._world.cancel_response(latest)
            return
        shown = self._world.retrieve_response(latest)
        items = [
            {"type": "function_call_output", "call_id": id, "output": _OUTPUT} for id in self._calls(run)
        ]
        self._world.create_response(
            model=shown.model,
            background=True,
            input=items,
            conversation=shown.conversation,
            previous_response_id=None if shown.conversation else latest,
        )

    def _calls(self, run: Followed) -> Iterable[str]:
        action = self._world.run(run.id).required_action
        return [call.id for call in action.tool_calls] if action is not None else []


_MESSAGE, _OUTPUT = "And another thing.", "from another worker"

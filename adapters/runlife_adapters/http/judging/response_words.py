"""What a client can do wrong with responses, in words; the kinds are those of :mod:`.findings`.

``{run}`` is the latest response of a chain, ``{thread}`` its conversation, ``{status}`` how it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runlife_adapters.http.judging.findings import FindingKind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "END_UNSEEN",
    "LEFT_AT_WORK",
    "NEVER_SEEN",
    "REFUSED_BY_OWN",
    "REPLACED",
    "SAYS",
    "STILL_ASKS",
]

SAYS: Mapping[FindingKind, str] = {
    FindingKind.IGNORED_INCOMPLETE: (
        "the client went on with {run} as if it were at work, {times}, after it had been shown incomplete; "
        "that is an ending: stop there, and see in incomplete_details which limit was met"
    ),
    FindingKind.HOT_POLLED: (
        "the client read {run} {times} in a row with hardly a pause, while nothing changed; wait a second or "
        "two between polls, or read its events"
    ),
    FindingKind.SUBMITTED_TWICE: (
        "the client answered calls again that it had answered, by another response, so that the model goes "
        "on twice; go on with the response that brought the outputs, and where its id was lost in a "
        "conversation, read the items of that first"
    ),
    FindingKind.MISMATCHED_TOOL_OUTPUTS: (
        "the client created a response that does not bring the outputs of the calls before it; answer all "
        "the calls of {run} with the next one, and nothing else"
    ),
    FindingKind.KEPT_THREAD_LOCKED: (
        "{times} a call was refused because {run} locks {thread}, and the client, which knows that response, "
        "did not look at it in between; poll it until it has ended, or cancel it, and only then go on"
    ),
}
"""What calls show, by kind, where the words for runs would not do."""

STILL_ASKS = (
    "{run} completed with calls, and nobody has answered them; completed is no answer as long as there are "
    "function calls in the output: bring the outputs of all of them with the next response"
)
REFUSED_BY_OWN = (
    "a call was refused because {run} locks {thread}, and the client, whose response that is, did not look "
    "at it again; poll it until it has ended, or cancel it, and only then use its conversation"
)
LEFT_AT_WORK = (
    "{run} was left {status} in the background, and nobody looks at it: it works, costs, and locks its "
    "conversation if it has one, until it ends by itself; poll it until it has ended, or cancel it"
)
NEVER_SEEN = (
    "{run} was created in {thread}, but the answer was lost, and the client never looked; the service lists "
    "no responses, but what was said is in the items of the conversation: read those"
)
END_UNSEEN = (
    "{run} has ended, and the client was never shown how; read every response to its end, also after a "
    "stream that broke or was closed: retrieve it, or take up its stream again with starting_after"
)
REPLACED = (
    "{run} was created in {thread}, but the answer was lost, and the client sent the same once more without "
    "looking, so that it is said twice; read the items of the conversation first, and let no client repeat "
    "that POST blindly (max_retries=0)"
)

"""How much of a thread the model sees: the truncation strategy, and the limit of what it can read.

Tokens are estimated by length; the real figure depends on the model. What is too much is left out from
the oldest message on, and the last message is always seen (inferred: the documents say that the thread
is truncated, and that the newest messages are kept).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

if TYPE_CHECKING:
    from runlife_adapters.memory.model import Context

__all__ = ["CHARACTERS_PER_TOKEN", "CONTEXT_LIMIT", "tokens", "visible"]

CHARACTERS_PER_TOKEN = 4
"""What an estimate of tokens goes by."""

CONTEXT_LIMIT = 128_000
"""How many tokens a model can read, unless the World says."""


def tokens(text: str) -> int:
    """Return how many tokens a text has, as an estimate."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def visible(context: Context, last_messages: int | None, most: int) -> Context:
    """Return a context with those messages only that the model gets to see.

    :param last_messages: how many of the newest at most; None for no such bound (``auto``).
    :param most: how many tokens the model may read in all.
    """
    messages = context.messages if last_messages is None else context.messages[-last_messages:]
    read = [context.instructions or ""]
    for done in context.rounds:
        read += [*(call.arguments for call in done.calls), *(output.output for output in done.outputs)]
    room = most - tokens("".join(read))
    kept = 0
    for message in reversed(messages):
        room -= tokens(message.text)
        if kept and room < 0:
            break
        kept += 1
    return evolve(context, messages=messages[len(messages) - kept :])

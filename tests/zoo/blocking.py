"""Mistakes of services without ``async``. :func:`zoo.careful.blocking` is right."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from openai import BadRequestError, RateLimitError
from zoo.parts import UNSURE, answer_blocking, create_blocking, look_blocking, outputs_of

from runlife import RUN

if TYPE_CHECKING:
    from openai import OpenAI


def waits_while_it_works(client: OpenAI, thread_id: str, assistant_id: str) -> Any:
    """Poll while the run works, and answer its calls.

    *The mistake:* a list of the statuses in which a run is alive, and ``cancelling`` is not on it.
    *Met in:* autogen #899, which did not know all the statuses.
    *The mend:* ``while run.status not in RUN.terminal``.
    """
    run = create_blocking(client, thread_id, assistant_id)
    while run.status in ("queued", "in_progress", "requires_action"):
        asks = run.status == "requires_action"
        run = answer_blocking(client, run) if asks else look_blocking(client, run)
    return run


def only_fears_exceptions(client: OpenAI, thread_id: str, assistant_id: str) -> str:
    """Wait for the run, and try again when there is a rate limit.

    *The mistake:* a rate limit that a run meets is no HTTP 429: the run is ``failed``, and nothing is raised.
    *Met in:* LibreChat #6728; assistant-pf-demo #10.
    *The mend:* look at ``run.status``, and at ``run.last_error.code``.
    """
    while True:
        try:
            run = create_blocking(client, thread_id, assistant_id)
            while run.status not in RUN.terminal:
                asks = run.status == "requires_action"
                run = answer_blocking(client, run) if asks else look_blocking(client, run)
        except RateLimitError:
            time.sleep(20)
        else:
            return "completed"


def returns_after_the_submit(client: OpenAI, thread_id: str, assistant_id: str) -> Any:
    """Wait for the run, and answer its calls.

    *The mistake:* what a submit answers is the run as it was then: ``queued``, with most of it to come.
    *Met in:* openai-python #1237, where what came after the tools was never shown.
    *The mend:* go on polling until a terminal status.
    """
    run = create_blocking(client, thread_id, assistant_id)
    while run.status not in RUN.terminal:
        if run.status == "requires_action":
            return client.with_options(max_retries=0).beta.threads.runs.submit_tool_outputs(
                run.id, thread_id=thread_id, tool_outputs=outputs_of(run)
            )
        run = look_blocking(client, run)
    return run


def asks_a_person(client: OpenAI, thread_id: str, assistant_id: str) -> Any:
    """Let a person approve of each call, and submit then.

    *The mistake:* a run lives ten minutes in all, not from the last sign of life, and the person is at lunch.
    *Met in:* openai-python #1809; agency-swarm #71: "Runs in status expired do not accept tool outputs".
    *The mend:* mind ``run.expires_at``: answer in time that somebody looks at it, and go on in a new run.
    """
    run = create_blocking(client, thread_id, assistant_id)
    while run.status not in RUN.terminal:
        if run.status == "requires_action":
            time.sleep(900)
            run = answer_blocking(client, run)
        run = look_blocking(client, run)
    return run


def submits_until_it_works(client: OpenAI, thread_id: str, assistant_id: str) -> Any:
    """Submit until it works.

    *The mistake:* what is refused for the status of the run is refused again, and again.
    *Met in:* agency-swarm #71.
    *The mend:* after a refusal, retrieve the run, and answer what it asks for then.
    """
    runs = client.with_options(max_retries=0).beta.threads.runs
    run = create_blocking(client, thread_id, assistant_id)
    while run.status not in RUN.terminal:
        while run.status == "requires_action":
            try:
                run = runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs_of(run))
            except (BadRequestError, *UNSURE):
                time.sleep(1)
        run = look_blocking(client, run)
    return run

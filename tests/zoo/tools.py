"""Mistakes of services that answer the calls of a run. :func:`zoo.careful.polling` is right."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from openai import BadRequestError
from zoo.parts import UNSURE, calls_of, create, look, lookup, outputs_of

from runlife import RUN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from openai import AsyncOpenAI

TOOLS = {"lookup": lookup}


async def _follow(client: AsyncOpenAI, run: Any, answer: Callable[[Any], Awaitable[None]]) -> Any:
    """Poll a run until it is over, and answer its calls in some way."""
    while run.status not in RUN.terminal:
        if run.status == "requires_action":
            await answer(run)
        run = await look(client, run)
    return run


async def answers_the_first_call(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Answer the call of a run.

    *The mistake:* a run makes several calls at once, and takes the outputs of all of them or none.
    *Met in:* semantic-kernel #8701.
    *The mend:* ``tool_outputs=[... for call in calls]``.
    """
    runs = client.with_options(max_retries=0).beta.threads.runs

    async def answer(run: Any) -> None:
        output: Any = {"tool_call_id": calls_of(run)[0].id, "output": lookup()}
        with suppress(*UNSURE):
            await runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=[output])

    return await _follow(client, await create(client, thread_id, assistant_id), answer)


async def submits_one_by_one(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Answer each call as soon as its output is there, and do not mind refusals.

    *The mistake:* each submit is refused, as it lacks the other outputs; so the run waits until it expires.
    *Met in:* semantic-kernel #8701, and wherever parallel calls are carried out in parallel.
    *The mend:* gather the outputs of one round, then submit them together.
    """
    runs = client.with_options(max_retries=0).beta.threads.runs

    async def answer(run: Any) -> None:
        for call in calls_of(run):
            output: Any = {"tool_call_id": call.id, "output": lookup()}
            try:
                await runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=[output])
            except (BadRequestError, *UNSURE):
                break

    return await _follow(client, await create(client, thread_id, assistant_id), answer)


async def starts_a_tool_with_each_poll(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Let the tools run aside, and keep polling.

    *The mistake:* each poll that shows ``requires_action`` starts the same tools again, and submits again.
    *Met in:* queues of jobs that poll: "Runs in status queued do not accept tool outputs".
    *The mend:* keep the ids of the calls that are being answered.
    """
    runs = client.with_options(max_retries=0).beta.threads.runs

    async def work(run: Any) -> None:
        await asyncio.sleep(2.5)  # it is a slow tool
        try:
            await runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs_of(run))
        except (BadRequestError, *UNSURE):
            pass

    async def answer(run: Any) -> None:
        tasks.create_task(work(run))

    async with asyncio.TaskGroup() as tasks:
        return await _follow(client, await create(client, thread_id, assistant_id), answer)


async def refused_submit_is_fatal(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Submit the outputs, which take their time.

    *The mistake:* by then the run may have expired, or somebody has answered it or stopped it.
    *Met in:* agency-swarm #71: "Runs in status expired do not accept tool outputs".
    *The mend:* ``except BadRequestError``: retrieve the run, and go on from what it is now.
    """
    runs = client.with_options(max_retries=0).beta.threads.runs

    async def answer(run: Any) -> None:
        outputs = outputs_of(run)
        await asyncio.sleep(5)  # it is a slow tool
        with suppress(*UNSURE):
            await runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)

    return await _follow(client, await create(client, thread_id, assistant_id), answer)


async def lets_the_client_resubmit(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Submit the outputs with the client as it comes, which repeats what gets no answer.

    *The mistake:* the answer was lost, the outputs were not. When the client sends them again, the run has
    moved on, maybe into the next round of tools, for whose calls these are no outputs.
    *Met in:* openai-python, whose retries send no idempotency key; "Expected tool outputs for call_ids".
    *The mend:* ``client.with_options(max_retries=0)`` for the submit; without an answer, retrieve.
    """
    runs = client.beta.threads.runs

    async def answer(run: Any) -> None:
        with suppress(BadRequestError):  # it was too late: look
            await runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs_of(run))

    return await _follow(client, await create(client, thread_id, assistant_id), answer)


async def unknown_function_is_fatal(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Call the functions that the run names.

    *The mistake:* models make names up, and an assistant may have been given functions since.
    *Met in:* azure-rest-api-specs #32329, where ``multi_tool_use.parallel`` came up.
    *The mend:* answer ``{"error": "there is no function ..."}``; the model can live with that.
    """
    runs = client.with_options(max_retries=0).beta.threads.runs

    async def answer(run: Any) -> None:
        outputs: list[Any] = []
        for call in calls_of(run):
            function = TOOLS[call.function.name]
            outputs.append(
                {"tool_call_id": call.id, "output": function(**json.loads(call.function.arguments))}
            )
        try:
            await runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)
        except (BadRequestError, *UNSURE):
            pass

    return await _follow(client, await create(client, thread_id, assistant_id), answer)


async def apologises_for_its_tool(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Tell the user when a tool does not work.

    *The mistake:* the run is not told, and waits for its outputs; until it expires, the thread is locked.
    *Met in:* openai-dotnet #87 and bidara #57: a crash between call and output, then "already has an active
    run".
    *The mend:* submit the error as output, or cancel the run and wait for its end.
    """
    run = await create(client, thread_id, assistant_id)
    try:
        return await _follow(client, run, _fail)
    except RuntimeError:
        return "Sorry, that did not work."


async def sends_all_it_has(client: AsyncOpenAI, thread_id: str, assistant_id: str) -> Any:
    """Answer with the whole document.

    *The mistake:* the outputs of one submit have to stay below 512 kB together.
    *Met in:* agency-swarm-lab #39; semantic-kernel #12814 for a single output.
    *The mend:* clip the outputs before the submit, or hand a file over.
    """
    runs = client.with_options(max_retries=0).beta.threads.runs

    async def answer(run: Any) -> None:
        outputs: Any = [
            {"tool_call_id": call.id, "output": "line of the log\n" * 40_000} for call in calls_of(run)
        ]
        with suppress(*UNSURE):
            await runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs)

    return await _follow(client, await create(client, thread_id, assistant_id), answer)


async def _fail(_run: Any) -> None:
    msg = "the drawer is stuck"
    raise RuntimeError(msg)

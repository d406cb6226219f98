"""Looking at runs: what the service says of their responses, and what time has decided about them.

Theory of operation
-------------------
A run is a chain of responses, and what a response means for it is decided by
:class:`~runlife.responses.Chain`, not here. A look asks for the latest response only while that is at
work, as far as is known; otherwise nothing can have happened but that time has gone by.

A run that ends while its response is at work (it expired, or was cancelled while outputs were on their way)
has that response cancelled, so that it goes on costing nothing. If that fails it is logged, and tried again
with the next look. Likewise for a run that is being cancelled, when the call that asked for it was lost.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from runlife import RunStatus
from runlife.responses import ResponseStatus
from runlife_adapters.backend import RejectedError, RunView, UnavailableError
from runlife_adapters.openai.responses.calls import FAILURES
from runlife_adapters.openai.responses.desk import Desk
from runlife_adapters.openai.responses.reading import (
    object_in,
    output_of,
    response_in,
    seen_in,
    texts_in,
)
from runlife_adapters.openai.responses.records import RunRecord, ThreadRecord, run_json
from runlife_adapters.openai.responses.requests import Get, Json, Post, Steps, path
from runlife_adapters.openai.responses.steps import Step, steps_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Looks"]

_log = logging.getLogger(__name__)

NOT_FOUND = 404
MOST = 100
"""How many runs are listed."""


class Looks(Desk):
    """What may be asked about runs."""

    def retrieve_run(self, thread_id: str, run_id: str) -> Steps[RunView]:
        """Look at a run."""
        return (yield from self.refresh(self.run(thread_id, run_id)))

    def refresh(self, record: RunRecord) -> Steps[RunView]:
        """Bring a run up to date, with a look at its response if that is at work."""
        if record.run.is_active and record.chain.at_work:
            return (yield from self._look(record))
        return (yield from self.settle(record))

    def settle(self, record: RunRecord) -> Steps[RunView]:
        """Let pass what time has decided about a run without its service."""
        now, sent = self.now(), record.sent_at
        before = record.run.version
        record.chain.handle_timeout(record.at(now))
        is_lost = sent is not None and now >= sent + self.options.lease
        if is_lost:
            self._lost(record, doubtful=True)
        elif record.run.version != before:
            self.put_run(record)
        if record.run.is_terminal:
            record = yield from self.relieve(record)
        return self.view(record)

    def _lost(self, record: RunRecord, *, doubtful: bool) -> None:
        """Take in that no response brings the outputs that were on their way."""
        record.chain.not_submitted(now=record.at(self.now()))
        record.sent_at, record.doubtful = None, record.doubtful or doubtful
        self.put_run(record)

    def _look(self, record: RunRecord) -> Steps[RunView]:
        try:
            reply = yield Get(path("responses", record.chain.latest))
        except RejectedError as error:
            if error.status != NOT_FOUND:
                raise
            return self._gone(record, error)
        raw = response_in(reply.body)
        record = self.absorb(record, raw)
        unknown = raw["status"] if seen_in(raw) is None and record.chain.at_work else None
        record = yield from self.relieve(record)
        return self.view(record, status=unknown, poll_after=reply.poll_after)

    def _gone(self, record: RunRecord, error: RejectedError) -> RunView:
        """Say what can be said of a run whose response is not there any more: it ends as its clock says."""
        record = self.run(record.thread_id, record.id)
        record.chain.handle_timeout(record.at(self.now()))
        if record.run.is_active:
            msg = f"run {record.id} cannot be followed: {error.message}"
            raise UnavailableError(msg, status=error.status) from error
        self.put_run(record)
        return self.view(record)

    def absorb(self, record: RunRecord, raw: Json, *, told: int | None = None) -> RunRecord:
        """Take in what was seen of a response, and return the run as it stands now.

        :param told: the number of the event of a stream that showed it.
        """
        record = self.run(record.thread_id, record.id)
        seen = seen_in(raw)
        if raw["id"] == record.chain.latest:
            now = record.at(self.now())
            if seen is not None:
                record.chain.look(seen, now=now)
            record.outputs[raw["id"]] = output_of(raw) or record.outputs.get(raw["id"], [])
            record.told = told if told is not None else record.told
            self.put_run(record)
        return record

    def relieve(self, record: RunRecord) -> Steps[RunRecord]:
        """Have a response cancelled, as well as one can, that is at work for a run which is over or to be."""
        if not self._is_in_vain(record):
            return record
        try:
            # Who is told that the run is over does not look again, so the client's own retries are for it.
            return (yield from self._stop(record, idempotent=True))
        except FAILURES as error:
            latest = record.chain.latest
            _log.warning("response %s of run %s could not be cancelled: %s", latest, record.id, error)
            return self.run(record.thread_id, record.id)

    def _is_in_vain(self, record: RunRecord) -> bool:
        is_over = record.run.is_terminal or record.run.status is RunStatus.CANCELLING
        return is_over and record.chain.at_work and record.mode != "foreground"

    def _stop(self, record: RunRecord, *, idempotent: bool = False) -> Steps[RunRecord]:
        latest = record.chain.latest
        try:
            reply = yield Post(path("responses", latest, "cancel"), idempotent=idempotent)
        except RejectedError as error:
            if error.status != NOT_FOUND:
                raise
            raw: Json = {
                "id": latest,
                "status": ResponseStatus.CANCELLED.value,
            }  # what is gone is not at work
        else:
            raw = response_in(reply.body)
        return self.absorb(record, raw)

    def list_runs(self, thread_id: str) -> Steps[Sequence[RunView]]:
        """Return the latest runs of a thread, newest first, with a look at the one that is active."""
        thread = self.thread(thread_id)
        yield from self.bring_up_to_date(thread)
        kept = [run_id for run_id in thread.runs[: -MOST - 1 : -1] if self.store.get(run_id) is not None]
        return tuple(self.view(self.run(thread_id, run_id)) for run_id in kept)

    def bring_up_to_date(self, thread: ThreadRecord) -> Steps[None]:
        """Look at the run that locks a thread: it may have ended unseen."""
        latest = self.latest_run(thread)
        if latest is not None and latest.run.is_active:
            yield from self.refresh(latest)

    def view(
        self, record: RunRecord, *, status: str | None = None, poll_after: float | None = None
    ) -> RunView:
        """Return what is known of a run."""
        return RunView.from_json(run_json(record, status), poll_after=poll_after)

    def list_messages(self, thread_id: str, *, run_id: str) -> Sequence[str]:
        """Return the texts that a run wrote, oldest first, as far as was seen."""
        return tuple(texts_in(self.run(thread_id, run_id).items))

    def list_steps(self, thread_id: str, run_id: str) -> Sequence[Step]:
        """Return the steps of a run, oldest first, as far as was seen."""
        return tuple(steps_of(self.run(thread_id, run_id)))

    def notified(self, event: Json) -> Steps[RunView | None]:
        """Take in the event of a webhook, and return the run that it is about, if we know one."""
        response_id = object_in(event.get("data")).get("id")
        index = self.store.get(response_id) if isinstance(response_id, str) else None
        if (
            index is None
            or index["record"] != "response"
            or not str(event.get("type")).startswith("response.")
        ):
            return None
        return (yield from self.refresh(self.run(index["thread_id"], index["run_id"])))

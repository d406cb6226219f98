"""Runs on the Responses API: the lifecycle of a response, and what a run is over a chain of them.

:mod:`~runlife.responses.table` has the lifecycle, :mod:`~runlife.responses.mapping` what each event of a
response means for the run, :mod:`~runlife.responses.chain` follows one run, and
:mod:`~runlife.responses.exhaustion` shows that chains and runs have the same paths.

>>> from runlife import ToolCall
>>> from runlife.responses import Chain, Seen
>>> chain = Chain.begin(Seen("resp_1", "queued"), id="run_1", now=0)
>>> seen = Seen("resp_1", "completed", calls=[ToolCall("call_1", "weather")])
>>> [record.event for record in chain.look(seen, now=2)]
['start', 'require_action']
>>> chain.run.status
<RunStatus.REQUIRES_ACTION: 'requires_action'>
"""

from runlife.responses.chain import Chain, Seen
from runlife.responses.exhaustion import Chains, differences
from runlife.responses.mapping import MEANINGS, OWN, RUN_OVER_RESPONSES, Meaning, Own, meaning_of
from runlife.responses.table import RESPONSE, Response, ResponseStatus

__all__ = [
    "MEANINGS",
    "OWN",
    "RESPONSE",
    "RUN_OVER_RESPONSES",
    "Chain",
    "Chains",
    "Meaning",
    "Own",
    "Response",
    "ResponseStatus",
    "Seen",
    "differences",
    "meaning_of",
]

"""What the service answers when it refuses something about responses and conversations, word for word.

Evidence: *recorded* from the service; *observed*, which others have published; *clone*, known from a
server that speaks the same API; *inferred*, after the pattern of their neighbours.
"""

from __future__ import annotations

from runlife_adapters.memory.errors import Words

__all__ = [
    "BOTH_HISTORIES",
    "CONVERSATION_LOCKED",
    "CONVERSATION_NOT_FOUND",
    "ITEM_NOT_FOUND",
    "ITEM_TAKEN",
    "NOTHING_ASKED",
    "NOT_STREAMED",
    "NO_CALL",
    "NO_INPUT",
    "NO_OUTPUT",
    "NO_STREAM_TO_RESUME",
    "PREVIOUS_AT_WORK",
    "PREVIOUS_NOT_FOUND",
    "RESPONSE_NOT_FOUND",
    "STORE_NEEDED",
    "SYNCHRONOUS",
]

# fmt: off
RESPONSE_NOT_FOUND     = Words(404, "Response with id '{id}' not found.")  # recorded
PREVIOUS_NOT_FOUND     = Words(  # observed
    400, "Previous response with id '{id}' not found.",
    param="previous_response_id", code="previous_response_not_found",
)
NO_OUTPUT              = Words(  # observed
    400, "No tool output found for function call {call_id}.", param="input"
)
NO_CALL                = Words(  # observed
    400, "No tool call found for function call output with call_id {call_id}.", param="input"
)
CONVERSATION_LOCKED    = Words(  # observed
    400, "Another process is currently operating on this conversation. Please retry in a few seconds.",
    code="conversation_locked",
)
SYNCHRONOUS            = Words(400, "Cannot cancel a synchronous response.")  # clone
NO_INPUT               = Words(  # observed
    400,
    "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided.",
    param="input", code="missing_required_parameter",
)
ITEM_NOT_FOUND         = Words(404, "Item with id '{id}' not found.", param="{param}")  # observed
CONVERSATION_NOT_FOUND = Words(404, "Conversation with id '{id}' not found.")  # inferred, as its neighbour
BOTH_HISTORIES         = Words(  # inferred: that it is refused is documented
    400,
    "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. "
    "Ensure you are only providing one of them.",
    code="mutually_exclusive_parameters",
)
PREVIOUS_AT_WORK       = Words(  # inferred
    400, "Previous response with id '{id}' cannot be continued with status '{status}'.",
    param="previous_response_id",
)
NOT_STREAMED           = Words(  # inferred: that it is a 404 was observed
    404, "Response with id '{id}' cannot be streamed: only those created with 'background' and 'stream' can."
)
NO_STREAM_TO_RESUME    = Words(  # inferred
    400, "The 'starting_after' parameter can only be used when 'stream' is true.", param="starting_after"
)
STORE_NEEDED           = Words(400, "Background mode requires 'store' to be true.", param="store")  # inferred
NOTHING_ASKED          = Words(  # inferred
    400, "Either 'model' or 'prompt' must be provided.", param="model", code="missing_required_parameter"
)
ITEM_TAKEN             = Words(  # inferred
    400, "Item with id '{id}' already exists in this conversation.", param="items"
)
# fmt: on

"""What the bodies and queries of requests may hold: the fields of the API's schemas, and their limits."""

from __future__ import annotations

from runlife_adapters.http.schema import (
    Array,
    Boolean,
    Either,
    Identifier,
    Integer,
    Metadata,
    Number,
    Object,
    Open,
    Schema,
    Tagged,
    Text,
)
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.lists import MAXIMUM_LIMIT, ORDERS

Fields = dict[str, Schema]

# What objects hold

TEXT, FLAG, ANYTHING = Text(), Boolean(), Open()
FUNCTION = Object(
    required={"name": Text(longest=64)},
    optional={"description": TEXT, "parameters": ANYTHING, "strict": FLAG},
)
TOOL = Tagged(
    {
        "code_interpreter": Object(),
        "file_search": Object(optional={"file_search": ANYTHING}),
        "function": Object(required={"function": FUNCTION}),
    }
)
TOOL_CHOICE = Either(
    Text(one_of=("none", "auto", "required")),
    Tagged(
        {
            "code_interpreter": Object(),
            "file_search": Object(),
            "function": Object(required={"function": Object(required={"name": TEXT})}),
        }
    ),
)
RESPONSE_FORMAT = Either(
    Text(one_of=("auto",)),
    Tagged(
        {"text": Object(), "json_object": Object(), "json_schema": Object(required={"json_schema": ANYTHING})}
    ),
)
DETAIL = Text(one_of=("auto", "low", "high"))
CONTENT_PART = Tagged(
    {
        "text": Object(required={"text": TEXT}),
        "image_file": Object(
            required={"image_file": Object(required={"file_id": TEXT}, optional={"detail": DETAIL})}
        ),
        "image_url": Object(
            required={"image_url": Object(required={"url": TEXT}, optional={"detail": DETAIL})}
        ),
    }
)
ATTACHMENT = Object(
    optional={
        "file_id": TEXT,
        "tools": Array(Tagged({"code_interpreter": Object(), "file_search": Object()})),
    }
)
MESSAGE = Object(
    required={
        "role": Text(one_of=("user", "assistant")),
        "content": Either(TEXT, Array(CONTENT_PART, shortest=1)),
    },
    optional={"attachments": Array(ATTACHMENT), "metadata": Metadata()},
)
THREAD = Object(
    optional={"messages": Array(MESSAGE), "tool_resources": ANYTHING, "metadata": Metadata()},
)
EFFORT = Text(one_of=("none", "minimal", "low", "medium", "high", "xhigh", "max"))
SAMPLING: Fields = {"temperature": Number(0, 2), "top_p": Number(0, 1)}
ASSISTANT: Fields = {
    **SAMPLING,
    "name": Text(longest=256),
    "description": Text(longest=512),
    "instructions": Text(longest=256_000),
    "reasoning_effort": EFFORT,
    "tools": Array(TOOL, longest=128),
    "tool_resources": ANYTHING,
    "metadata": Metadata(),
    "response_format": RESPONSE_FORMAT,
}
RUN: Fields = {
    **SAMPLING,
    "model": TEXT,
    "instructions": Text(longest=256_000),
    "tools": Array(TOOL, longest=20),
    "metadata": Metadata(),
    # The specification says 256 at least; the service took less (observed).
    "max_prompt_tokens": Integer(lowest=1),
    "max_completion_tokens": Integer(lowest=1),
    "truncation_strategy": Object(
        required={"type": Text(one_of=("auto", "last_messages"))},
        optional={"last_messages": Integer(lowest=1)},
    ),
    "tool_choice": TOOL_CHOICE,
    "parallel_tool_calls": FLAG,
    "response_format": RESPONSE_FORMAT,
    "stream": FLAG,
}
ASSISTANT_ID: Fields = {"assistant_id": Identifier(Kind.ASSISTANT)}

# What a body holds

NOTHING = Object()
METADATA = Object(optional={"metadata": Metadata()})
NEW_ASSISTANT = Object({"model": TEXT}, ASSISTANT)
CHANGED_ASSISTANT = Object({}, {"model": TEXT, **ASSISTANT})
CHANGED_THREAD = Object({}, {"metadata": Metadata(), "tool_resources": ANYTHING})
THREAD_AND_RUN = Object(ASSISTANT_ID, {**RUN, "thread": THREAD, "tool_resources": ANYTHING})
NEW_RUN = Object(
    ASSISTANT_ID,
    {
        **RUN,
        "reasoning_effort": EFFORT,
        "additional_instructions": TEXT,
        "additional_messages": Array(MESSAGE),
    },
)
OUTPUTS = Object(
    {"tool_outputs": Array(Object({"tool_call_id": TEXT}, {"output": TEXT}))},
    {"stream": FLAG},
)

# What a query holds

PAGE: Fields = {
    "limit": Integer(lowest=1, highest=MAXIMUM_LIMIT),
    "order": Text(one_of=ORDERS),
    "after": TEXT,
    "before": TEXT,
}
INCLUDE: Fields = {
    "include": Array(Text(one_of=("step_details.tool_calls[*].file_search.results[*].content",)))
}
STEPS: Fields = {**PAGE, **INCLUDE}
MESSAGES: Fields = {**PAGE, "run_id": Identifier(Kind.RUN)}

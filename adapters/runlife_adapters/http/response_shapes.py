"""What the bodies and queries of requests about responses and conversations may hold.

The fields are those of the API's schemas as far as the fake goes; of the tools, those that it has or that
it can do without. What it does not know it refuses, as everywhere.
"""

from __future__ import annotations

from runlife_adapters.http.schema import (
    Array,
    Boolean,
    Either,
    Identifier,
    Integer,
    Number,
    Object,
    Tagged,
    Text,
)
from runlife_adapters.http.shapes import ANYTHING, FLAG, MODEL, STRINGS, TEXT, Fields
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.limits import (
    DETAILS,
    EFFORTS,
    FUNCTION,
    HIGHEST_TEMPERATURE,
    HIGHEST_TOP_P,
    JSON_SCHEMA,
    LONGEST_FUNCTION_NAME,
    MOST_TOOLS,
    PLAIN_FORMATS,
    TOOL_CHOICES,
)
from runlife_adapters.memory.lists import MAXIMUM_LIMIT, ORDERS
from runlife_adapters.memory.responses.inputs import INCLUDABLE

LONGEST_INPUT = 10_485_760
"""Characters of an input that is a text (observed)."""

LEAST_OUTPUT = 16
"""Tokens below which no limit may be set (observed)."""

MOST_ITEMS = 20
"""Items that are added to a conversation at once, at most (documented)."""

MOST_LOGPROBS = 20
"""How many alternatives of a token can be asked for, at most (documented)."""

SEVERAL = Array(ANYTHING)
STATUS = Text(one_of=("in_progress", "completed", "incomplete"))
CONTENT = Tagged(
    {
        "input_text": Object({"text": TEXT}),
        "output_text": Object({"text": TEXT}, {"annotations": SEVERAL, "logprobs": SEVERAL}),
        "input_image": Object(
            {}, {"detail": Text(one_of=(*DETAILS, "original")), "file_id": TEXT, "image_url": TEXT}
        ),
        "input_file": Object(
            {},
            {"detail": TEXT, "file_data": TEXT, "file_id": TEXT, "file_url": TEXT, "filename": TEXT},
        ),
        "refusal": Object({"refusal": TEXT}),
    }
)
SAID = Either(TEXT, Array(CONTENT))
KNOWN: Fields = {"id": TEXT, "status": STATUS}
ITEM = Tagged(
    {
        "message": Object(
            {"role": Text(one_of=("user", "assistant", "system", "developer")), "content": SAID},
            {**KNOWN, "phase": Text(one_of=("commentary", "final_answer"))},
        ),
        "function_call": Object(
            {"call_id": Text(filled=True), "name": TEXT, "arguments": TEXT}, {**KNOWN, "namespace": TEXT}
        ),
        "function_call_output": Object({"call_id": Text(filled=True), "output": SAID}, KNOWN),
        "item_reference": Object({"id": TEXT}),
        "reasoning": Object(
            {"id": TEXT, "summary": SEVERAL},
            {"encrypted_content": TEXT, "content": SEVERAL, "status": STATUS},
        ),
        "file_search_call": Object(
            {"id": TEXT, "queries": Array(TEXT), "status": TEXT}, {"results": SEVERAL}
        ),
        "code_interpreter_call": Object(
            {"id": TEXT, "container_id": TEXT, "status": TEXT}, {"code": TEXT, "outputs": SEVERAL}
        ),
        "web_search_call": Object({"id": TEXT, "status": TEXT}, {"action": ANYTHING}),
    },
    untagged="message",
)
TOOLS = Tagged(
    {
        FUNCTION: Object(
            {"name": Text(longest=LONGEST_FUNCTION_NAME, filled=True, pattern="^[a-zA-Z0-9_-]+$")},
            {"description": TEXT, "parameters": ANYTHING, "strict": FLAG},
        ),
        "file_search": Object(
            {"vector_store_ids": Array(TEXT)},
            {
                "filters": ANYTHING,
                "max_num_results": Integer(lowest=1, highest=50),
                "ranking_options": ANYTHING,
            },
        ),
        "code_interpreter": Object({"container": Either(TEXT, ANYTHING)}),
        **dict.fromkeys(
            ("web_search", "web_search_preview"),
            Object({}, {"filters": ANYTHING, "search_context_size": TEXT, "user_location": ANYTHING}),
        ),
    }
)
CHOICE = Either(
    Text(one_of=TOOL_CHOICES),
    Tagged(
        {
            FUNCTION: Object({"name": TEXT}),
            "allowed_tools": Object({"mode": Text(one_of=("auto", "required")), "tools": SEVERAL}),
            **dict.fromkeys(
                ("file_search", "code_interpreter", "web_search", "web_search_preview"), Object()
            ),
        }
    ),
)
FORMAT = Tagged(
    {
        **dict.fromkeys(PLAIN_FORMATS, Object()),
        JSON_SCHEMA: Object({"name": TEXT, "schema": ANYTHING}, {"description": TEXT, "strict": FLAG}),
    }
)
ASKED: Fields = {
    "model": MODEL,
    "input": Either(Text(longest=LONGEST_INPUT), Array(ITEM)),
    "instructions": TEXT,
    "previous_response_id": Identifier(Kind.RESPONSE),
    "conversation": Either(Identifier(Kind.CONVERSATION), Object({"id": Identifier(Kind.CONVERSATION)})),
    "parallel_tool_calls": FLAG,
    "reasoning": Object({}, {"effort": Text(one_of=EFFORTS), "summary": TEXT, "generate_summary": TEXT}),
    "text": Object({}, {"format": FORMAT, "verbosity": Text(one_of=("low", "medium", "high"))}),
    "tool_choice": CHOICE,
    "tools": Array(TOOLS, longest=MOST_TOOLS),
    "truncation": Text(one_of=("auto", "disabled")),
}
INCLUDED = Array(Text(one_of=INCLUDABLE))

# What a body holds

NEW_RESPONSE = Object(
    {},
    {
        **ASKED,
        "background": FLAG,
        "include": INCLUDED,
        "max_output_tokens": Integer(lowest=LEAST_OUTPUT),
        "max_tool_calls": Integer(lowest=1),
        "metadata": STRINGS,
        "prompt": Object({"id": TEXT}, {"version": TEXT, "variables": ANYTHING}),
        "prompt_cache_key": TEXT,
        "prompt_cache_retention": Text(one_of=("in_memory", "24h")),
        "safety_identifier": TEXT,
        "service_tier": Text(one_of=("auto", "default", "flex", "scale", "priority")),
        "store": FLAG,
        "stream": FLAG,
        "stream_options": Object({}, {"include_obfuscation": FLAG}),
        "temperature": Number(0, HIGHEST_TEMPERATURE),
        "top_logprobs": Integer(lowest=0, highest=MOST_LOGPROBS),
        "top_p": Number(0, HIGHEST_TOP_P),
        "user": TEXT,
    },
)
COUNTED = Object({}, ASKED)
ITEMS = Array(ITEM, longest=MOST_ITEMS)
NEW_CONVERSATION = Object({}, {"items": ITEMS, "metadata": STRINGS})
NEW_ITEMS = Object({"items": ITEMS})

# What a query holds

INCLUDE: Fields = {"include": INCLUDED}
RETRIEVE: Fields = {
    **INCLUDE,
    "stream": Boolean(),
    "starting_after": Integer(lowest=0),
    "include_obfuscation": FLAG,
}
ITEM_PAGE: Fields = {
    **INCLUDE,
    "limit": Integer(lowest=1, highest=MAXIMUM_LIMIT),
    "order": Text(one_of=ORDERS),
    "after": TEXT,
}

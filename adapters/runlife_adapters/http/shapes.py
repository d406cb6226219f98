"""What the bodies and queries of requests may hold: the fields of the API's schemas, and their limits."""

from __future__ import annotations

from runlife_adapters.http.schema import (
    Array,
    Boolean,
    Either,
    FilePart,
    Identifier,
    Integer,
    Named,
    Number,
    Object,
    Open,
    Pairs,
    Scalar,
    Schema,
    Tagged,
    Text,
    Url,
)
from runlife_adapters.memory.builtin import BUILTIN_TOOLS, FileSearch
from runlife_adapters.memory.filing.files import MAXIMUM_FILES
from runlife_adapters.memory.filing.resources import FileStatus
from runlife_adapters.memory.filing.search import (
    COMPARISONS,
    COMPOUNDS,
    MAXIMUM_RESULTS,
    MEMBERSHIPS,
    RANKERS,
)
from runlife_adapters.memory.filing.store import MAXIMUM_TOOL_FILES, MAXIMUM_VECTOR_STORES
from runlife_adapters.memory.ids import Kind
from runlife_adapters.memory.inputs import INCLUDE_CONTENT, ROLES
from runlife_adapters.memory.limits import (
    DETAILS,
    EFFORTS,
    FUNCTION,
    HIGHEST_TEMPERATURE,
    HIGHEST_TOP_P,
    IMAGES,
    JSON_SCHEMA,
    LAST_MESSAGES,
    LONGEST_DESCRIPTION,
    LONGEST_FUNCTION_NAME,
    LONGEST_IDLE,
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_VALUE,
    MOST_TOOLS,
    PLAIN_FORMATS,
    TOOL_CHOICES,
    TRUNCATIONS,
    UPLOAD_PURPOSES,
    USUAL_FORMAT,
)
from runlife_adapters.memory.lists import MAXIMUM_LIMIT, ORDERS

Fields = dict[str, Schema]

# What objects hold

TEXT, FLAG, ANYTHING = Text(), Boolean(), Open()
LONG_TEXT = Text(longest=LONGEST_TEXT)
MODEL = Text(filled=True)
STRINGS, SCALARS = Pairs(Text(longest=LONGEST_VALUE)), Pairs(Scalar(longest=LONGEST_VALUE))
DECLARED = Object(
    required={"name": Text(longest=LONGEST_FUNCTION_NAME, filled=True, pattern="^[a-zA-Z0-9_-]+$")},
    optional={"description": TEXT, "parameters": ANYTHING, "strict": FLAG},
)
NAMED_TOOLS: dict[str, Object] = dict.fromkeys(BUILTIN_TOOLS, Object())
"""The service's own tools where nothing but their name is said."""
TOOL = Tagged(
    {
        **NAMED_TOOLS,
        FileSearch.type: Object(optional={FileSearch.type: ANYTHING}),
        FUNCTION: Object(required={FUNCTION: DECLARED}),
    }
)
TOOL_CHOICE = Either(
    Text(one_of=TOOL_CHOICES),
    Tagged({**NAMED_TOOLS, FUNCTION: Object(required={FUNCTION: Object(required={"name": TEXT})})}),
)
RESPONSE_FORMAT = Either(
    Text(one_of=(USUAL_FORMAT,)),
    Tagged({**dict.fromkeys(PLAIN_FORMATS, Object()), JSON_SCHEMA: Object(required={JSON_SCHEMA: ANYTHING})}),
)
DETAIL: Fields = {"detail": Text(one_of=DETAILS)}
NAMES_OF_IMAGES: Fields = {"file_id": TEXT, "url": Url()}
CONTENT_PART = Tagged(
    {
        "text": Object(required={"text": LONG_TEXT}),
        **{
            kind: Object(required={kind: Object(required={name: NAMES_OF_IMAGES[name]}, optional=DETAIL)})
            for kind, name in IMAGES.items()
        },
    }
)
ATTACHMENT = Object(
    # Of what else would it be one? The specification does not demand it.
    required={"file_id": TEXT},
    optional={"tools": Array(Tagged(NAMED_TOOLS))},
)
CHUNKING = Tagged(
    {
        "auto": Object(),
        "static": Object(
            required={
                "static": Object(
                    required={
                        "max_chunk_size_tokens": Integer(lowest=100, highest=4096),
                        "chunk_overlap_tokens": Integer(lowest=0, highest=2048),
                    }
                )
            }
        ),
    }
)
INTERPRETER_FILES = Object(optional={"file_ids": Array(TEXT, longest=MAXIMUM_TOOL_FILES)})
STORE_IDS: Fields = {"vector_store_ids": Array(Identifier(Kind.VECTOR_STORE), longest=MAXIMUM_VECTOR_STORES)}
DESCRIBED_STORE = Object(
    optional={
        # As many as a store holds (documented).
        "file_ids": Array(TEXT, longest=10_000),
        "chunking_strategy": CHUNKING,
        "metadata": STRINGS,
    }
)
RESOURCES = Object(
    optional={"code_interpreter": INTERPRETER_FILES, "file_search": Object(optional=STORE_IDS)}
)
NEW_RESOURCES = Object(
    optional={
        "code_interpreter": INTERPRETER_FILES,
        "file_search": Object(
            optional={
                **STORE_IDS,
                "vector_stores": Array(DESCRIBED_STORE, longest=MAXIMUM_VECTOR_STORES),
            }
        ),
    }
)
MESSAGE = Object(
    required={
        "role": Text(one_of=ROLES),
        "content": Either(LONG_TEXT, Array(CONTENT_PART, shortest=1)),
    },
    optional={"attachments": Array(ATTACHMENT), "metadata": STRINGS},
)
THREAD = Object(
    optional={"messages": Array(MESSAGE), "tool_resources": NEW_RESOURCES, "metadata": STRINGS},
)
EFFORT = Text(one_of=EFFORTS)
SAMPLING: Fields = {"temperature": Number(0, HIGHEST_TEMPERATURE), "top_p": Number(0, HIGHEST_TOP_P)}
ASSISTANT: Fields = {
    **SAMPLING,
    "name": Text(longest=LONGEST_NAME),
    "description": Text(longest=LONGEST_DESCRIPTION),
    "instructions": LONG_TEXT,
    "reasoning_effort": EFFORT,
    "tools": Array(TOOL, longest=MOST_TOOLS),
    "metadata": STRINGS,
    "response_format": RESPONSE_FORMAT,
}
RUN: Fields = {
    **SAMPLING,
    "model": MODEL,
    "instructions": LONG_TEXT,
    "tools": Array(TOOL, longest=20),
    "metadata": STRINGS,
    # The specification says 256 at least; the service took less (observed).
    "max_prompt_tokens": Integer(lowest=1),
    "max_completion_tokens": Integer(lowest=1),
    "truncation_strategy": Tagged(
        {
            **dict.fromkeys(TRUNCATIONS, Object(optional={LAST_MESSAGES: Integer(lowest=1)})),
            # Without the number it says nothing (inferred).
            LAST_MESSAGES: Object(required={LAST_MESSAGES: Integer(lowest=1)}),
        }
    ),
    "tool_choice": TOOL_CHOICE,
    "parallel_tool_calls": FLAG,
    "response_format": RESPONSE_FORMAT,
    "stream": FLAG,
}
ASSISTANT_ID: Fields = {"assistant_id": Identifier(Kind.ASSISTANT)}

# What a body holds

NOTHING = Object()
METADATA = Object(optional={"metadata": STRINGS})
NEW_ASSISTANT = Object({"model": MODEL}, {**ASSISTANT, "tool_resources": NEW_RESOURCES})
CHANGED_ASSISTANT = Object({}, {"model": MODEL, **ASSISTANT, "tool_resources": RESOURCES})
CHANGED_THREAD = Object({}, {"metadata": STRINGS, "tool_resources": RESOURCES})
THREAD_AND_RUN = Object(ASSISTANT_ID, {**RUN, "thread": THREAD, "tool_resources": RESOURCES})
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

# What a body holds: files and vector stores

NEW_FILE = Object(
    {
        "file": FilePart(),
        "purpose": Text(one_of=UPLOAD_PURPOSES),
    },
    {
        "expires_after": Object(
            {
                "anchor": Text(one_of=("created_at",)),
                # An hour to thirty days (documented).
                "seconds": Integer(lowest=3_600, highest=2_592_000),
            }
        )
    },
)
STORE: Fields = {
    "name": TEXT,
    "expires_after": Object(
        {"anchor": Text(one_of=("last_active_at",)), "days": Integer(lowest=1, highest=LONGEST_IDLE)}
    ),
    "metadata": STRINGS,
}
NEW_VECTOR_STORE = Object(
    {},
    {
        **STORE,
        "description": TEXT,
        "file_ids": Array(TEXT, longest=500),
        "chunking_strategy": CHUNKING,
    },
)
CHANGED_VECTOR_STORE = Object({}, STORE)
ADDED: Fields = {"attributes": SCALARS, "chunking_strategy": CHUNKING}
STORE_FILE = Object({"file_id": TEXT}, ADDED)
CHANGED_STORE_FILE = Object({}, {"attributes": SCALARS})
# At most 2,000 files make a batch (documented).
FILE_BATCH = Object(
    {},
    {
        **ADDED,
        "file_ids": Array(TEXT, shortest=1, longest=2_000),
        "files": Array(STORE_FILE, shortest=1, longest=2_000),
    },
)
FILTER = Named("Filter", lambda: FILTERS)
FILTERS: Tagged = Tagged(
    {
        **dict.fromkeys(COMPARISONS, Object({"key": TEXT, "value": Scalar()})),
        **dict.fromkeys(MEMBERSHIPS, Object({"key": TEXT, "value": Array(Scalar())})),
        **dict.fromkeys(COMPOUNDS, Object({"filters": Array(FILTER)})),
    }
)
SEARCH = Object(
    {"query": Either(TEXT, Array(TEXT, shortest=1))},
    {
        "max_num_results": Integer(lowest=1, highest=MAXIMUM_RESULTS),
        "filters": FILTER,
        "ranking_options": Object({}, {"ranker": Text(one_of=RANKERS), "score_threshold": Number(0, 1)}),
        "rewrite_query": FLAG,
    },
)

# What a query holds

PAGE: Fields = {
    "limit": Integer(lowest=1, highest=MAXIMUM_LIMIT),
    "order": Text(one_of=ORDERS),
    "after": TEXT,
    "before": TEXT,
}
INCLUDE: Fields = {
    "include": Array(Text(one_of=(INCLUDE_CONTENT,))),
}
STEPS: Fields = {**PAGE, **INCLUDE}
MESSAGES: Fields = {**PAGE, "run_id": Identifier(Kind.RUN)}
FILES: Fields = {
    "limit": Integer(lowest=1, highest=MAXIMUM_FILES),
    "order": Text(one_of=ORDERS),
    "after": TEXT,
    "purpose": TEXT,
}
STORE_FILES: Fields = {**PAGE, "filter": Text(one_of=tuple(FileStatus))}

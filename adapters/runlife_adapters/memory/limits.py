"""What the fields of requests may hold: the words and the numbers of the API's specification.

They bind twice, a request (:mod:`runlife_adapters.http.shapes`) and what is put into a World by hand
(:mod:`runlife_adapters.memory.seeding.checks`), and stand here once. All are documented. The order of words
is that in which the service lists them when it refuses another.
"""

from __future__ import annotations

__all__ = [
    "DETAILS",
    "EFFORTS",
    "FUNCTION",
    "HIGHEST_TEMPERATURE",
    "HIGHEST_TOP_P",
    "IMAGES",
    "JSON_SCHEMA",
    "LAST_MESSAGES",
    "LONGEST_DESCRIPTION",
    "LONGEST_FUNCTION_NAME",
    "LONGEST_IDLE",
    "LONGEST_KEY",
    "LONGEST_NAME",
    "LONGEST_TEXT",
    "LONGEST_VALUE",
    "MOST_PAIRS",
    "MOST_TOOLS",
    "PLAIN_FORMATS",
    "PURPOSES",
    "TOOL_CHOICES",
    "TRUNCATIONS",
    "UPLOAD_PURPOSES",
    "USUAL_FORMAT",
]

# Words

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""How hard a model may reason."""

FUNCTION = "function"
"""The type of the tools that are the client's; the others are the service's own."""

TOOL_CHOICES = ("none", "auto", "required")
"""What a run may be told of its tools without naming one."""

USUAL_FORMAT = "auto"
"""The only format of answers that is a word."""

PLAIN_FORMATS = ("text", "json_object")
"""The formats of answers of which there is nothing else to say."""

JSON_SCHEMA = "json_schema"
"""The format of answers that comes with a schema."""

LAST_MESSAGES = "last_messages"
"""The way to cut a thread that says how many messages stay."""

TRUNCATIONS = ("auto", LAST_MESSAGES)
"""How a thread may be cut for the model."""

IMAGES = {"image_file": "file_id", "image_url": "url"}
"""The images of a message, and the field that names each."""

DETAILS = ("auto", "low", "high")
"""How closely a model may look at an image."""

UPLOAD_PURPOSES = ("fine-tune", "assistants", "batch", "user_data", "vision", "evals")
"""What a file may be uploaded for."""

PURPOSES = (*UPLOAD_PURPOSES, "assistants_output", "batch_output", "fine-tune-results")
"""What a file may be for, those included that the service makes."""

# Characters

LONGEST_NAME = 256
"""Of the name of an assistant."""

LONGEST_DESCRIPTION = 512
"""Of the description of an assistant."""

LONGEST_TEXT = 256_000
"""Of instructions, and of a text in a message."""

LONGEST_FUNCTION_NAME = 64
"""Of the name of a function."""

LONGEST_KEY, LONGEST_VALUE = 64, 512
"""Of a name and of a value of metadata, and of attributes."""

# Numbers

MOST_PAIRS = 16
"""How many pairs metadata may hold, and attributes."""

MOST_TOOLS = 128
"""How many tools an assistant may have."""

HIGHEST_TEMPERATURE, HIGHEST_TOP_P = 2, 1
"""Of what is 0 at least."""

LONGEST_IDLE = 365
"""Days that a vector store may be idle at most before it expires."""

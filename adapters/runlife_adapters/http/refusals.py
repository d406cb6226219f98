"""What the service answers to requests that never come to the World, word for word.

The sentences were recorded from, or observed at, the real service; where nobody saw one, it follows
the pattern of its neighbours. Those of the World itself stand in :mod:`runlife_adapters.memory.errors`.
"""

from __future__ import annotations

from runlife_adapters.memory.errors import Words

# The request as a whole

NO_ROUTE = Words(404, "Invalid URL ({method} {path})")
NO_METHOD = Words(
    405, "Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)"
)
NO_KEY = Words(
    401,
    "You didn't provide an API key. You need to provide your API key in an Authorization header using "
    "Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
)
WRONG_KEY = Words(
    401,
    "Incorrect API key provided: {key}. You can find your API key at "
    "https://platform.openai.com/account/api-keys.",
    code="invalid_api_key",
)
NO_BETA = Words(
    400,
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by setting "
    "the header 'OpenAI-Beta: assistants=v2'.",
    code="invalid_beta",
)
OLD_BETA = Words(
    400,
    "The v1 Assistants API has been deprecated. Please try again by setting the header "
    "'OpenAI-Beta: assistants=v2'.",
    code="invalid_beta",
)
NOT_JSON = Words(
    400,
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your "
    "HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
)
NOT_AN_OBJECT = Words(400, "Invalid body: expected a JSON object.")
TOO_DEEP = Words(
    400, "Invalid body: nested too deeply. Expected at most {limit} levels of objects and arrays."
)
OUT_OF_RANGE = Words(
    400, "Invalid number: the one that begins with '{start}' is too large or too small to be read."
)
TOO_LARGE = Words(413, "Request body too large: at most {largest} bytes are accepted.")
NOT_STREAMED = Words(
    400,
    "This server does not serve event streams yet: leave out 'stream', or set it to false.",
    param="stream",
    code="unsupported_parameter",
)

# Fields of a query or a body

INVALID_TYPE = Words(
    400,
    "Invalid type for '{param}': expected {expected}, but got {got} instead.",
    param="{param}",
    code="invalid_type",
)
UNKNOWN = Words(400, "Unknown parameter: '{param}'.", param="{param}", code="unknown_parameter")
MISSING = Words(
    400, "Missing required parameter: '{param}'.", param="{param}", code="missing_required_parameter"
)
MALFORMED_ID = Words(
    400,
    "Invalid '{param}': '{value}'. Expected an ID that begins with '{prefix}'.",
    param="{param}",
    code="invalid_value",
)
ARRAY_TOO_SHORT = Words(
    400,
    "Invalid '{param}': empty array. Expected an array with minimum length {limit}, "
    "but got an empty array instead.",
    param="{param}",
    code="empty_array",
)
ARRAY_TOO_LONG = Words(
    400,
    "Invalid '{param}': array too long. Expected an array with maximum length {limit}, "
    "but got an array with length {length} instead.",
    param="{param}",
    code="array_above_max_length",
)
TOO_MANY_PROPERTIES = Words(
    400,
    "Invalid '{param}': too many properties. Expected an object with at most {limit} properties, "
    "but got an object with {length} properties instead.",
    param="{param}",
    code="object_above_max_properties",
)
DECIMAL_BELOW_MINIMUM = Words(
    400,
    "Invalid '{param}': decimal below minimum value. Expected a value >= {limit}, but got {value} instead.",
    param="{param}",
    code="decimal_below_min_value",
)
DECIMAL_ABOVE_MAXIMUM = Words(
    400,
    "Invalid '{param}': decimal above maximum value. Expected a value <= {limit}, but got {value} instead.",
    param="{param}",
    code="decimal_above_max_value",
)

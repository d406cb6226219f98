"""What the service answers to requests that never come to the World, word for word.

The sentences were recorded from, or observed at, the real service; where nobody saw one, it follows
the pattern of its neighbours. Those of the World itself stand in :mod:`runlife_adapters.memory.errors`.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from runlife_adapters.memory.errors import ApiError, Words

_LONGEST_ECHO = 200


def shown(text: str) -> str:
    """Return what a caller sent, at a length fit for repeating it."""
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}..."


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
# What nobody asked for


def refusal(status: int) -> ApiError:
    """Return the error with which the service refuses a call for reasons of its own."""
    if status == RATE_LIMITED.status:
        return RATE_LIMITED.error()
    return ApiError(status, SERVER_ERROR, "server_error")


RATE_LIMITED = Words(
    429,
    "You've exceeded the rate limit, please slow down and try again later.",
    code="rate_limit_exceeded",
)
SERVER_ERROR = (
    "The server had an error processing your request. Sorry about that! You can retry your request, or "
    "contact us through our help center at help.openai.com if you keep seeing this error."
)

# Azure's own


class AzureError(ApiError):
    """A refusal of what stands before the API at Azure: a code and a message, and no more."""

    def to_json(self) -> dict[str, Any]:
        """Return the envelope in which Azure sends such an error."""
        return {"error": {"code": self.code, "message": self.message}}


@frozen
class AzureWords:
    """One way in which Azure refuses; the code is the status."""

    status: int
    text: str

    def error(self) -> AzureError:
        """Return the error."""
        return AzureError(self.status, self.text, code=str(self.status))


AZURE_NO_ROUTE = AzureWords(404, "Resource not found")
AZURE_WRONG_KEY = AzureWords(
    401,
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
    "for an active subscription and use a correct regional API endpoint for your resource.",
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
EMPTY_STRING = Words(  # of other fields observed
    400,
    "Invalid '{param}': empty string. Expected a string with minimum length 1, "
    "but got an empty string instead.",
    param="{param}",
    code="empty_string",
)
NO_MATCH = Words(
    400,
    "Invalid '{param}': string does not match pattern. "
    "Expected a string that matches the pattern '{pattern}'.",
    param="{param}",
    code="invalid_value",
)
NO_URL = Words(
    400,
    "Invalid '{param}'. Expected a valid URL, but got a value with an invalid format.",
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

"""One value that a JSON Schema describes, always the same: the arguments of a function that is called.

It covers what functions are described with: types, ``const``, ``enum``, ``default``, ``examples``, bounds,
lengths, formats, patterns, objects, arrays, ``allOf``, ``anyOf``, ``oneOf`` and ``$ref`` within the schema.
What would have to be searched for (``not``, ``if``, ``dependentSchemas``) is left out of account. All
properties are filled, the optional ones too, save where the schema goes round in circles.

A part that cannot be filled is left out if it is optional, and otherwise makes the whole that needs it
impossible. Depth and number of parts are bounded, so that the worst schema costs little.
"""

from runlife_adapters.memory.examples.making import example

__all__ = ["example"]

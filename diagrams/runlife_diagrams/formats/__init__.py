"""The formats that are text: a module each, a function of a picture or of a lifecycle.

Of a picture: :mod:`.mermaid`, :mod:`.dot`, :mod:`.plantuml`, :mod:`.as_json`. Of the lifecycle itself, with
all that is known of it: :mod:`.table`, :mod:`.scxml`, :mod:`.xstate`, and for a terminal :mod:`.terminal`.
"""

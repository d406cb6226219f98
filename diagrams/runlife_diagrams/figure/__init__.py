"""The state diagram as SVG: drawn by :mod:`.svg` from a layout, with what lies over it by :mod:`.marking`."""

"""The parts of the HTML pages: their stylesheet, the timeline, and how text gets into them."""

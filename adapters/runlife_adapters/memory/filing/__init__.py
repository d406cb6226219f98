"""Files and vector stores: how they are kept, shown and searched, and what can be done with them.

What is kept (:mod:`.records`) leaves as the API's objects (:mod:`.resources`). :mod:`.store` holds all of it
and says who uses what; the operations (:mod:`.files`, :mod:`.vector_stores`) stand on it, and on a search of
the fake's own (:mod:`.search`). Nothing is exported from here: the World's core is made of the store, and the
operations are made of the core.
"""

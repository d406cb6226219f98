"""Things put into a World as they are, instead of coming about there: from wire objects, whatever they are.

:meth:`Seeding.seed` takes objects as the API answers them, of any kind, with any ids (``"thread_id"`` is
one), in any order, and as much of each as somebody cares to say. The rest is filled in as the service
would, by these rules:

* what has no id gets the next one; an id that is there already is refused;
* a message, or a run, on a thread that is not there brings it along; a run brings its assistant along,
  with the model and the tools of the run. A step belongs to a run that is given or there, and a batch of
  files to a vector store;
* a vector store has the files that its ``file_ids`` name, which no answer does, and those that its batches
  name by theirs. They are processed, unless the batch says that it is in progress or cancelled;
* a run has lived a life that ends as is said (:mod:`.past`), within a time that is
  over: a run that is active and says nothing else was created just now, and one that expired a lifetime
  ago. Of what it spent, the counts of tokens are kept, not their details;
* a run that requires action calls its first function unless it says what, and has the step that waits
  for the outputs. A run in progress takes its turn, and opens a step for it, as it is put in;
* a run that is active goes on from there, by the World's rules
  (:attr:`~runlife_adapters.memory.core.Core.rules`); scripts are for the runs that are created. The
  listeners are told of what happens from then on;
* lists are in the order of ``created_at``; what is of the same second stays in the order it was given.

Either all are put in, or none and the World is as it was: what contradicts the table, or itself, is
refused with the name of the field. What is put in, :meth:`retrieve_run` and its like give back, field by
field.
"""

from runlife_adapters.memory.seeding.operations import Seeding

__all__ = ["Seeding"]

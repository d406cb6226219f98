"""The verifier: a test around a service becomes a search for the story in which that service fails.

::

    from runlife_adapters.testing import lifecycle

    @lifecycle(ttl=60, deviations=2, random=500, grace=45)
    async def test_my_service(world):
        answer = await my_service(world.client)
        world.check(answer == world.run.reply)

First comes every story with at most so many deviations from the happy path
(:mod:`runlife_adapters.testing.verify.search`): when the test passes, it says how many those were, and what
they were made of, and that is what has been proved. Then Hypothesis draws stories from all there are. A
failure is made as small as it gets, and is told on one screen, with a test that plays it again.
"""

from __future__ import annotations

import functools
import inspect
import sys
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from attrs import fields, frozen

from runlife import MisuseError
from runlife_adapters.testing.verify.plan import Plan, Proof
from runlife_adapters.testing.verify.play import play
from runlife_adapters.testing.verify.reporting import Report, as_text, report_on
from runlife_adapters.testing.verify.search import search
from runlife_adapters.testing.verify.services import answering, as_test
from runlife_adapters.testing.verify.shrink import shrink
from runlife_adapters.testing.verify.story import Story
from runlife_adapters.testing.verify.trial import Setting, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runlife_adapters.memory import Net, Schedule
    from runlife_adapters.testing.verify.play import Played
    from runlife_adapters.testing.verify.story import Other

__all__ = ["Lifecycle", "LifecycleError", "answering", "lifecycle"]


class LifecycleError(AssertionError):
    """A service fails in a story; :attr:`report` tells all of it."""

    def __init__(self, report: Report) -> None:
        super().__init__(as_text(report))
        self.report = report


@frozen
class _Subject:
    """What is tried, and the code that names it."""

    test: Callable[[Trial], Any]
    plan: Plan
    name: str
    origin: str | None
    """The module from which its name can be imported; None for a test, which stands where it is kept."""
    usual: Setting
    """What it is tried in when nothing else is said."""
    fixtures: tuple[str, ...] = ()
    """What it takes besides the world, by name."""

    @classmethod
    def of(
        cls, function: Callable[..., Any], options: Mapping[str, Any], given: Mapping[str, Any] | None = None
    ) -> Self:
        """Return what a function is, with options of its own or on top of those it was decorated with.

        :param given: the values of its fixtures, by name.
        :raises MisuseError: when those are not what it takes.
        """
        decorated: tuple[Callable[..., Any], Plan] | None = getattr(function, "lifecycle", None)
        values = dict(given or {})
        if decorated is not None:
            test, plan = decorated
            _check_fixtures(test, values)
            whole = _with(test, (), values) if values else test
            return cls(whole, plan.but(options), function.__name__, None, plan.setting, tuple(values))
        if values:
            msg = f"fixtures: only a decorated test has them; got {', '.join(values)} for {function!r}"
            raise MisuseError(msg)
        name = getattr(function, "__name__", type(function).__name__)
        return cls(as_test(function), Plan.of(options), name, _origin(function, name), Setting())

    def play(self, story: Story) -> Played:
        """Try it in a story."""
        return play(self.test, story, self.plan.setting)

    def report(self, failed: Played, tried: str = "") -> Report:
        """Tell of a story in which it failed."""
        setting = _differences(self.plan.setting, self.usual)
        return report_on(
            failed,
            self.play,
            service=self.name,
            setting=setting,
            origin=self.origin,
            tried=tried,
            fixtures=self.fixtures,
        )


class Lifecycle:
    """The verifier, as a decorator and as functions; there is one, :data:`lifecycle`.

    What is tried is a function of ``world`` (a :class:`~runlife_adapters.testing.verify.trial.Trial`), or a
    service (:mod:`.services`): a function of ``client``, ``thread_id`` and ``assistant_id`` that returns the
    status of its run, or something that has one; or one of ``client`` and ``request``, for responses. Any may
    be async.
    """

    def __init__(self) -> None:
        self.proofs: list[Proof] = []
        """What was proved in this process, for whoever reports on a whole session."""

    def __call__(self, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., None]]:
        """Return a decorator that makes a test of a function of ``world``, async or not.

        Further parameters of the function are fixtures, as ever; they are shared by all trials.

        :param options: those of :class:`~runlife_adapters.testing.verify.plan.Plan`,
            :class:`~runlife_adapters.testing.verify.menu.Menu` and
            :class:`~runlife_adapters.testing.verify.trial.Setting`.
        :raises MisuseError: when there is no such option.
        """
        plan = Plan.of(options)

        def decorate(test: Callable[..., Any]) -> Callable[..., None]:
            if next(iter(inspect.signature(test).parameters), None) == "self":
                msg = f"{test.__qualname__}: a method has no world of its own; decorate a function"
                raise MisuseError(msg)

            @functools.wraps(test)
            def checked(*args: Any, **kwargs: Any) -> None:
                __tracebackhide__ = True
                whole = _with(test, args, kwargs) if args or kwargs else test
                self._verify(_Subject(whole, plan, test.__name__, None, plan.setting, tuple(kwargs)))

            # What wraps an async function is taken for one itself by what runs async tests.
            del checked.__wrapped__
            signature = inspect.signature(test)
            _, *others = signature.parameters.values()
            marked: Any = checked
            marked.__signature__ = signature.replace(parameters=others, return_annotation=None)
            marked.place_as = test  # where pytest says that it stands
            marked.lifecycle = test, plan
            return checked

        return decorate

    def verify(self, test: Callable[..., Any], **options: Any) -> Proof:
        """Try a test or a service in every story there is, and say what was proved.

        :raises LifecycleError: when it fails in one.
        :raises MisuseError: when there is no such option, or it is no function of these parameters.
        """
        __tracebackhide__ = True
        return self._verify(_Subject.of(test, options))

    def replay(
        self,
        test: Callable[..., Any],
        *runs: Schedule,
        net: Mapping[int, Net] | None = None,
        others: Mapping[int, Other] | None = None,
        early: Iterable[int] = (),
        fixtures: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Trial:
        """Try a test or a service in one story, and return what happened.

        :param test: decorated or not; a decorated one has the options that it was decorated with.
        :param fixtures: what a decorated test takes besides the world, by name.
        A RuntimeWarning says so when it passes, and never came to what the story is about.

        :raises LifecycleError: when it fails.
        :raises MisuseError: when there is no such option, or it is no function of these parameters.
        """
        __tracebackhide__ = True
        subject = _Subject.of(test, options, fixtures)
        played = subject.play(Story(*runs, net=net, others=others, early=early))
        if played.failure is not None:
            raise LifecycleError(subject.report(played)) from None
        if idle := played.trial.wire.unapplied:
            never = f"which passes without ever coming to: {'; '.join(idle)}"
            warnings.warn(f"the story no longer fits {subject.name}, {never}", RuntimeWarning, stacklevel=2)
        return played.trial

    def _verify(self, subject: _Subject) -> Proof:
        __tracebackhide__ = True
        began = time.perf_counter()
        proof = Proof(subject.name, subject.plan)
        failed = _first_failure(subject, proof)
        if failed is not None:
            smallest = shrink(subject.play, failed)
            raise LifecycleError(subject.report(smallest, _tried(proof, failed))) from None
        proof.seconds = time.perf_counter() - began
        self.proofs.append(proof)
        return proof


lifecycle = Lifecycle()


def _first_failure(subject: _Subject, proof: Proof) -> Played | None:
    plan = subject.plan
    for played in search(subject.play, plan.menu, plan.deviations, prune=plan.prune):
        proof.stories[played.story.deviations] += 1
        proof.add(played)
        if played.failure is not None:
            return played
    if plan.random:
        from runlife_adapters.testing.verify.randomly import draw  # noqa: PLC0415  # brings Hypothesis

        return draw(subject.play, plan, proof)
    return None


def _tried(proof: Proof, failed: Played) -> str:
    if proof.random:
        return f"Found in random schedule {proof.random:,}, after {proof.total:,} systematic ones."
    before = proof.total - proof.stories[failed.story.deviations]
    fewer = f"the {before:,} with fewer deviations all passed" if before > 1 else "the happy path passed"
    passed = f"; {fewer}" if before else ""
    return f"Found in schedule {proof.total:,}{passed}."


def _check_fixtures(test: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Raise MisuseError unless a test can be called with a world and these values."""
    try:
        inspect.signature(test).bind(object(), **given)
    except TypeError as error:
        msg = f"fixtures: {test.__name__}: {error}"
        raise MisuseError(msg) from error


def _with(test: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[Trial], Any]:
    """Return a test with the values of its fixtures."""
    if inspect.iscoroutinefunction(test):

        async def whole(world: Trial) -> Any:
            return await test(world, *args, **kwargs)

        return whole
    return lambda world: test(world, *args, **kwargs)


def _differences(setting: Setting, usual: Setting) -> str:
    """Return what a setting has otherwise than usual, as arguments."""
    said = ((f.name, getattr(setting, f.name)) for f in fields(Setting))
    return ", ".join(f"{name}={value!r}" for name, value in said if value != getattr(usual, name))


def _origin(function: Callable[..., Any], name: str) -> str | None:
    """Return the module from which a function can be imported by its name, if it can."""
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if module is None or module.__name__ == "__main__" or getattr(module, name, None) is not function:
        return None
    return module.__name__

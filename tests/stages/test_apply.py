"""The ready-set with steps that do nothing: what runs, what is skipped, what never starts, and the account of it."""

import itertools
import signal
import threading

import pytest

from reconciler.core.address import Address, Scope
from reconciler.core.diagnostics import Refused, StalePlan
from reconciler.core.interrupts import Interrupts
from reconciler.core.outcome import StepFinished, StepProgress, StepStarted
from reconciler.core.plan import Plan, Step, Verb
from reconciler.core.remote import ApiRefused, NotAuthorised, OutcomeUnknown
from reconciler.stages.apply import apply

HERE = Scope("me", "app")


def step(name, *after, verb=Verb.UPDATE):
    return Step(name, Address(HERE, "models", name), verb, "update", after)


def plan_of(*steps):
    return Plan(HERE, "us", "", (), steps)


class Work:
    """Performs steps by doing nothing; those in `broken` raise."""

    def __init__(self, **broken):
        self.broken, self.order, self.seen = broken, [], {}

    def __call__(self, step, outputs, outcomes, progress):
        self.order.append(step.id)
        self.seen[step.id] = dict(outputs)
        if step.id in self.broken:
            raise self.broken[step.id]
        return {str(step.address): f"made-by-{step.id}"}


def run(steps, work=None, workers=1, emit=lambda event: None, known=None, interrupts=None):
    ticks = itertools.count()
    return apply(
        plan_of(*steps), work or Work(), emit,
        known=known or {}, workers=workers, clock=lambda: next(ticks), interrupts=interrupts,
    )  # fmt: skip


def statuses(result):
    return {o.step.id: str(o.status) for o in result.outcomes}


def test_steps_run_after_what_they_come_after():
    work = Work()
    result = run([step("c", "b"), step("b", "a"), step("a")], work)
    assert work.order == ["a", "b", "c"]
    assert result.complete
    assert result.exit_code == 0


def test_among_free_steps_the_plans_order_decides():
    work = Work()
    run([step("z"), step("a"), step("m")], work)
    assert work.order == ["z", "a", "m"]


def test_outputs_travel_to_later_steps():
    work = Work()
    run([step("a"), step("b", "a")], work, known={"models/old": "v1"})
    assert work.seen["b"] == {"models/old": "v1", "models/a": "made-by-a"}


def test_independent_steps_run_at_the_same_time():
    together = threading.Barrier(3, timeout=5)

    def perform(*rest):
        together.wait()
        return {}

    assert run([step("a"), step("b"), step("c")], perform, workers=3).complete


def test_no_more_steps_run_at_once_than_there_are_workers():
    lock, most, now = threading.Lock(), [], []

    def perform(step, *rest):
        with lock:
            now.append(step.id)
            most.append(len(now))
        with lock:
            now.remove(step.id)
        return {}

    run([step(f"s{i}") for i in range(50)], perform, workers=4)
    assert max(most) <= 4


# ---- failures


REFUSED = ApiRefused("PostModels", "no", code=11102)


def test_a_failure_skips_what_depends_on_it_and_nothing_else():
    steps = [step("a"), step("b", "a"), step("c", "b"), step("x"), step("y", "x")]
    result = run(steps, Work(a=REFUSED))
    assert statuses(result) == {"a": "failed", "b": "skipped", "c": "skipped", "x": "done", "y": "done"}


def test_a_skipped_step_names_what_it_needed():
    result = run([step("a"), step("b", "a")], Work(a=REFUSED))
    assert result.outcomes[1].message == "needs models/a: update"


@pytest.mark.parametrize("verb", [Verb.DELETE, Verb.FORGET])
def test_nothing_is_deleted_once_anything_failed(verb):
    result = run([step("a"), step("gone", verb=verb)], Work(a=REFUSED))
    assert statuses(result) == {"a": "failed", "gone": "not started"}


@pytest.mark.parametrize("broken", range(4))
def test_the_first_delete_that_fails_is_the_last_that_starts(broken):
    work = Work(**{f"d{broken}": REFUSED})
    result = run([step(f"d{i}", verb=Verb.DELETE) for i in range(4)], work)
    assert work.order == [f"d{i}" for i in range(broken + 1)]
    assert list(statuses(result).values()) == ["done"] * broken + ["failed"] + ["not started"] * (3 - broken)


def test_an_unknown_end_is_unknown_and_holds_deletes_back():
    lost = OutcomeUnknown("PostModels", "the reply was lost")
    result = run([step("a"), step("b", "a"), step("gone", verb=Verb.DELETE)], Work(a=lost))
    assert statuses(result) == {"a": "unknown", "b": "skipped", "gone": "not started"}


def test_a_bug_in_one_step_does_not_cost_the_account_of_the_others():
    result = run([step("a"), step("b"), step("c", "a")], Work(a=KeyError("oops")))
    assert statuses(result) == {"a": "unknown", "b": "done", "c": "skipped"}
    assert result.outcomes[0].message == "internal error: KeyError: 'oops'"


# ---- the inventory


def bookkept(*steps):
    opening = Step("open", Address(HERE, "apps", "app"), Verb.OPEN, "note", ())
    gated = [Step(s.id, s.address, s.verb, s.title, ("open", *s.after)) for s in steps]
    return [opening, *gated, Step("close", opening.address, Verb.CLOSE, "note", tuple(s.id for s in steps))]


def test_the_inventory_is_closed_last_even_after_a_failure():
    work = Work(a=REFUSED)
    result = run(bookkept(step("a"), step("b")), work)
    assert work.order == ["open", "a", "b", "close"]
    assert statuses(result)["close"] == "done"


def test_without_an_opened_inventory_nothing_runs_and_nothing_is_closed():
    work = Work(open=REFUSED)
    result = run(bookkept(step("a"), step("b")), work)
    assert work.order == ["open"]
    assert statuses(result) == {"open": "failed", "a": "skipped", "b": "skipped", "close": "skipped"}


# ---- interrupts


class CtrlC(Interrupts):
    """Is pressed whenever the next of the awaited events comes by."""

    def __init__(self, *when):
        super().__init__()
        self.when, self.events = list(when), []

    def see(self, event):
        self.events.append(event)
        if self.when and self.when[0](event):
            self.when.pop(0)
            self.hear()


def interrupted(steps, work, *when, workers=1):
    press = CtrlC(*when)
    return run(steps, work, workers, press.see, interrupts=press)


def starts(name):
    return lambda event: isinstance(event, StepStarted) and event.step.id == name


def ends(name):
    return lambda event: isinstance(event, StepFinished) and event.outcome.step.id == name


def test_an_interrupt_leaves_the_rest_not_started():
    work = Work()
    result = interrupted([step("a"), step("b", "a"), step("c")], work, ends("a"))
    assert work.order == ["a"]
    assert statuses(result) == {"a": "done", "b": "not started", "c": "not started"}
    assert (result.interrupted, result.exit_code) == (True, 130)


def test_what_is_in_flight_at_an_interrupt_is_finished():
    go = threading.Event()

    def perform(step, *rest):
        assert step.id == "a" or go.wait(5)
        return {}

    def a_ends(event):
        if ends("a")(event):
            go.set()
            return True

    result = interrupted([step("a"), step("b"), step("c", "a")], perform, a_ends, workers=2)
    assert statuses(result) == {"a": "done", "b": "done", "c": "not started"}


@pytest.mark.parametrize("where", [starts, ends])
@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_an_interrupt_at_any_moment_loses_no_account(where, name):
    steps = [step("a"), step("b"), step("c", "a"), step("d", "b", "c")]
    work = Work()
    result = interrupted(steps, work, where(name))
    done = [o.step.id for o in result.outcomes if str(o.status) == "done"]
    assert sorted(done) == sorted(work.order)
    assert len(result.outcomes) == 4


def test_the_inventory_is_closed_after_an_interrupt_too():
    work = Work()
    interrupted(bookkept(step("a"), step("b", "a")), work, ends("a"))
    assert work.order == ["open", "a", "close"]


def hanging(*names):
    """A performer that hangs in some steps until `go` is set."""
    go = threading.Event()

    def perform(step, *rest):
        assert step.id not in names or go.wait(20)
        return {}

    return perform, go


def test_after_a_second_interrupt_nothing_is_waited_for():
    def either(event):  # they end in any order
        return ends("a")(event) or ends("c")(event)

    perform, go = hanging("b")
    try:
        steps = [step("a"), step("c"), step("b"), step("d", "b"), step("e", "a")]
        result = interrupted(bookkept(*steps), perform, either, either, workers=3)
        assert not go.is_set()
    finally:
        go.set()
    told = {"open": "done", "a": "done", "c": "done", "b": "unknown", "d": "not started", "e": "not started"}
    assert statuses(result) == told | {"close": "not started"}
    assert (result.interrupted, result.stopped, result.exit_code) == (True, True, 130)
    assert [o.message for o in result.outcomes if o.step.id == "b"] == ["it was under way when the run was stopped"]


def test_an_interrupt_while_everything_hangs_is_heard():
    perform, go = hanging("a", "b")
    press = Interrupts()
    threading.Timer(0.1, press.hear).start()
    threading.Timer(0.2, press.hear).start()
    try:
        result = run([step("a"), step("b"), step("c")], perform, workers=2, interrupts=press)
        assert not go.is_set()
    finally:
        go.set()
    assert statuses(result) == {"a": "unknown", "b": "unknown", "c": "not started"}


def test_an_interrupt_lets_the_inventory_be_closed():
    result = interrupted(bookkept(step("a")), Work(), starts("close"))
    assert statuses(result) == {"open": "done", "a": "done", "close": "done"}
    assert (result.stopped, result.exit_code) == (False, 0)


def test_a_second_interrupt_of_the_closing_inventory_is_accounted_for():
    perform, go = hanging("close")
    press = CtrlC(starts("close"))
    threading.Timer(0.2, press.hear).start()
    try:
        result = run(bookkept(step("a")), perform, emit=press.see, interrupts=press)
        assert not go.is_set()
    finally:
        go.set()
    assert statuses(result) == {"open": "done", "a": "done", "close": "unknown"}
    assert (result.stopped, result.exit_code) == (True, 130)


def test_signals_at_any_moment_leave_no_lock_held():
    """A handler falls between any two instructions of the scheduling; whatever it interrupts goes on."""
    steps = [step(f"s{n}") for n in range(400)]
    for moment in range(40):
        press = Interrupts()
        before = signal.signal(signal.SIGALRM, lambda *_, press=press: press.hear())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0005 * (moment + 1))
            result = run(steps, workers=4, interrupts=press)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert set(statuses(result).values()) <= {"done", "not started"}
        assert result.complete or result.interrupted


@pytest.mark.parametrize("first", ["open", "a", "b", "c"])
@pytest.mark.parametrize("second", [starts, ends])
def test_two_interrupts_at_any_moment_lose_no_account(first, second):
    steps, work = bookkept(step("a"), step("b", "a"), step("c", "a")), Work()
    result = interrupted(steps, work, starts(first), lambda event: second(first)(event) or second("close")(event))
    assert len(result.outcomes) == len(steps)
    done = [name for name, status in statuses(result).items() if status == "done"]
    assert set(done) <= set(work.order)
    assert {name for name, status in statuses(result).items() if status == "not started"}.isdisjoint(work.order)


# ---- exit codes


UNAUTHORISED = NotAuthorised("PostModels", "no", code=11008)


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({}, 0),
        ({"b": REFUSED}, 6),
        ({"a": REFUSED, "b": REFUSED}, 1),
        ({"a": StalePlan("moved"), "b": StalePlan("moved")}, 5),
        ({"a": Refused("no"), "b": Refused("no")}, 4),
        ({"b": StalePlan("moved")}, 6),
        ({"b": UNAUTHORISED}, 7),
        ({"a": OutcomeUnknown("PostModels", "lost"), "b": REFUSED}, 6),
    ],
)
def test_exit_codes(broken, code):
    assert run([step("a"), step("b")], Work(**broken)).exit_code == code


def test_bookkeeping_alone_is_not_partly_applied():
    assert run(bookkept(step("a")), Work(a=StalePlan("moved"))).exit_code == 5


# ---- events


def test_every_step_is_announced_started_and_finished_once():
    events = []
    run([step("a"), step("b", "a")], emit=events.append)
    names = [type(event).__name__ for event in events]
    assert names == ["PlanAnnounced", "StepStarted", "StepFinished", "StepStarted", "StepFinished"]


def test_progress_is_passed_on():
    events = []

    def perform(step, outputs, outcomes, progress):
        progress("training")
        return {}

    run([step("a")], perform, emit=events.append)
    assert [e.message for e in events if isinstance(e, StepProgress)] == ["training"]


def test_outcomes_stand_in_plan_order_with_the_time_they_took():
    result = run([step("c", "a"), step("a")])
    assert [o.step.id for o in result.outcomes] == ["c", "a"]
    assert all(o.seconds > 0 for o in result.outcomes)


def test_five_thousand_steps_cost_no_squares():
    steps = [step(f"s{i}", *([f"s{i - 1}"] if i % 3 else [])) for i in range(5000)]
    deletes = [step("gone", *(s.id for s in steps), verb=Verb.DELETE)]
    assert run([*steps, *deletes], lambda *rest: {}, workers=8).complete


# ---- what is started first


def test_the_longest_chain_is_started_first():
    work = Work()
    run([step("wide"), step("end", "middle"), step("middle", "deep"), step("deep"), step("last")], work)
    assert work.order == ["deep", "middle", "wide", "end", "last"]


def test_a_deep_graph_beside_a_wide_one_takes_no_longer_than_its_depth():
    """With two workers and steps of one tick each, four deep and four wide steps are done after four ticks."""
    ticks, now, lock = [], [], threading.Barrier(2, timeout=5)

    def perform(step, *rest):
        now.append(step.id)
        if lock.wait() == 0:
            ticks.append(sorted(now))
            now.clear()
        lock.wait()
        return {}

    wide = [step(f"w{i}") for i in range(4)]
    deep = [step("d0"), *(step(f"d{i}", f"d{i - 1}") for i in range(1, 4))]
    assert run([*wide, *deep], perform, workers=2).complete
    assert ticks == [[f"d{i}", f"w{i}"] for i in range(4)]


class Pairs:
    """Two steps whose names begin with the same letter are done together."""

    limit = 2

    def __init__(self):
        self.done = []

    def sort(self, step):
        return step.id[0] if step.id[0] in "ab" else None

    def __call__(self, steps, progress):
        self.done.append([step.id for step in steps])
        return {}


def test_steps_of_one_sort_are_done_together_as_many_as_fit():
    together, work = Pairs(), Work()
    steps = [step("x"), step("a1"), step("b1"), step("a2"), step("a3"), step("b2", "x")]
    result = apply(
        plan_of(*steps), work, lambda event: None, known={}, workers=1, clock=lambda: 0.0, together=[together]
    )
    assert result.complete
    assert work.order == ["x"]
    assert together.done == [["a1", "a2"], ["b1", "b2"], ["a3"]]


def test_a_step_is_asked_for_its_sort_a_few_times_however_many_there_are():
    class Counting(Pairs):
        asked = 0

        def sort(self, step):
            self.asked += 1
            return super().sort(step)

    together = Counting()
    steps = [step(f"{'abx'[n % 3]}{n}") for n in range(600)]
    assert apply(
        plan_of(*steps), Work(), lambda event: None, known={}, workers=1, clock=lambda: 0.0, together=[together]
    ).complete
    assert together.asked <= 2 * len(steps)
    assert sorted(map(len, together.done)) == [2] * 200

"""The table of a call's end, row by row, and the loop that follows it."""

import pytest

from reconciler.client.endings import End, Ending, ending
from reconciler.client.retry import TABLE, Patience, Retrier, RpcClass, Step, classify
from reconciler.core.remote import (
    AlreadyExists,
    ApiBusy,
    ApiError,
    ApiRefused,
    Moved,
    NotAuthorised,
    NotFound,
    OutcomeUnknown,
    Unreachable,
)

USE = (Step.USE, ApiError)
LATER = (Step.BACK_OFF, ApiBusy)
SPENT = (Step.RAISE, ApiBusy)
REFUSED = (Step.RAISE, ApiRefused)
FORBIDDEN = (Step.RAISE, NotAuthorised)
ABSENT = (Step.RAISE, NotFound)
MOVED = (Step.RAISE, Moved)
EXISTS = (Step.RAISE, AlreadyExists)
UNKNOWN = (Step.WAIT_OUT, OutcomeUnknown)
PARTLY = (Step.RAISE, OutcomeUnknown)
INCOMPLETE = (Step.RAISE, ApiError)
NOBODY = (Step.REPEAT, Unreachable)
NO_TLS = (Step.RAISE, Unreachable)
OVERLOADED = (Step.REPEAT, ApiBusy)

MAYBE_CODES = [
    *(0, 10070, 40011, 40013, 40015, 40016, 40021, 40030, 40031, 40032, 40033, 40034),
    *(98000, 98004, 98009, 98011, 98014, 98999, 99001, 99005, 99009),
]
CERTIFICATE = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: "


def in_band(*codes, description="", details=""):
    return [End(code=code, description=description, details=details) for code in codes]


def transport(*names, text="gone"):
    return [End(grpc=name, details=text) for name in names]


# Ends, then what they mean for a read, a write with an id, a write without one.
ROWS = [
    (in_band(10000), USE, USE, USE),
    (in_band(11005, 11006, 10030, 21354, 21351, 21352, 21355, 39997, 39998), LATER, LATER, LATER),
    (in_band(11003, 11004), SPENT, SPENT, SPENT),
    (in_band(10010), INCOMPLETE, PARTLY, PARTLY),
    (in_band(40010, 22100, 30100), REFUSED, EXISTS, REFUSED),
    (in_band(40003, description="Invalid request", details="id is duplicate"), REFUSED, EXISTS, REFUSED),
    (in_band(40003, 21202, 21203, 22104, 22999, 11102, details="Duplicate ID"), REFUSED, EXISTS, REFUSED),
    (in_band(40003, 21202, 21203, 22104, 22999, 11102, details="already exists"), REFUSED, EXISTS, REFUSED),
    (in_band(10020, 25802, description="an App of this id already exist"), REFUSED, EXISTS, REFUSED),
    (in_band(40003, 21202, 21203, 22104, 22999, 11102, details="empty"), REFUSED, REFUSED, REFUSED),
    (in_band(22107, details="duplicate node"), REFUSED, REFUSED, REFUSED),
    (in_band(10020, 10040, 11100, 11103, 21313, 22105, 40001, 40017, 40036, 30002), REFUSED, REFUSED, REFUSED),
    (in_band(55555), REFUSED, REFUSED, REFUSED),
    (in_band(11101, 21200, 22102, 30102, details="already exists"), ABSENT, ABSENT, ABSENT),
    (in_band(10050, details="already exists"), MOVED, MOVED, MOVED),
    (in_band(11000, 11001, 11002, 11007, 11008, 11009, 21201, 22103), FORBIDDEN, FORBIDDEN, FORBIDDEN),
    (in_band(*MAYBE_CODES), OVERLOADED, UNKNOWN, UNKNOWN),
    (transport("UNAVAILABLE"), NOBODY, UNKNOWN, UNKNOWN),
    (transport("UNAVAILABLE", text="Socket closed"), NOBODY, UNKNOWN, UNKNOWN),
    (transport("UNAVAILABLE", text=CERTIFICATE + "Connection refused"), NOBODY, NOBODY, NOBODY),
    (transport("UNAVAILABLE", text="errors resolving no.such.host:443"), NOBODY, NOBODY, NOBODY),
    (transport("UNAVAILABLE", text=CERTIFICATE + "CERTIFICATE_VERIFY_FAILED"), NO_TLS, NO_TLS, NO_TLS),
    (transport("UNAVAILABLE", text=CERTIFICATE + "Hostname Verification Check failed."), NO_TLS, NO_TLS, NO_TLS),
    (transport("UNAUTHENTICATED", "PERMISSION_DENIED"), FORBIDDEN, FORBIDDEN, FORBIDDEN),
    (transport("DEADLINE_EXCEEDED", "CANCELLED", "INTERNAL", "UNKNOWN"), NOBODY, UNKNOWN, UNKNOWN),
    (transport("ABORTED", "DATA_LOSS"), NOBODY, UNKNOWN, UNKNOWN),
    (transport("RESOURCE_EXHAUSTED"), LATER, LATER, LATER),
    (transport("RESOURCE_EXHAUSTED", text="CLIENT: Received message larger than max"), OVERLOADED, UNKNOWN, UNKNOWN),
    (transport("UNIMPLEMENTED", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS"), REFUSED, REFUSED, REFUSED),
]
CELLS = [
    pytest.param(kind, end, verdict, id=f"{kind}: {end.grpc} {end.code or ''} {end.text}"[:80])
    for ends, *verdicts in ROWS
    for end in ends
    for kind, verdict in zip(RpcClass, verdicts, strict=True)
]


@pytest.mark.parametrize(("kind", "end", "verdict"), CELLS)
def test_cell_of_the_table(kind, end, verdict):
    found = classify(kind, end)
    assert (found.step, found.error) == verdict


def test_the_table_has_a_row_for_every_ending_and_every_row_is_tested():
    assert set(TABLE) == set(Ending)
    assert {ending(end) for ends, *_ in ROWS for end in ends} == set(Ending)


def test_no_ending_lets_a_write_be_repeated_that_may_have_been_done():
    certainly_not_done = {Ending.THROTTLED, Ending.NOT_SENT}
    repeating = {e for e, row in TABLE.items() for v in row[1:] if v.step in (Step.REPEAT, Step.BACK_OFF)}
    assert repeating == certainly_not_done


# ---- the loop


def run(time, kind, ends, **patience):
    """The outcome, and what was paused for."""
    script, pauses = iter(ends), []
    retrier = Retrier(Patience(**patience), time.clock, time.sleep, jitter=lambda low, high: high)
    outcome = retrier.run(kind, lambda: next(script), lambda end, step, pause: pauses.append((step, pause)))
    return outcome, pauses


LOST, BUSY, DONE = End(grpc="UNAVAILABLE"), End(code=11005), End(code=10000)


def test_a_read_survives_three_lost_replies(time):
    outcome, pauses = run(time, RpcClass.READ, [LOST, LOST, LOST, DONE])
    assert outcome.end is DONE
    assert pauses == [(Step.REPEAT, 0.5), (Step.REPEAT, 1.0), (Step.REPEAT, 2.0)]
    assert time.slept == [0.5, 1.0, 2.0]


def test_a_read_is_given_up_after_four_attempts(time):
    outcome, _ = run(time, RpcClass.READ, [LOST] * 4)
    assert (outcome.attempts, outcome.verdict.error) == (4, Unreachable)


@pytest.mark.parametrize("kind", [RpcClass.WRITE_WITH_ID, RpcClass.WRITE_WITHOUT_ID])
@pytest.mark.parametrize("end", [LOST, End(grpc="DEADLINE_EXCEEDED"), End(code=99009)])
def test_a_write_that_may_have_been_done_is_sent_once(time, kind, end):
    outcome, pauses = run(time, kind, [end])
    assert (outcome.attempts, outcome.verdict.step, pauses) == (1, Step.WAIT_OUT, [])


@pytest.mark.parametrize("kind", RpcClass)
def test_a_throttled_call_backs_off_and_gets_through(time, kind):
    outcome, pauses = run(time, kind, [*[BUSY] * 8, DONE])
    assert outcome.end is DONE
    assert [pause for _, pause in pauses] == [0.5, 1, 2, 4, 8, 15, 15, 15]


def test_a_throttled_call_is_given_up_after_its_attempts(time):
    outcome, _ = run(time, RpcClass.READ, [BUSY] * 12)
    assert (outcome.attempts, outcome.verdict.error) == (12, ApiBusy)


def test_no_pause_is_begun_that_passes_the_deadline_of_the_run(time):
    outcome, _ = run(time, RpcClass.READ, [BUSY] * 12, deadline=time.now + 10)
    assert (outcome.end, outcome.attempts, outcome.verdict.error) == (BUSY, 5, ApiBusy)
    assert time.slept == [0.5, 1, 2, 4]


def test_a_pause_that_ends_just_at_the_deadline_is_begun(time):
    outcome, _ = run(time, RpcClass.READ, [BUSY, BUSY, DONE], deadline=time.now + 1.5)
    assert outcome.end is DONE


def test_who_waits_is_told_of_the_end_that_it_waits_for(time):
    told, script = [], iter([LOST, BUSY, DONE])
    retrier = Retrier(Patience(), time.clock, time.sleep)
    retrier.run(RpcClass.READ, lambda: next(script), lambda end, step, pause: told.append(end))
    assert told == [LOST, BUSY]


def test_the_pause_is_drawn_between_nothing_and_its_ceiling(time):
    drawn = []
    retrier = Retrier(Patience(), time.clock, time.sleep, jitter=lambda low, high: drawn.append((low, high)) or low)
    script = iter([LOST, LOST, DONE])
    retrier.run(RpcClass.READ, lambda: next(script), lambda end, step, pause: None)
    assert drawn == [(0.0, 0.5), (0.0, 1.0)]

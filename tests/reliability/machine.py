"""Random programmes: what is drawn for each step, and which steps there are.

Belongs here: strategies and rules. Does not belong here: what a step does and what must hold then (`programme`).
"""

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.reliability.bursts import CALLS, HAZE, KINDS, Burst
from tests.reliability.in_process import InProcess
from tests.reliability.manifest_sets import FIRST, FORMS, SECOND
from tests.reliability.programme import How, Programme, Tally
from tests.reliability.strangers import EDITS, NAMES

owners = st.sampled_from([FIRST.name, FIRST.name, SECOND.name])
forms = st.integers(-2, FORMS - 1).map(lambda number: None if number < 0 else number)
"""Of a document; less than nothing takes it away."""
deeds = st.tuples(st.integers(0, len(EDITS) - 1), st.integers(0, 2 * len(NAMES) - 1))
names = list(KINDS)
trains = st.builds(
    lambda first, stride, length: [names[(first + at * stride) % len(names)] for at in range(length)],
    st.integers(0, len(names) - 1), st.sampled_from([0, 0, 1, 5]), st.integers(4, 6),
)  # fmt: skip
"""The faults of a burst: the same again and again, or some of several kinds."""
bursts = st.builds(Burst, trains, st.sampled_from(CALLS), st.integers(0, 4))
weather = st.sampled_from([0, 1, 1, 2, 2]).flatmap(lambda number: st.lists(bursts, min_size=number, max_size=number))
hazes = st.builds(
    Burst, st.sampled_from([[kind] for kind in HAZE]),
    st.sampled_from(["*", "List*", "ListConceptRelations", "ListInputs", "ListModels"]), st.integers(0, 5),
)  # fmt: skip
"""One answer that deceives. A second one on the same question may hide for good what is ours and no longer declared."""
ways = st.fixed_dictionaries(
    {
        "prune": st.booleans(), "take": st.booleans(), "refresh": st.sampled_from(["stamp", "full"]),
        "shuffle": st.integers(0, 9),
    }
)  # fmt: skip


def some_forms(count: int) -> st.SearchStrategy[list[int | None]]:
    return st.lists(forms, min_size=count, max_size=count)


class Machine(RuleBasedStateMachine):
    """Two owners, strangers and a bad network around one app."""

    service: ClassVar[Any] = InProcess
    tally: ClassVar[Tally] = Tally()

    def __init__(self) -> None:
        super().__init__()
        self.programme = Programme(self.service(), self.tally)
        self.tally.programmes += 1

    def teardown(self) -> None:
        self.programme.close()

    @initialize(first=some_forms(len(FIRST.slots)), second=some_forms(len(SECOND.slots)))
    def begin(self, first: list[int | None], second: list[int | None]) -> None:
        self.tally.steps += 1
        for owner, chosen in ((FIRST, first), (SECOND, second)):
            for slot, form in enumerate(chosen):
                if not owner.slots[slot].endswith(":both"):
                    self.programme.edit(owner.name, slot, form)

    @rule(owner=owners, slot=st.integers(0, len(FIRST.slots) - 1), form=forms)
    def edit(self, owner: str, slot: int, form: int | None) -> None:
        self.tally.steps += 1
        self.programme.edit(owner, slot, form)

    @rule(owner=owners, edits=st.lists(st.tuples(st.integers(0, len(FIRST.slots) - 1), forms), min_size=2, max_size=4))
    def edit_more(self, owner: str, edits: list[tuple[int, int | None]]) -> None:
        self.tally.steps += 1
        for slot, form in edits:
            self.programme.edit(owner, slot, form)

    @rule(deed=deeds)
    def meddle(self, deed: tuple[int, int]) -> None:
        self.tally.steps += 1
        self.programme.meddle(*deed)

    @rule(deed=deeds)
    def meddle_again(self, deed: tuple[int, int]) -> None:
        self.tally.steps += 1
        self.programme.meddle(*deed)

    @rule(owner=owners, weather=weather)
    def look(self, owner: str, weather: list[Burst]) -> None:
        self.tally.steps += 1
        self.programme.look(owner, weather)

    @rule(owner=owners, way=ways, weather=weather)
    def apply(self, owner: str, way: dict[str, Any], weather: list[Burst]) -> None:
        self.tally.steps += 1
        self.programme.run(owner, How(**way, bursts=weather))

    @rule(owner=owners, way=ways, weather=weather)
    def apply_again(self, owner: str, way: dict[str, Any], weather: list[Burst]) -> None:
        self.tally.steps += 1
        self.programme.run(owner, How(**way, bursts=weather))

    @rule(owner=owners, way=ways, weather=weather, deed=deeds)
    def apply_while_others_work(
        self, owner: str, way: dict[str, Any], weather: list[Burst], deed: tuple[int, int]
    ) -> None:
        self.tally.steps += 1
        self.programme.run(owner, How(**way, bursts=weather[:1], meddling=deed))

    @rule(owner=owners, way=ways, weather=weather)
    def plan_through_faults(self, owner: str, way: dict[str, Any], weather: list[Burst]) -> None:
        self.tally.steps += 1
        self.programme.run(owner, How(**way, bursts=weather, while_planning=True))

    @rule(owner=owners, way=ways, haze=hazes, while_planning=st.booleans())
    def apply_through_haze(self, owner: str, way: dict[str, Any], haze: Burst, while_planning: bool) -> None:
        self.tally.steps += 1
        self.programme.run_through_haze(owner, How(**way, bursts=[haze], while_planning=while_planning))

    @rule(owner=owners, way=ways, weather=weather)
    def adopt(self, owner: str, way: dict[str, Any], weather: list[Burst]) -> None:
        self.tally.steps += 1
        self.programme.run(owner, How(**way, bursts=weather, adopt_only=True))

    @rule(owner=owners, way=ways, weather=weather, delete_app=st.booleans())
    def destroy(self, owner: str, way: dict[str, Any], weather: list[Burst], delete_app: bool) -> None:
        self.tally.steps += 1
        self.programme.run(owner, How(**way, bursts=weather, destroy=True, delete_app=delete_app))

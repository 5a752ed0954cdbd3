"""What the tests of reliability share: runs of the command line that cost no start-up."""

from collections.abc import Iterator

import pytest

from tests.reliability.zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Runs `reconciler` as a process of its own, forked from a warm one."""
    with Zygote() as process:
        yield process

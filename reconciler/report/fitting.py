"""Cutting a text to a limit without ever cutting inside one of its blocks, and saying what was left out.

GitHub refuses a comment of more than 65,536 characters and drops a step summary of more than a mebibyte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.report.changes import counted


@dataclass(frozen=True, slots=True)
class Limit:
    """How much a reader takes, in its own unit."""

    most: int
    size: Callable[[str], int]
    where: str

    def fits(self, text: str) -> bool:
        """Whether a whole text is within the limit."""
        return self.size(text) <= self.most


def utf16_units(text: str) -> int:
    """Length as JavaScript counts it: never less than the number of characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """Length as stored."""
    return len(text.encode("utf-8", "surrogatepass"))


COMMENT = Limit(65_000, utf16_units, "a comment")
"""A little less than GitHub's 65,536, so that a workflow can put a line of its own beside it."""

STEP_SUMMARY = Limit(1024 * 1024, utf8_bytes, "a step summary")


@dataclass(frozen=True, slots=True)
class Block:
    """A part that is shown whole; with `items`, as many of them as there is room for, and at least one."""

    head: str
    what: str
    """What one of its items is called when it had to be left out: `change`."""
    items: tuple[str, ...] = ()
    tail: str = ""
    gap: str = "\n"


def fitted(top: str, blocks: Iterable[Block], limit: Limit, more: str = "") -> str:
    """The top, a notice if anything had to be left out, and the blocks that fit, in their order.

    `more` is Markdown that says where all of it can be seen.
    """
    blocks = list(blocks)
    whole = top + "".join(block.gap + block.head + "".join(block.items) + block.tail for block in blocks)
    if limit.fits(whole):
        return whole
    everything: Counter[str] = Counter()
    for block in blocks:
        everything[block.what] += max(1, len(block.items))
    room = limit.most - limit.size(top + _notice(everything, limit, more))
    left_out: Counter[str] = Counter()
    kept: list[str] = []
    for block in blocks:  # a small one may still fit behind a big one that did not
        kept.append(_cut(block, limit, left_out, room))
        room -= limit.size(kept[-1])
    return top + _notice(left_out, limit, more) + "".join(kept)


def _cut(block: Block, limit: Limit, left_out: Counter[str], room: int) -> str:
    frame = block.gap + block.head + block.tail
    room -= limit.size(frame)
    kept: list[str] = []
    for item in block.items:
        room -= limit.size(item)
        if room < 0:
            break
        kept.append(item)
    if room < 0 and not kept:
        left_out[block.what] += max(1, len(block.items))
        return ""
    if missing := len(block.items) - len(kept):
        left_out[block.what] += missing
    return block.gap + block.head + "".join(kept) + block.tail


def _notice(left_out: Counter[str], limit: Limit, more: str) -> str:
    said = ", ".join(counted(number, what) for what, number in left_out.items() if number)
    tail = f" {more}" if more else ""
    return f"\n**Left out, because {limit.where} holds no more: {said}.**{tail}\n"

"""Concepts wider than ImageNet's: each is the sum of the probabilities of the classes it covers.

Belongs here: the table. The classes exclude each other, so their probabilities add up to the probability that the
picture shows one of them; no weight of ours goes in. Numbers are positions in `imagenet_names.txt`, which follows
the order of ILSVRC 2012 (all animals first, food and plants last).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

TABLE: Final[Mapping[str, str]] = {
    "animal": "0-397",
    "fish": "0-6 389-397",
    "bird": "7-24 80-100 127-146",
    "frog": "30-32",
    "reptile": "33-68",
    "spider": "72-77",
    "dog": "151-268",
    "cat": "281-285",
    "big cat": "286-293",
    "bear": "294-297",
    "insect": "300-326",
    "butterfly": "321-326",
    "primate": "365-384",
    "vehicle": "403-405 407-408 417 436 444 450 466 468 472 484 510-511 537 547 554-555 561 565 569 573 575-576 586 595"
    " 603 609 612 625 627-628 654 656 661 665 670-671 675 690 705 717 724 734 751 757 779-780 802-803 812 814 817 820"
    " 829 833 847 856 864 866-867 870-871 874 880 895 914",
    "car": "407 436 468 511 609 627 656 661 717 751 817",
    "truck": "555 569 675 717 803 864 867",
    "bus": "654 779 874",
    "train": "466 547 565 705 820 829",
    "aircraft": "404-405 417 895",
    "boat": "403 472 484 510 554 576 625 628 724 780 814 833 871 914",
    "bicycle": "444 671",
    "building": "415 424-425 437 442 449 454 467 483 497-498 500 509 580 582 624 634 660 663 668 698 727 743 762 788"
    " 832 860 865 900 915",
    "clothing": "399-400 411 433 439 445 451-452 457 459 465 474 501-502 514-515 529 568 578 601 608 610 614 617 630"
    " 638-639 652 655 658 667 689 697 735 770 774-775 793 806 808 824 834 841-842 869 887 906",
    "furniture": "423 453 493 495 516 520 526 532 548 553 559 564 648 703 765 831 846 857 861 894",
    "food": "924-957 959-965",
    "drink": "966-967 969",
    "fruit": "948-957",
    "vegetable": "936-947",
    "flower": "985-986",
    "fungus": "991-997",
}


@cache
def members() -> Mapping[str, Sequence[int]]:
    """The table with every range written out."""
    return {name: tuple(_numbers(ranges)) for name, ranges in TABLE.items()}


def _numbers(ranges: str) -> list[int]:
    bounds = [part.split("-") for part in ranges.split()]
    return [number for part in bounds for number in range(int(part[0]), int(part[-1]) + 1)]

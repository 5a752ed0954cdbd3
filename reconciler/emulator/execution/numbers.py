"""Numbers as the wire rounds them.

Belongs here: float32. A concept's value travels as float32, a param as float64: 0.95 is 0.949999988 in the one and
0.95 in the other, so both are brought to float32 before they are compared (facts 4.4).
"""

from __future__ import annotations

import struct


def float32(value: float) -> float:
    """The nearest float32."""
    return float(struct.unpack("f", struct.pack("f", value))[0])

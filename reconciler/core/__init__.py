"""The words of the domain: values and pure functions. No I/O, no clock, no network, nothing of the packages above."""

"""Locks that keep two runs from changing one app at a time: numbered leases in some store, or another system's lock.

Belongs here: clocks, threads, waiting, and the stores. Does not belong here: who gets in (`core.lease`), flags (`cli`).
"""

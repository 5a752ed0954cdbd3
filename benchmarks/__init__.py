"""Measures the tool against what users would pick instead and against the floor; see docs/benchmarks.md."""

"""Measure the vision extra on this machine: time to the first picture, time a picture, memory.

    taskset -c 0 python benchmarks/vision.py

Expected on one core of a server of 2023 (AMD EPYC): under 150 ms a picture of 512 pixels, under 250 MB at the peak.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reconciler.emulator.prediction.vision import VisionPredictor, limit_blas_threads

PICTURES = Path(__file__).parents[1] / "manifests" / "auto-annotation" / "pictures"
REPEATS = 5


def milliseconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def report(what: str, work: Callable[[bytes], object], images: list[bytes]) -> None:
    """Print the median and the worst of several rounds over all pictures."""
    times = [milliseconds(lambda image=image: work(image)) for image in images * REPEATS]
    print(f"{what:24} {statistics.median(times):6.1f} ms (median), {max(times):6.1f} ms (slowest)")


def main() -> None:
    """Measure and print everything."""
    limit_blas_threads()
    images = [file.read_bytes() for file in sorted(PICTURES.glob("*.jpg"))]
    nets = VisionPredictor(remembered=0)
    print(f"{'first picture':24} {milliseconds(lambda: nets.concepts(images[0])):6.1f} ms with loading the nets")
    report("embedding", nets.embedding, images)
    report("faces", nets.faces, images)
    report("concepts and faces", nets.concepts, images)
    print(f"{'memory at the peak':24} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:6.0f} MB")


if __name__ == "__main__":
    main()

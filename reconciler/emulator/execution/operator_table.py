"""Which model type follows which rule; each rule is a file of `operators/`.

Does not belong here: the rules. A type whose rule no document states is not in the table: the emulator says that it
does not run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.emulator.execution.operators import (
    annotation_writer,
    concept_synonym_mapper,
    concept_thresholder,
    image_crop,
    prompter,
    random_sample,
    regex_based_classifier,
    region_thresholder,
)
from reconciler.emulator.execution.task import Behaviour

OPERATORS: Final[Mapping[str, Behaviour]] = {
    "concept-thresholder": concept_thresholder.run,
    "region-thresholder": region_thresholder.run,
    "concept-synonym-mapper": concept_synonym_mapper.run,
    "annotation-writer": annotation_writer.run,
    "image-crop": image_crop.run,
    "random-sample": random_sample.run,
    "prompter": prompter.run,
    "regex-based-classifier": regex_based_classifier.run,
}

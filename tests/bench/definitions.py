"""What the definitions of R4 cost a program that loads all of them, in a process of its own.

`python -m tests.bench.definitions`. All of it should take less than 300 ms and 60 MB.
"""

from __future__ import annotations

import resource
import sys
import time


def main() -> None:
    """Load every structure, binding, rule, search parameter and compartment."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    # Imported here, so that their modules count too.
    from shared.fhir import definitions  # noqa: PLC0415

    for name in definitions.type_names():
        definitions.invariants(name)
        for element in definitions.type_definition(name).elements.values():
            if element.binding is not None:
                definitions.required_codes(element.binding)
    for name in definitions.RESOURCE_TYPES:
        definitions.search_parameters(name)
        definitions.compartment_parameters("Patient", name)
    seconds = time.process_time() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    sys.stdout.write(f"{seconds * 1e3:.0f} ms, {grown / 1024:.0f} MB\n")


if __name__ == "__main__":
    main()

"""What the kinds of events are, by event id: which are accesses, how wide, which way.

Made from the list of events alone, so that a new kind needs nothing here.
"""

from __future__ import annotations

import numpy as np

from vellum.trace.decode import ID_MASK, Mask
from vellum.trace.events import EVENTS

__all__ = ["ACCESS", "HAS_ADDRESS", "IS_READ", "IS_WRITE"]

# (bytes, write) of an access that was decoded; None for the other events.
ACCESS: list[tuple[int, bool] | None] = [None] * (ID_MASK + 1)
for _event in EVENTS:
    if _event.fields == ("pc", "addr", "value"):
        ACCESS[_event.id] = _event.layout.size - 16, _event.name.startswith("mmio_write")


def _table(chosen: set[int]) -> Mask:
    return np.array([type_id in chosen for type_id in range(ID_MASK + 1)])


HAS_ADDRESS = _table({event.id for event in EVENTS if "addr" in event.fields})
IS_READ = _table({type_id for type_id, one in enumerate(ACCESS) if one and not one[1]})
IS_WRITE = _table({type_id for type_id, one in enumerate(ACCESS) if one and one[1]})

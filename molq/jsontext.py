"""JSON as molq writes it: indented, strict, every number finite."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from molq.terminaltext import escaped


def dumps(value: Any) -> str:
    """Indented JSON; numbers that JSON has no word for are null, and a terminal obeys nothing."""
    text = json.dumps(finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    return escaped(text) + "\n"


def finite(value: Any) -> Any:
    """The same value with NaN and infinities replaced by None, all the way down."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value

"""The token that a Ray cluster asks for."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def show_token() -> None:
    """Have Ray show its token when it joins a cluster; by itself it does so only at home.

    Works only before Ray is imported. What the environment already says is left alone.
    """
    # later it would reach only the processes that Ray starts, and not Ray in this one
    if "RAY_AUTH_MODE" in os.environ or "ray" in sys.modules:
        return
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    if named or (Path.home() / ".ray" / "auth_token").is_file():
        os.environ["RAY_AUTH_MODE"] = "token"

"""Python's clock wrong by as many seconds as the file named by ``FAULTY_CLOCK`` says by now.

Loaded by every Python process whose ``PYTHONPATH`` names this folder: the driver, Ray's workers
and the calculations. What is not Python (the kernel, SQLite, Ray's daemons) keeps the true time.
"""

import datetime
import os
import time

_FILE = os.environ.get("FAULTY_CLOCK")
_true_time, _true_time_ns, _true_datetime = time.time, time.time_ns, datetime.datetime


def _error() -> float:
    try:
        with open(_FILE or "") as file:
            return float(file.read() or 0)
    except OSError:
        return 0.0


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _true_datetime)


class _FalseDatetime(_true_datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return _true_datetime.now(tz) + datetime.timedelta(seconds=_error())

    @classmethod
    def utcnow(cls) -> datetime.datetime:
        return cls.now(datetime.UTC).replace(tzinfo=None)


if _FILE:
    time.time = lambda: _true_time() + _error()
    time.time_ns = lambda: _true_time_ns() + int(_error() * 1e9)
    datetime.datetime = _FalseDatetime  # type: ignore[misc]

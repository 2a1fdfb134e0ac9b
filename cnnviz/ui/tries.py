"""Guessing a password is made slow: so many wrong tries at once, then one more now and then."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

WRONG_AT_ONCE = 8  # tries of one address that may go wrong in a row …
A_TRY_EVERY_S = 4.0  # … and then one more so often
_MOST_ADDRESSES = 4096


class Tries:
    """How many wrong tries an address has left; they come back with time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Seconds until the next try is looked at; 0 for now."""
        return max(0.0, (self._now_spent(address) - WRONG_AT_ONCE + 1) * A_TRY_EVERY_S)

    def wrong(self, address: str) -> None:
        """Note a wrong one."""
        self._spent[address] = (self._now_spent(address) + 1, self._clock())
        self._spent.move_to_end(address)
        while len(self._spent) > _MOST_ADDRESSES:
            self._spent.popitem(last=False)

    def _now_spent(self, address: str) -> float:
        spent, since = self._spent.get(address, (0.0, 0.0))
        return max(0.0, spent - (self._clock() - since) / A_TRY_EVERY_S)


def network_of(host: str) -> str:
    """Who tries: an IPv6 network counts as one, for its owner has addresses without end."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else host

"""Who has which run, where several machines share the storage: leases that one actor gives out.

File locks are not to be trusted between machines. On a cluster (see ``cnnviz.cluster``) one named,
detached actor, the keeper, knows who holds what. A lease ends by itself: its holder renews it every
second, and reckons from the moment it *asked* for the last renewal with less time than the keeper
gives from the moment of its *answer*. So whoever has lost a lease knows it before anybody else can
get it. Only lengths of time are compared, never the clocks of two machines.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnviz import cluster, storage
from cnnviz.errors import NotPossible
from cnnviz.runs import attempts

HOLD_S = 6.5  # after the last renewal was asked for, a holder holds nothing any more
LEASE_S = 8.5  # after the last renewal was answered, somebody else may get it
RENEW_S = 1.0
KEEPER = "leases"
_LOOK_S = 0.2  # how old an answer to "does anybody hold it" may be
_AGAIN_S = 0.02


class Keeper:
    """The book of leases. Ray lets one call at a time into it.

    When it has broken off and begun again it knows nothing: holders tell it with their next
    renewal, and until they have had time for that, no run that a worker was at is given out.

    Args:
        home: ``$CNNVIZ_HOME``.
        clock: seconds that only grow.
    """

    def __init__(self, home: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._home, self._clock = Path(home), clock
        self._began = clock()
        self._book: dict[str, tuple[str, float]] = {}  # key → whose, until when

    def take(self, key: str, token: str) -> bool:
        """Give a lease out, unless somebody else has it."""
        holder = self._holder(key)
        if holder not in (None, token) or (holder is None and self._may_be_at_work(key)):
            return False
        self._book[key] = token, self._clock() + LEASE_S
        return True

    def renew(self, leases: dict[str, str]) -> list[str]:
        """Prolong leases (token → key); the tokens of those that are held from now on."""
        kept = []
        for token, key in leases.items():
            if self._holder(key) in (None, token):
                self._book[key] = token, self._clock() + LEASE_S
                kept.append(token)
        return kept

    def let_go(self, key: str, token: str) -> None:
        """The holder does not need it any more."""
        if self._holder(key) == token:
            del self._book[key]

    def held(self) -> list[str]:
        """The keys of all leases."""
        return [key for key in list(self._book) if self._holder(key) is not None]

    def _holder(self, key: str) -> str | None:
        token, until = self._book.get(key, ("", 0.0))
        if token and until > self._clock():
            return token
        self._book.pop(key, None)
        return None

    def _may_be_at_work(self, key: str) -> bool:
        """Whether somebody who has not been heard of since we began may hold a run."""
        kind, _, identifier = key.partition(":")
        if kind != "run" or self._clock() - self._began >= LEASE_S:
            return False
        return (self._home / "runs" / identifier / attempts.FILE).exists()


@dataclass(eq=False)
class Lease:
    """Something that this process holds. ``until``: when it ends if nothing is heard of the keeper
    (``time.monotonic``, which all processes of a machine share)."""

    key: str
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    until: float = 0.0

    @property
    def valid(self) -> bool:
        return time.monotonic() < self.until


def run_key(folder: Path) -> str:
    """The name of a run's lease; its folder has other names while it is made or goes."""
    return f"run:{folder.name[-24:]}"


def file_key(path: Path) -> str:
    """The name of the lease that stands for a lock file of the home."""
    return f"file:{path.resolve().relative_to(storage.home().resolve())}"


def take(key: str, patience: float = 0.0) -> Lease | None:
    """A lease, renewed from now on; None when somebody has it.

    ``patience`` in seconds, infinite to wait for as long as it takes.

    Raises:
        NotPossible: the cluster does not answer.
    """
    return _client().take(key, patience)


def let_go(lease: Lease) -> None:
    """Give a lease back."""
    _client().let_go(lease)


def is_held(key: str) -> bool:
    """Whether anybody has it, as of a moment ago."""
    return key in _client().held()


def runs_at_work() -> int:
    """How many runs somebody has, as of a moment ago."""
    return sum(key.startswith("run:") for key in _client().held())


class _Client:
    """This process's side: what it holds, and a thread that renews it."""

    def __init__(self, keeper: Any) -> None:
        self._keeper = keeper
        self._mine: dict[str, Lease] = {}
        self._lock = threading.Lock()
        self._held: frozenset[str] = frozenset()
        self._look_until = 0.0
        threading.Thread(target=self._renew, daemon=True, name="leases").start()

    def take(self, key: str, patience: float) -> Lease | None:
        lease, deadline = Lease(key), time.monotonic() + patience
        while True:
            asked = time.monotonic()
            if cluster.answer(self._keeper.take.remote(key, lease.token)):
                lease.until = asked + HOLD_S
                with self._lock:
                    self._mine[lease.token] = lease
                    self._look_until = 0.0
                return lease
            if time.monotonic() > deadline:
                return None
            time.sleep(_AGAIN_S)

    def let_go(self, lease: Lease) -> None:
        with self._lock:
            self._mine.pop(lease.token, None)
            self._look_until = 0.0
        lease.until = 0.0
        self._keeper.let_go.remote(lease.key, lease.token)  # in order: before all we ask next

    def held(self) -> Iterable[str]:
        if time.monotonic() > self._look_until:
            self._look_until = time.monotonic() + _LOOK_S
            self._held = frozenset(cluster.answer(self._keeper.held.remote()))
        return self._held

    def _renew(self) -> None:
        while True:
            time.sleep(RENEW_S)
            with self._lock:
                mine = {token: lease.key for token, lease in self._mine.items() if lease.valid}
            if mine:
                self._renew_once(mine)

    def _renew_once(self, mine: dict[str, str]) -> None:
        asked = time.monotonic()
        try:
            kept = cluster.answer(self._keeper.renew.remote(mine), HOLD_S)
        except NotPossible:  # the next try may reach it; else the leases end
            return
        with self._lock:
            for token in mine.keys() & self._mine.keys():
                self._mine[token].until = asked + HOLD_S if token in kept else 0.0


_clients: dict[str, _Client] = {}  # by home, cluster and the time that we have been part of it
_making = threading.Lock()


def _client() -> _Client:
    with _making:
        here = cluster.connect().get_runtime_context()
        key = f"{cluster.actor_name(KEEPER)} {here.gcs_address} {here.get_job_id()}"
        if key not in _clients:
            home = str(storage.home().resolve())
            keeper = cluster.detached(KEEPER, Keeper, home, max_task_retries=-1)
            _clients[key] = _Client(keeper)
        return _clients[key]

"""Who is next: people take turns, so that ten questions of one do not keep another waiting."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar


class Asked(Protocol):
    """Something that a person wants; ``asker`` tells one person from another."""

    @property
    def asker(self) -> str: ...


T = TypeVar("T", bound=Asked)


class Lane(Generic[T]):
    """Things that wait. Whoever has least under way comes first, then whose turn was longest ago;
    of one person's, the oldest."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[T]:
        for own in self._waiting.values():
            yield from own

    def add(self, thing: T) -> None:
        """Wait behind what the same person asked before."""
        self._waiting.setdefault(thing.asker, deque()).append(thing)

    def put_back(self, thing: T) -> None:
        """Wait before everything else: it had its turn and lost it."""
        self._waiting.setdefault(thing.asker, deque()).appendleft(thing)
        self._waiting.move_to_end(thing.asker, last=False)

    def remove(self, thing: T) -> None:
        """Wait no longer; raises ValueError when it did not."""
        own = self._waiting.get(thing.asker, deque())
        own.remove(thing)
        if not own:
            del self._waiting[thing.asker]

    def pop(self, under_way: Iterable[str] = ()) -> T:
        """The next one; ``under_way`` names the asker of everything that is being worked on.

        Raises:
            IndexError: nothing waits.
        """
        if not self._waiting:
            raise IndexError("nothing waits")
        busy = Counter(under_way)
        asker = min(self._waiting, key=lambda name: busy[name])  # the first of equals
        thing = self._waiting[asker].popleft()
        if self._waiting[asker]:
            self._waiting.move_to_end(asker)
        else:
            del self._waiting[asker]
        return thing

    def place(self, thing: T, under_way: Iterable[str] = ()) -> int:
        """How many come before it if nobody comes in addition; raises ValueError if it does not
        wait."""
        imagined: Lane[T] = Lane()
        imagined._waiting = OrderedDict((k, deque(v)) for k, v in self._waiting.items())
        busy = list(under_way)
        for before in range(len(imagined)):
            following = imagined.pop(busy)
            if following is thing:
                return before
            busy.append(following.asker)
        raise ValueError("it does not wait")

    def clear(self) -> None:
        """Nothing waits any more."""
        self._waiting.clear()

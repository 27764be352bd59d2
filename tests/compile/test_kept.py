"""What is kept of earlier work: up to a size, for all threads."""

import sys
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from meanfield.compile.kept import Kept


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 30))
def test_the_least_recently_used_go_first(keys: list[int], limit: int) -> None:
    kept: Kept[int] = Kept(limit, lambda value: value)
    order: list[int] = []
    for key in keys:
        made: list[int] = []
        assert kept.get(key, lambda key=key, made=made: made.append(key) or key) == key
        assert bool(made) == (key not in order)
        order = [k for k in order if k != key] + [key]
        while sum(order) > limit and len(order) > 1:
            del order[0]
        assert len(kept) == len(order)


def test_threads() -> None:
    kept: Kept[int] = Kept(3)
    pause = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as executor:
            assert list(executor.map(lambda k: kept.get(k % 7, lambda: k % 7), range(4000))) == [k % 7 for k in range(4000)]
    finally:
        sys.setswitchinterval(pause)
    assert len(kept) == 3

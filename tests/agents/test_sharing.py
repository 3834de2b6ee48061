"""What is loaded once is shared, and made anew when it was closed."""

import atexit
from unittest.mock import patch

from tertulia.agents.sharing import Shared


class Lamp:
    """It burns until it is closed."""

    def __init__(self, room: str) -> None:
        self.room, self.closed = room, False

    def close(self) -> None:
        self.closed = True


def test_one_is_made_for_all_who_want_the_same() -> None:
    lamps = Shared(Lamp)
    assert lamps.of("hall") is lamps.of("hall")
    assert lamps.of("hall") is not lamps.of("cellar")


def test_a_fresh_one_is_made_where_the_last_was_closed() -> None:
    lamps = Shared(Lamp)
    first = lamps.of("hall")
    first.close()
    assert not lamps.of("hall").closed
    lamps.close()
    assert not lamps.of("hall").closed


def test_all_are_closed_at_once_and_when_python_ends() -> None:
    with patch.object(atexit, "register") as at_the_end:
        lamps = Shared(Lamp)
    made = [lamps.of("hall"), lamps.of("cellar")]
    [ending] = at_the_end.call_args.args
    ending()
    assert [lamp.closed for lamp in made] == [True, True]

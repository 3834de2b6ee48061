"""What is kept of one call while it lasts: for the budgets that it is charged to, and for watchers.

Nothing is kept of a call that no budget bounds and that nobody watches.
"""

from langchain_core.messages import BaseMessage

from tertulia.agents.callers import Caller
from tertulia.agents.faults import BudgetSpent
from tertulia.agents.pool.accounts import Accounts, Hold
from tertulia.agents.pool.bounds import Most
from tertulia.agents.pool.tally import Tally
from tertulia.agents.pool.watching import Watched


class Record:
    """One call as it is charged and watched."""

    __slots__ = ("_accounts", "_holds", "_most", "_seen", "_tally", "_who")

    def __init__(self, who: Caller, tally: Tally, accounts: Accounts, seen: Watched | None) -> None:
        """It has come."""
        self._who, self._tally, self._most = who, tally, Most()
        self._accounts, self._seen = accounts, seen
        self._holds: list[Hold] = []

    def hold(self, most: Most) -> None:
        """Let it be sent, if it may take so much. Raises ``BudgetSpent`` if it may not."""
        self._most = most
        self._holds.append(self._accounts.hold(self._who, most.tokens, most.cost))

    def may_be_sent_twice(self) -> bool:
        """Whether there is enough left for that; then it is held."""
        try:
            self.hold(self._most)
        except BudgetSpent:
            return False
        return True

    def placed(self, server: str) -> None:
        """It is sent somewhere."""
        self._tally.server = server
        if self._seen is not None:
            self._seen.placed(server)

    def hedged(self, first: str, second: str) -> None:
        """It is sent to a second server as well."""
        if self._seen is not None:
            self._seen.hedged(first, second)

    def began(self, server: str) -> None:
        """Its first token has come from there."""
        self._tally.server = server
        if self._seen is not None:
            self._seen.began(server)

    def hear(self, message: BaseMessage) -> None:
        """A piece of the answer has come."""
        self._tally.hear(message)

    def lost(self, server: str) -> None:
        """A server was called off, since another one was sooner."""
        self._tally.lost(server)

    def retried(self, error: Exception) -> None:
        """It has failed, and is to be sent again."""
        if self._seen is not None:
            self._seen.retried(error)

    def ended(self, error: BaseException | None) -> None:
        """It is over, well or not, and is charged."""
        tally = self._tally
        for place, hold in enumerate(self._holds):  # charged once, whatever was held for it
            used = (0, 0.0) if place else (tally.read + tally.written, tally.cost)
            self._accounts.settle(hold, *used)
        if self._seen is not None:
            self._seen.ended(tally.read, tally.written, tally.cost, error)

"""The node of a graph in which a plan is carried out. It needs no LangGraph."""

from collections.abc import Awaitable, Callable, Sequence

from tertulia.agents.planning.conduct import CONDUCT, Conduct
from tertulia.agents.planning.execution import PlanRun
from tertulia.agents.planning.executors import Toolbox
from tertulia.agents.planning.plan import Plan
from tertulia.agents.planning.proposing import Proposer
from tertulia.agents.state import InTurn, TurnState
from tertulia.agents.tools import Tool


def plan_executor(
    source: Plan | Proposer, tools: Sequence[Tool] = (), conduct: Conduct = CONDUCT
) -> Callable[[TurnState, InTurn], Awaitable[TurnState]]:
    """Carry out a plan with these tools and those in the room, and keep what came of it.

    ``source`` is the plan, or who makes one (``model_proposer``): only the latter is asked for
    another when a task fails or somebody says something. What came of it is the state's
    ``account``, for the model that speaks next. Raises ``Invalid`` for tools that cannot be used;
    the node raises ``BadPlan``, and what the proposer raises.
    """
    box = Toolbox(tools)

    async def carry_out_plan(state: TurnState, runtime: InTurn) -> TurnState:
        outcome = await PlanRun(runtime.context, source, box, conduct).run()
        return TurnState(account=outcome.account)

    return carry_out_plan

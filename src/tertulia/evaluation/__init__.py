"""How often the scorers are right about rooms that people really had, beside the rules' figures."""

from tertulia.evaluation.turns import LEARNED, RULES, Makers, eval_turns

__all__ = ["LEARNED", "RULES", "Makers", "eval_turns"]

"""What attributes of spans are called: OpenTelemetry's names where it has one, ours beside them.

The GenAI conventions are still incubating, so their constants are imported here and nowhere else.
"""

from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as gen_ai
from opentelemetry.semconv.attributes import error_attributes as error
from opentelemetry.semconv.attributes import server_attributes as server

OPERATION = gen_ai.GEN_AI_OPERATION_NAME
PROVIDER = gen_ai.GEN_AI_PROVIDER_NAME
CONVERSATION = gen_ai.GEN_AI_CONVERSATION_ID
AGENT = gen_ai.GEN_AI_AGENT_NAME
REQUEST_MODEL = gen_ai.GEN_AI_REQUEST_MODEL
REQUEST_TEMPERATURE = gen_ai.GEN_AI_REQUEST_TEMPERATURE
REQUEST_MAX_TOKENS = gen_ai.GEN_AI_REQUEST_MAX_TOKENS
RESPONSE_MODEL = gen_ai.GEN_AI_RESPONSE_MODEL
FINISH_REASONS = gen_ai.GEN_AI_RESPONSE_FINISH_REASONS
FIRST_CHUNK_S = gen_ai.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK
INPUT_TOKENS = gen_ai.GEN_AI_USAGE_INPUT_TOKENS
OUTPUT_TOKENS = gen_ai.GEN_AI_USAGE_OUTPUT_TOKENS
CACHED_TOKENS = gen_ai.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS
TOKEN_TYPE = gen_ai.GEN_AI_TOKEN_TYPE
INPUT_MESSAGES = gen_ai.GEN_AI_INPUT_MESSAGES
OUTPUT_MESSAGES = gen_ai.GEN_AI_OUTPUT_MESSAGES
TOOL = gen_ai.GEN_AI_TOOL_NAME
TOOL_TYPE = gen_ai.GEN_AI_TOOL_TYPE
TOOL_CALL = gen_ai.GEN_AI_TOOL_CALL_ID
TOOL_ARGUMENTS = gen_ai.GEN_AI_TOOL_CALL_ARGUMENTS
TOOL_RESULT = gen_ai.GEN_AI_TOOL_CALL_RESULT
ERROR_TYPE = error.ERROR_TYPE
SERVER_ADDRESS = server.SERVER_ADDRESS
SERVER_PORT = server.SERVER_PORT

INVOKE_AGENT, CHAT, EXECUTE_TOOL = "invoke_agent", "chat", "execute_tool"
"""Values of ``OPERATION``."""

TURN = "tertulia.turn.id"
ATTEMPT = "tertulia.turn.attempt"
OUTCOME = "tertulia.turn.outcome"
ANSWERS = "tertulia.turn.answers"
PRIVATE = "tertulia.turn.private"
TURN_TOKENS = "tertulia.turn.tokens"
TURN_COST = "tertulia.turn.cost"
PARKED_S = "tertulia.turn.parked_s"
SEQ = "tertulia.event.seq"
NODE = "tertulia.node.name"
STEP = "tertulia.node.step"
WAITS = "tertulia.node.waits"
EFFECT = "tertulia.effect.id"
POLICY = "tertulia.effect.policy"
STATE = "tertulia.effect.state"
EFFECT_ATTEMPT = "tertulia.effect.attempt"
APPROVAL = "tertulia.approval.id"
MATTER = "tertulia.approval.kind"
RULING = "tertulia.approval.ruling"
CANCELLED = "tertulia.cancelled"
POOL = "tertulia.pool.name"
POOL_SERVER = "tertulia.pool.server"
POOL_WAIT_S = "tertulia.pool.wait_s"
POOL_RETRIES = "tertulia.pool.retries"
HEDGED = "tertulia.pool.hedged"
TENANT = "tertulia.tenant"
LINK = "tertulia.link"
"""What a span is linked for: ``answers`` an utterance, or is another ``attempt`` at a turn."""

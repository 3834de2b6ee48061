"""Figures of models' calls, under the names of OpenTelemetry's GenAI conventions.

They are counted for Prometheus, and by OpenTelemetry's own meter, which does nothing unless the
program has set one up.
"""

from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics as gen_ai
from prometheus_client import CollectorRegistry

from tertulia.telemetry import names
from tertulia.telemetry.answers import Answer, Asked
from tertulia.telemetry.instruments import CALL_S, TOKENS, Instruments
from tertulia.telemetry.labels import Bounded

WHICH = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


class ModelFigures:
    """What calls of models took."""

    def __init__(self, registry: CollectorRegistry, meters: MeterProvider | None = None) -> None:
        """Register them; ``meters`` is OpenTelemetry's, the program's own unless given."""
        self._model = Bounded()
        meter = get_meter("tertulia", meter_provider=meters)
        self._duration = gen_ai.create_gen_ai_client_operation_duration(meter)
        self._usage = gen_ai.create_gen_ai_client_token_usage(meter)
        make = Instruments(registry)
        self.seconds = make.histogram(
            "gen_ai_client_operation_duration_seconds",
            "How long a call of a model took.",
            CALL_S,
            *WHICH,
            "error_type",
        )
        self.tokens = make.histogram(
            "gen_ai_client_token_usage",
            "Tokens of a call, read (input) and written (output).",
            TOKENS,
            *WHICH,
            "gen_ai_token_type",
        )
        self.first_s = make.histogram(
            "gen_ai_client_operation_time_to_first_chunk_seconds",
            "From a call to the first piece of its answer.",
            CALL_S,
            *WHICH,
        )
        self.running = make.gauge(
            "tertulia_model_calls_in_flight",
            "Calls of models that have begun and not ended.",
            "gen_ai_request_model",
        )

    def asked(self, asked: Asked, more: int) -> None:
        """So many more calls are under way."""
        self.running.labels(self._model(asked.model)).inc(more)

    def answered(self, answer: Answer) -> None:
        """A call has ended."""
        which = (names.CHAT, answer.asked.provider, self._model(answer.asked.model))
        about = dict(
            zip((names.OPERATION, names.PROVIDER, names.REQUEST_MODEL), which, strict=True)
        )
        wrong = answer.error or ("cancelled" if answer.cancelled else "")
        self.seconds.labels(*which, wrong).observe(answer.seconds)
        self._duration.record(answer.seconds, about | ({names.ERROR_TYPE: wrong} if wrong else {}))
        if answer.first_s is not None:
            self.first_s.labels(*which).observe(answer.first_s)
        for kind, count in (("input", answer.read), ("output", answer.written)):
            if count is not None:
                self.tokens.labels(*which, kind).observe(count)
                self._usage.record(count, about | {names.TOKEN_TYPE: kind})

"""How tests draw that only have to say whether there is a failure: a plugin of pytest."""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "no-shrinking",
    derandomize=True,
    deadline=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.generate],
)

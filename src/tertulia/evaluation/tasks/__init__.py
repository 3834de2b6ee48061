"""Tasks of other people's making, played in rooms through kills, and judged by their own judges.

``exam`` says what a set of tasks gives, ``stage`` plays it, ``driver`` kills and judges.
"""

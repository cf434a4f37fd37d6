"""Numbers that judge a model; pure functions of arrays."""

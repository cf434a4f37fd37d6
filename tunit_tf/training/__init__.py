"""Training: losses, steps, state, and the run around them."""

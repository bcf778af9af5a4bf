"""From what is and what is wanted to a plan: pure functions of values."""

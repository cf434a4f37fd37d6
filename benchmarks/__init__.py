"""Performance numbers that anyone can measure again."""

"""Reward heads: what a finished dialogue is worth, and how several heads become one number."""

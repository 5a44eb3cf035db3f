"""Simulated users: who the policy talks to, and where the emotion comes from."""

"""Grades that cannot be forged: a student's functions run in a sandbox, and a trusted process compares what they answer."""

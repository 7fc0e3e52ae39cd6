"""The lab: reinforcement learning with verifiable rewards, in three real processes."""

__version__ = "0.1.0"

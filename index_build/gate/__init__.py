"""Fits the gate that travels with an index, and measures what it refuses."""

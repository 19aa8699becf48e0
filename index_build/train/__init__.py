"""Trains the chest encoder and the lung finder on a casebook."""

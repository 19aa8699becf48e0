"""Fits a linear head on the frozen vectors of an encoder, in closed form."""

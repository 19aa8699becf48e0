"""Fits what turns similar patients into calibrated estimates, when an index is built."""

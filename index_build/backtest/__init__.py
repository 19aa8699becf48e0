"""Forecasts of beds made again for every past day with what was known by then, and compared with what came."""

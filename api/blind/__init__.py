"""Blinded sheets for reader studies: similar cases among random ones, and the key that tells them apart."""

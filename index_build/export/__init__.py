"""Writes an encoder's network to ONNX, checked against torch on real films, and in int8 with what that costs."""

"""What encoders with a network have in common: preparation and pooling in numpy around a network run by an engine."""

from scankin.models.network.encoder import NetworkEncoder
from scankin.models.network.preparation import Preparation, Square
from scankin.models.network.weights import needed_file, needed_folder, sha256_of_weights

__all__ = ["NetworkEncoder", "Preparation", "Square", "needed_file", "needed_folder", "sha256_of_weights"]

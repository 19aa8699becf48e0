"""Taking patients out for good, proving that they are gone, and destroying all data of an agreement."""

"""How well an index retrieves, measured so that an encoder that reads the collection, not the lungs, is found out."""

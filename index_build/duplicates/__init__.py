"""Films that are one picture: their patients are joined before anything is split, and the index warns of them."""

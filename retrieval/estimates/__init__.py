"""What the outcomes of alike patients let one expect: kernel estimates, calibrated when the index was built."""

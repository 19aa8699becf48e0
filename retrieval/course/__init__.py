"""Time in an answer: days of the illness, several films of one patient, what came after, and what was known by then."""

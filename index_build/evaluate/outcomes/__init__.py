"""How well alike patients' outcomes foretell those of patients held out, beside what is simpler; nested, by patient."""

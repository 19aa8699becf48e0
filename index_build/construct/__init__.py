"""A constructed cohort in NCCID's layout, for trying Scankin without data. NO FILM AND NO PATIENT OF IT IS REAL.

Films and CTs are drawn by a program from an anatomy model; a latent severity decides what they show and what becomes of
the patient. Every file says so in ImageComments. Nothing measured on them says anything about medicine.
"""

from scankin.index_build.construct.cohort import ConstructAccount, HeldOut, construct, held_out_patient

__all__ = ["ConstructAccount", "HeldOut", "construct", "held_out_patient"]

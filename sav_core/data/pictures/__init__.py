"""Untrusted bytes of any picture format become upright RGB pixels, and those a picture."""

"""``runlife demo``: four Runs travel their lifecycle, on real parts, in virtual time."""

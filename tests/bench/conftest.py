"""The benchmark is a program of several modules, which import one another by name; so do its tests."""

import sys
from pathlib import Path

# At the end of the path, so that no module here can come before anybody else's.
sys.path.append(str(Path(__file__).parent))
